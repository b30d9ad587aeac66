"""Every family of the catalogue, scaled down, in every format of `keras-dl export`, run in the format's own runtime.

Run it by `PYTHONPATH=tests python benchmarks/export_catalogue.py [FAMILY ...]`. A cell is the largest difference of the
outputs as a part of the largest output, for random inputs in batches of two sizes; or a letter for what the format
cannot hold, told below the table. More than 1e-4 would be an error of `keras-dl export`, but for int8.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import string
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np
from small_networks import SMALL, examples

import keras_dl
from keras_dl.export.formats import FORMATS, LITERT_INT8

COLUMNS = {**FORMATS, "litert int8": LITERT_INT8}


def main() -> None:
    families = {config.family: config for config in reversed(SMALL)}
    reasons = []
    print(f"{'family':24}" + "".join(f"{name:>13}" for name in COLUMNS), flush=True)
    for family in sorted(sys.argv[1:] or families):
        keras.utils.set_random_seed(0)
        config = families[family]
        model, (x, _) = config.build(), examples(config, 5)
        x = x.astype(model.inputs[0].dtype)
        expected = model(x, training=False).numpy()
        print(f"{family:24}", end="", flush=True)
        for chosen in COLUMNS.values():
            with tempfile.TemporaryDirectory() as folder:
                saved, path = keras_dl.save(model, Path(folder, "saved"), config=config), Path(folder, chosen.file)
                try:
                    chosen.write(model, saved, path)
                    outputs = np.concatenate(chosen.run(path, [x[:3], x[3:]]))
                    cell = f"{np.abs(outputs - expected).max() / np.abs(expected).max():.1e}"
                except keras_dl.UsageError as error:
                    reasons.append(str(error))
                    cell = string.ascii_lowercase[len(reasons) - 1]
            print(f"{cell:>13}", end="", flush=True)
        print(flush=True)
    for letter, reason in zip(string.ascii_lowercase, reasons, strict=False):
        print(f"{letter}: {reason}")


if __name__ == "__main__":
    main()
