"""One network of one library in a process of its own, which takes a step whenever it is told to.

`networks.py` starts it as `python contender.py LIBRARY NETWORK SIZE BATCH`, says `train` or `infer` in a line, and gets
the seconds that a batch took, and those that all processors together worked for it. The first line that comes back is
what it took to get there. Every library begins with the same pixels 0..255, and what it needs to make of them counts as
a part of the step. Nobody's weights are loaded; the optimizer is SGD.
"""

import json
import os
import sys
import time

import libraries
import measured
import numpy as np

WARM_STEPS = 3


def batch_of(size: int, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise: pixels float32 (batch, size, size, 3) of 0..255, labels int64 (batch,)."""
    generator = np.random.default_rng(0)
    pixels = generator.uniform(0, 255, (batch, size, size, 3)).astype("float32")
    return pixels, generator.integers(0, libraries.CLASSES, batch)


def seconds(function, *arguments) -> float:
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def main():
    answers, sys.stdout = sys.stdout, sys.stderr
    library, network, size, batch = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    libraries.imported(library)
    before, began = measured.peak_mb(), time.perf_counter()
    steps, parameters = libraries.make(library, network, size)
    built = time.perf_counter() - began
    data = batch_of(size, batch)
    first = seconds(steps["train"], *data)
    for _ in range(WARM_STEPS):
        steps["train"](*data)
    memory = measured.peak_mb() - before
    first_inference = seconds(steps["infer"], *data)
    facts = {"build": built, "first step": first, "first inference": first_inference, "memory": memory}
    print(json.dumps({**facts, "parameters": parameters}), file=answers, flush=True)
    for line in sys.stdin:
        worked = time.process_time()
        passed = seconds(steps[line.strip()], *data)
        print(json.dumps([passed, time.process_time() - worked]), file=answers, flush=True)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
