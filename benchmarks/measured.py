"""What the benchmarks of networks and of the package have measured, and README.md, the tables made of it.

The benchmarks add lines to measured.jsonl and write the tables anew; of several measurements of one
thing the tables show the last. `python benchmarks/measured.py` only writes the tables.
"""

import os
import platform
import re
import resource
import statistics
import time
from importlib.metadata import distributions
from pathlib import Path

from keras_dl import storage

HERE = Path(__file__).parent
FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile")
PACKAGES = ("tensorflow", "keras", "torch", "timm", "keras-hub", "transformers")
STEPS = ("train", "infer")
STARTS = ("build", "first step", "memory")

HEADER = """# What was measured

Written by `python benchmarks/measured.py` from `measured.jsonl`, which the benchmarks append to.
A ratio is ours / theirs, less than 1 where keras_dl takes less: the median over paired rounds, with its quartiles. In a
round every contender, a process of its own, takes one step while the others wait.

"""
NETWORKS = """## Networks

`python benchmarks/networks.py`: a training step (SGD) and inference of one batch, from pixels 0..255 to the loss or the
outputs. keras_applications and keras_hub run as for users who set nothing. timm is PyTorch with channels last,
timm_compiled the same under `torch.compile`; passive lets PyTorch's threads sleep where they wait, which is faster on a
busy machine. Ours has the fastest of the settings that were tried, named in the last table, as `--xla auto` finds it:
oneDNN, XLA, and thread, by which each operation has one (`TF_NUM_INTRAOP_THREADS=1`); huge pages of memory won nothing
and are no longer tried. Work is what all processors together did for a step, which the load of the machine changes
less. Build is the making of the network and its `compile`; first step is the first training step, in which all is
compiled; memory is the peak of building and four training steps, less that of the imports: ratios of as many starts as
the last table says. The vgg16 of keras.applications trains without the dropout of the paper, the others with it.

"""
PACKAGE = """## Package

`python benchmarks/package.py`: a command in a new process (theirs: what is in keras.applications, `import keras`, the
parameters of a network that is built), and an epoch of a folder of JPEG pictures through the input pipeline, against
`image_dataset_from_directory`. In the first epoch the files are read, ours all of them before the first batch, so that
one that cannot be read is named in time; in the later ones both have them in memory, ours as bytes and theirs as
floats. The ratios are of seconds.

"""
TURNS = """## Language, generation, representation

`python benchmarks/decoding.py`, `gpt2_step.py`, `lstm_step.py`, `tokenizing.py`, `dcgan_step.py` and `simclr_step.py`
say what each does in a turn; a turn in which other processes took more than a twentieth of the processors is repeated.
The ratios are of seconds, and of the peaks of memory less that of the imports where they are told. All weights are
random. In decoding float32 and int8 behind "+" are what `--weights` of `keras-dl predict` takes.

What falls short of its goal, and why. Writing in float32 was to be twice as fast as both others: PyTorch reads the
weights at two thirds of the rate of `reads`, so nothing that reads them all can be; int8, a quarter of the bytes, is
bound by the making of float32 of each. bfloat16 weights do not write faster, see `keras_dl/decoding/products.py`. A
training step of gpt2_small was to take 0.95 of KerasHub's and 0.75 of PyTorch's: products of matrices are nearly all of
it, by the same routines as KerasHub's, so that it takes the same time; XLA, which joins the rest, wins 0.05. In
bfloat16 0.6 of KerasHub's float32 were wanted: a product takes a quarter of its time, but the softmax over all words,
GELU, dropout, normalisation, updates and copies of weights, 0.7 seconds together, do not become faster. The LSTM is
Keras's own layer, whose loop over the words takes the time, under XLA even more: all inputs multiplied before the loop
takes as long, the loop written out word by word 0.75 to 1.1 of it; 0.7 would need a kernel of its own. Tokenising is
twelve times as fast as KerasHub's in the first epoch of a training, and twice where its tokenizer stands in a graph and
has seen most words: it keeps them. Ours are done once, before the first epoch.

A step of dcgan was to take no more than the same written as a plain `tf.function`, and 0.9 of PyTorch's example: it
takes the time of the one, and 0.77 of the other's, 0.85 where that is told to put channels last. Memory was to be 1.1
of PyTorch's at most: simclr_small has 1.09, dcgan 1.16, and the plain function of the same networks 1.19, so that it is
TensorFlow's way rather than that of our learner. Under XLA either takes longer.

"""


def machine() -> dict:
    """The machine and the versions, as they go into a line of measured.jsonl."""
    text = Path("/proc/cpuinfo").read_text()
    flags = re.search(r"^flags\s*:(.*)$", text, re.M)[1].split()
    return {
        "cpu": re.search(r"^model name\s*: (.*)$", text, re.M)[1],
        "cores": len(os.sched_getaffinity(0)),
        "flags": [flag for flag in FLAGS if flag in flags],
        "python": platform.python_version(),
        "versions": {name: found.version for name in PACKAGES for found in distributions(name=name)},
        "date": time.strftime("%Y-%m-%d"),
    }


def peak_mb() -> float:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def quartiles(ratios: list[float]) -> list[float]:
    """The median, then the lower and the upper quartile; of one ratio, that one three times."""
    low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    return [middle, low, high]


def record(kind: str, name: str, row: dict, folder: Path = HERE) -> None:
    """Append what was measured of `name`, and write the tables anew."""
    storage.append_line(folder / "measured.jsonl", {"kind": kind, "name": name, **row, "machine": machine()})
    storage.write(folder / "README.md", page(storage.read_lines(folder / "measured.jsonl")))


def page(rows: list[dict]) -> str:
    """The tables of the last row of each kind and name, as Markdown."""
    last = {(row["kind"], row["name"]): row for row in rows}
    networks = [row for (kind, _), row in last.items() if kind == "network"]
    package = [row for (kind, _), row in last.items() if kind == "package"]
    parts = [HEADER, _machines(last.values())]
    if networks:
        parts += [NETWORKS, _ratios(networks), _absolute(networks), _tried(networks)]
    if package:
        parts += [PACKAGE, _package(package)]
    if turns := [row for (kind, _), row in last.items() if kind == "turns"]:
        parts += [TURNS, _turns(turns)]
    return "".join(parts).rstrip() + "\n"


def _machines(rows) -> str:
    found = {}
    for row in rows:
        facts = row["machine"]
        versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
        cores = f"{facts['cores']} cores ({', '.join(facts['flags'])})"
        text = f"{facts['cpu']}, {cores}, Python {facts['python']}, {versions}"
        found.setdefault(text, set()).add(facts["date"])
    return "".join(f"Machine: {text}; {', '.join(sorted(dates))}.\n\n" for text, dates in found.items())


def _ratios(rows: list[dict]) -> str:
    columns = ["network", "peer", "training step", "its work", "inference", "its work", *STARTS]
    lines = []
    for row in rows:
        for peer, ratios in row["ratios"].items():
            cells = [spread(ratios[what]) for step in STEPS for what in (step, f"work {step}")]
            lines.append([row["name"], peer, *cells, *(f"{ratios[what][0]:.2f}" for what in STARTS)])
    return "Ratios:\n\n" + table(columns, lines)


def _absolute(rows: list[dict]) -> str:
    columns = [
        "network",
        "contender",
        "training step s",
        "inference s",
        "build s",
        "first step s",
        "memory MB",
        "weights",
    ]
    lines = []
    for row in rows:
        for name, facts in row["contenders"].items():
            cells = [f"{facts[what]:.3f}" for what in STEPS] + [
                f"{facts[what]:.1f}" for what in ("build", "first step")
            ]
            lines.append([row["name"], name, *cells, f"{facts['memory']:.0f}", f"{facts['parameters']:,}"])
    return "Medians behind them, under the load of the last table, so for orientation only:\n\n" + table(columns, lines)


def _tried(rows: list[dict]) -> str:
    columns = ["network", "pixels", "batch", "rounds", "starts", "load", "settings tried: training s, inference s"]
    columns += ["best training", "best inference"]
    lines = []
    for row in rows:
        tried = "; ".join(f"{name}: {times['train']:.2f}, {times['infer']:.2f}" for name, times in row["tried"].items())
        low, high = sorted(row["load"])
        sizes = [str(row[what]) for what in ("size", "batch", "rounds", "starts")]
        best = [row["best"][what] for what in STEPS]
        lines.append([row["name"], *sizes, f"{low:.1f} to {high:.1f}", tried, *best])
    return "Settings:\n\n" + table(columns, lines)


def _package(rows: list[dict]) -> str:
    lines = [
        [row["name"], row["ours"], row["theirs"], spread(row["ratio"]), str(row["rounds"]), f"{row['load']:.1f}"]
        for row in rows
    ]
    return table(["what", "ours", "theirs", "ours / theirs", "rounds", "load"], lines)


def _turns(rows: list[dict]) -> str:
    lines = []
    for row in rows:
        ratios = "; ".join(f"{spread(ratio)} of {name}" for name, ratio in row["ratios"].items())
        middle, low, high = row["seconds"]
        seconds = f"{middle:.4g} ({low:.4g}-{high:.4g})"
        memory = [f"{row['memory']:.0f} MB"] if "memory" in row else []
        memory += [f"{ratio:.2f} of {name}" for name, ratio in row.get("memory ratios", {}).items()]
        figures = [seconds, f"{row['work'] / middle:.4g}", ratios, "; ".join(memory), str(row["rounds"])]
        lines.append([row["name"], *figures, row["machine"]["cpu"]])
    return table(["what", "seconds a turn", "a second", "ratio", "memory", "rounds", "processor"], lines)


def spread(ratio: list[float]) -> str:
    """The median and the quartiles as text."""
    middle, low, high = ratio
    return f"{middle:.2f} ({low:.2f}-{high:.2f})"


def table(columns: list[str], lines: list[list[str]]) -> str:
    """A Markdown table and an empty line."""
    rows = [columns, ["---"] * len(columns), *lines]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows) + "\n"


if __name__ == "__main__":
    storage.write(HERE / "README.md", page(storage.read_lines(HERE / "measured.jsonl")))
