"""Three training steps of every family of the catalogue with XLA and without: compiled at all, and to the same loss?

Run it by `PYTHONPATH=tests python benchmarks/xla_catalogue.py [NAME ...]`: the named networks at full size in batches
of 4, or every family scaled down in batches of 8. It prints the largest relative difference of the losses: over 1e-4
would be an error; and the seconds until the first compiled step is done.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import sys

import keras
import numpy as np
from small_networks import SMALL
from xla_losses import both

import keras_dl


def main() -> None:
    names = sys.argv[1:]
    configs = {name: keras_dl.get_config(name) for name in names} or {
        config.family: config for config in reversed(SMALL)
    }
    print(f"{'network':26}{'difference':>12}{'compile, s':>12}", flush=True)
    for name, config in sorted(configs.items()):
        plain, compiled, seconds = both(config, 4 if names else 8)
        print(f"{name:26}{np.max(np.abs(np.divide(compiled, plain) - 1)):12.1e}{seconds:12.1f}", flush=True)
        keras.utils.clear_session()


if __name__ == "__main__":
    main()
