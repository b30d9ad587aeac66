"""Our networks against those of keras.applications, KerasHub and timm: a training step, inference, build, memory.

Run it by `python benchmarks/networks.py --networks resnet50 --peers keras_applications timm`. First the settings of
keras_dl take a few turns, then the fastest of them and the peers, step by step, so that what else the machine does
hits all alike. Every contender is a process of its own (contender.py) and has all cores in its turn. Prints the
medians and quartiles of the ratios of each round, and puts them into README.md. Goals: a training step of resnet50 at
most 0.75 of keras_applications and no network above 1; resnet50 and vgg16 at most 1 against timm; memory at most 1.05
of the leanest Keras peer. vgg16 of timm is the same network at 224 pixels only.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import libraries
import measured

from keras_dl.training.choice import Figures

HERE = Path(__file__).parent
PEERS = ("keras_applications", "keras_hub", "timm", "timm_compiled")
OURS = ("keras_dl", "keras_dl+onednn", "keras_dl+onednn+thread", "keras_dl+onednn+xla")


class Contender:
    """A process of contender.py, once it has trained its network for a few steps; `facts` tells what that took."""

    def __init__(self, library: str, network: str, size: int, batch: int):
        self.library = library
        self._process = subprocess.Popen(
            [sys.executable, HERE / "contender.py", library, network, str(size), str(batch)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | libraries.environment(library),
        )
        self.facts = json.loads(self._answer())

    def seconds(self, step: str) -> tuple[float, float]:
        """The seconds of one batch of `step`, train or infer, and the seconds of work of all processors for it."""
        self._process.stdin.write(step + "\n")
        self._process.stdin.flush()
        return tuple(json.loads(self._answer()))

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _answer(self) -> str:
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.library} ended with {self._process.wait()}; what it said stands above")
        return line


def by_turns(contenders: list[Contender], step: str, rounds: int) -> tuple[list[list[float]], list[list[float]]]:
    """The seconds of each contender, one list each, and their seconds of work.

    Each round begins with another contender, and the first warms up.
    """
    times = [[] for _ in contenders]
    for number in range(rounds + 1):
        for offset in range(len(contenders)):
            index = (number + offset) % len(contenders)
            times[index].append(contenders[index].seconds(step))
    return tuple([[pair[number] for pair in row[1:]] for row in times] for number in (0, 1))


def fastest(stack, settings, network, size, batch, tries) -> tuple[dict, dict[str, Contender]]:
    """The median seconds of the `settings` of keras_dl, and by step the contender with the best of them.

    Another than the first must win by more than the spread of the rounds, as with `--xla auto`.
    """
    contenders = [stack.enter_context(contextlib.closing(Contender(name, network, size, batch))) for name in settings]
    tried, best = {one.library: {} for one in contenders}, {}
    for step in measured.STEPS:
        rows = by_turns(contenders, step, tries)[0]
        for one, row in zip(contenders, rows, strict=True):
            tried[one.library][step] = statistics.median(row)
        winner, _ = Figures(dict(enumerate(rows)), load=0.0).fastest(0)
        best[step] = contenders[winner]
    for one in contenders:
        if one not in best.values():
            one.close()
    return tried, best


def compare(network: str, peers, settings, size: int, batch: int, rounds: int, tries: int, starts: int) -> dict:
    """The row of measured.jsonl for `network`."""
    load = os.getloadavg()[0]
    with contextlib.ExitStack() as stack:
        tried, best = fastest(stack, settings, network, size, batch, tries)
        found = [name for name in peers if libraries.has(name, network)]
        others = [stack.enter_context(contextlib.closing(Contender(name, network, size, batch))) for name in found]
        begun = [[best["train"].facts, *(one.facts for one in others)]]
        names = [best["train"].library, *found]
        times = {}
        for step in measured.STEPS:
            times[step], times[f"work {step}"] = by_turns([best[step], *others], step, rounds)
    for _ in range(starts - 1):
        begun.append([])
        for name in names:
            with contextlib.closing(Contender(name, network, size, batch)) as one:
                begun[-1].append(one.facts)
    for what in measured.STARTS:
        times[what] = [[facts[what] for facts in column] for column in zip(*begun, strict=True)]
    ratios, facts = {name: {} for name in found}, {}
    for number, name in enumerate(names):
        facts[name] = {what: statistics.median(columns[number]) for what, columns in times.items()}
        facts[name]["parameters"] = begun[0][number]["parameters"]
        if number:
            for what, (mine, *theirs) in times.items():
                pairs = [a / b for a, b in zip(mine, theirs[number - 1], strict=True)]
                ratios[name][what] = measured.quartiles(pairs)
    return {
        "size": size,
        "batch": batch,
        "rounds": rounds,
        "starts": starts,
        "tried": tried,
        "best": {step: one.library for step, one in best.items()},
        "ratios": ratios,
        "contenders": facts,
        "load": [load, os.getloadavg()[0]],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", default=["resnet50", "vgg16", "mobilenet_v2", "efficientnet_b0"])
    parser.add_argument("--peers", nargs="*", default=PEERS)
    parser.add_argument("--settings", nargs="+", default=OURS, help="of keras_dl, of which the fastest competes")
    parser.add_argument("--size", type=int, default=128, help="pixels")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--tries", type=int, default=9, help="rounds between the settings")
    parser.add_argument("--starts", type=int, default=3, help="of each contender, for build, first step and memory")
    options = vars(parser.parse_args())
    for network in options.pop("networks"):
        row = compare(network, **options)
        measured.record("network", network, row)
        print(measured.page([{"kind": "network", "name": network, **row, "machine": measured.machine()}]), flush=True)


if __name__ == "__main__":
    main()
