"""The package around the networks, against Keras: listing, import, description, and the pictures a second of the data.

Run it by `python benchmarks/package.py`. Every row is a pair that takes turns, round by round: two commands, each in a
process of its own, or two input pipelines over the same folder of pictures in this process. Prints the medians of both
and of the ratio, and puts them into README.md.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import measured
import numpy as np
from PIL import Image

COMMANDS = {
    "list the catalogue": (
        "from keras_dl.cli import main; main(['list'])",
        "import keras; print(*dir(keras.applications))",
    ),
    "import": ("import keras_dl", "import keras"),
    "describe resnet50": (
        "import keras_dl; print(keras_dl.describe('resnet50').parameters)",
        "import keras; print(keras.applications.ResNet50(weights=None).count_params())",
    ),
}
BATCH = 32


def by_turns(ours, theirs, rounds: int) -> tuple[list[float], list[float]]:
    """The seconds of each in every round but the first."""
    pairs = []
    for number in range(rounds + 1):
        pair = {}
        for function in (ours, theirs) if number % 2 else (theirs, ours):
            began = time.perf_counter()
            function()
            pair[function] = time.perf_counter() - began
        pairs.append((pair[ours], pair[theirs]))
    return tuple(zip(*pairs[1:], strict=True))


def command(code: str):
    """A function that runs `code` in a new process of Python and wants no output of it."""
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    return lambda: subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=environment)


def make_folder(folder: Path, pictures: int, size: int) -> None:
    """JPEG files in two classes, `pictures` of them for training and two each to validate and test.

    They are `size` pixels high and a third wider, of coarse noise.
    """
    generator = np.random.default_rng(0)
    for split, count in {"train": pictures, "validation": 2, "test": 2}.items():
        for number in range(count):
            path = folder / split / f"class{number % 2}" / f"{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            coarse = Image.fromarray(generator.integers(0, 256, (8, 8, 3), dtype=np.uint8))
            coarse.resize((size * 4 // 3, size)).save(path)


def pipelines(folder: Path, size: int) -> dict[str, tuple]:
    """By name, two functions that go once through the training pictures of `folder`, shuffled, in batches of `BATCH`.

    They return how many there were. Ours and theirs give float32 pictures of `size` pixels. The first epoch contains
    the reading of all files; Keras reads them in every epoch unless its user asks for `cache`, as theirs does for the
    later ones.
    """
    import keras
    import tensorflow as tf

    from keras_dl.augment.image import compose
    from keras_dl.data import load

    def read_ours():
        return load(str(folder), image_size=size).train

    def epoch(split, augment=None):
        number, first_step = tf.Variable(0, dtype="int64"), tf.Variable(0, dtype="int64")
        return split.shuffled(BATCH, seed=0, epoch=number, first_step=first_step, augment=augment)

    def read_theirs():
        return keras.utils.image_dataset_from_directory(
            folder / "train", image_size=(size, size), batch_size=BATCH, crop_to_aspect_ratio=True, verbose=False
        )

    def through(batches):
        return sum(len(x.numpy()) for x, _ in batches)

    def both(ours, theirs):
        return lambda: through(ours), lambda: through(theirs)

    split = read_ours()
    kept = read_theirs().unbatch().cache().shuffle(len(split)).batch(BATCH).prefetch(tf.data.AUTOTUNE)
    through(kept)
    found = {
        "first epoch": (lambda: through(epoch(read_ours())), lambda: through(read_theirs())),
        "later epochs": both(epoch(split), kept),
    }
    layers = {"flip": keras.layers.RandomFlip("horizontal"), "rand_augment": keras.layers.RandAugment((0, 255))}
    for name, layer in layers.items():

        def change(x, y, layer=layer):
            return layer(x, training=True), y

        theirs = kept.map(change, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
        found[f"later epochs, {name}"] = both(epoch(split, compose((name,))), theirs)
    return found


def compare(name: str, ours, theirs, rounds: int, cell) -> None:
    """Measure a pair, print it and put it into README.md; `cell(seconds)` is the text for the median of one."""
    mine, other = by_turns(ours, theirs, rounds)
    row = {
        "ours": cell(statistics.median(mine)),
        "theirs": cell(statistics.median(other)),
        "ratio": measured.quartiles([a / b for a, b in zip(mine, other, strict=True)]),
        "rounds": rounds,
        "load": os.getloadavg()[0],
    }
    measured.record("package", name, row)
    print(f"{name:28}{row['ours']:>18}{row['theirs']:>18}   ratio {measured.spread(row['ratio'])}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--size", type=int, default=128, help="pixels")
    options = parser.parse_args()
    for name, codes in COMMANDS.items():
        pair = [command(code) for code in codes]
        compare(name, *pair, options.rounds, lambda seconds: f"{seconds:.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        make_folder(Path(folder), options.pictures, options.size)
        for name, pair in pipelines(Path(folder), options.size).items():
            compare(name, *pair, options.rounds, lambda seconds: f"{options.pictures / seconds:,.0f} pictures/s")


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
