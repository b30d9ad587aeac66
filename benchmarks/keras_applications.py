"""Our networks against those of keras.applications: the time to build, to infer and to train.

Run it by `python benchmarks/keras_applications.py [NAME ...]`. Both networks of a pair take turns in one process, so
that they share the machine's good and bad moments; every figure is the median over the rounds of the ratio of ours to
theirs, with its quartiles. Both begin with the same pixels 0..255: ours normalise them in the network, theirs by
`preprocess_input` before it, whose time counts. The goal is a median over the networks of at most 1.
"""

import gc
import statistics
import sys
import time

import keras
import numpy as np

import keras_dl

PEERS = {
    "vgg16": (keras.applications.VGG16, keras.applications.vgg16),
    "inception_v3": (keras.applications.InceptionV3, keras.applications.inception_v3),
    "resnet50": (keras.applications.ResNet50, keras.applications.resnet),
    "mobilenet_v2": (keras.applications.MobileNetV2, keras.applications.mobilenet_v2),
    "nasnet_mobile": (keras.applications.NASNetMobile, keras.applications.nasnet),
    "efficientnet_b0": (keras.applications.EfficientNetB0, keras.applications.efficientnet),
}
BATCH, INFERENCES, STEPS, BUILDS = 8, 63, 21, 5
SIZE = 128  # pixels; large enough for every network


def build_ours(name: str) -> keras.Model:
    return keras_dl.build(name, input_shape=(SIZE, SIZE, 3))


def build_theirs(name: str) -> keras.Model:
    return PEERS[name][0](weights=None, input_shape=(SIZE, SIZE, 3))


def seconds(function, *arguments) -> float:
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def by_turns(ours, theirs, rounds: int) -> list[float]:
    """The ratio of the seconds of one call to the other, as often as there are rounds; the first pair warms up."""
    pairs = []
    for index in range(rounds + 1):
        gc.collect()
        if index % 2:
            mine, other = seconds(ours), seconds(theirs)
        else:
            other, mine = seconds(theirs), seconds(ours)
        pairs.append(mine / other)
    return pairs[1:]


def compare(name: str) -> dict[str, list[float]]:
    generator = np.random.default_rng(0)
    x = generator.uniform(0, 255, (BATCH, SIZE, SIZE, 3)).astype("float32")
    y = generator.integers(0, 1000, BATCH)
    ratios = {"build": by_turns(lambda: build_ours(name), lambda: build_theirs(name), BUILDS)}
    ours, theirs = build_ours(name), build_theirs(name)
    prepared = PEERS[name][1].preprocess_input
    ratios["inference"] = by_turns(
        lambda: ours.predict_on_batch(x), lambda: theirs.predict_on_batch(prepared(x.copy())), INFERENCES
    )
    for model, from_logits in ((ours, True), (theirs, False)):
        model.compile(keras.optimizers.SGD(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits))
    ratios["training"] = by_turns(
        lambda: ours.train_on_batch(x, y), lambda: theirs.train_on_batch(prepared(x.copy()), y), STEPS
    )
    return ratios


def main() -> None:
    print(f"{'ours / keras.applications':28}{'build':>22}{'inference':>22}{'training':>22}")
    medians = {"build": [], "inference": [], "training": []}
    for name in sys.argv[1:] or PEERS:
        line = f"{name:28}"
        for key, ratios in compare(name).items():
            low, middle, high = statistics.quantiles(ratios, n=4)
            medians[key].append(middle)
            line += f"{f'{middle:.3f} ({low:.2f}-{high:.2f})':>22}"
        print(line, flush=True)
    print(f"{'median':28}" + "".join(f"{statistics.median(values):>22.3f}" for values in medians.values()))


if __name__ == "__main__":
    main()
