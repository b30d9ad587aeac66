"""Trains on more pictures than its memory holds, and measures how fast they come: run as a program of its own.

Takes an empty folder and "files" or "records"; prints what it found as JSON.
"""

import io
import json
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

LIMIT = 2 * 10**9
"""bytes of private memory that this process may have"""
COUNT, SIZE = 12_000, 256
KINDS = 40
BATCH, STEPS = 32, 60
FEWEST, MOST = 3, 15
"""turns in which the rates are measured; others may be at work on the machine, so that the best of each count"""
ALLOWED = 1.3


def contents() -> list[bytes]:
    """JPEG files of `SIZE` pixels: clouds of colour, as large as photographs are."""
    found = []
    for seed in range(KINDS):
        small = np.random.default_rng(seed).integers(0, 256, (SIZE // 8, SIZE // 8, 3), dtype="uint8")
        file = io.BytesIO()
        Image.fromarray(small).resize((SIZE, SIZE), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
        found.append(file.getvalue())
    return found


def write_files(folder: Path) -> Path:
    """Pictures by class, all links to a few."""
    for label in range(2):
        (folder / str(label)).mkdir(parents=True)
    for kind, content in enumerate(contents()):
        (folder / f"{kind}.jpg").write_bytes(content)
    for number in range(COUNT):
        os.link(folder / f"{number % KINDS}.jpg", folder / str(number % 2) / f"{number}.jpg")
    for kind in range(KINDS):
        (folder / f"{kind}.jpg").unlink()
    return folder


def write_records(folder: Path) -> str:
    """A data set of tensorflow-datasets called clouds, in one file of records."""
    import tensorflow as tf
    import tensorflow_datasets as tfds

    version = folder / "clouds" / "1.0.0"
    version.mkdir(parents=True)
    kinds = contents()
    with tf.io.TFRecordWriter(str(version / "clouds-train.tfrecord-00000-of-00001")) as writer:
        for number in range(COUNT):
            image = tf.train.Feature(bytes_list=tf.train.BytesList(value=[kinds[number % KINDS]]))
            label = tf.train.Feature(int64_list=tf.train.Int64List(value=[number % 2]))
            features = tf.train.Features(feature={"image": image, "label": label})
            writer.write(tf.train.Example(features=features).SerializeToString())
    tfds.folder_dataset.write_metadata(
        data_dir=version,
        features=tfds.features.FeaturesDict(
            {
                "image": tfds.features.Image(shape=(SIZE, SIZE, 3), encoding_format="jpeg"),
                "label": tfds.features.ClassLabel(num_classes=2),
            }
        ),
        split_infos=[
            tfds.core.SplitInfo(
                name="train",
                shard_lengths=[COUNT],
                num_bytes=0,
                filename_template=tfds.core.ShardedFileTemplate(
                    dataset_name="clouds", data_dir=version, split="train", filetype_suffix="tfrecord"
                ),
            )
        ],
    )
    return "clouds"


def plain(folder: Path, kind: str):
    """What one would write in tf.data: a shuffle buffer, decoding in parallel, batches ahead."""
    import tensorflow as tf

    def decoded(content, label):
        return tf.cast(tf.io.decode_jpeg(content, 3), "float32"), label

    def parsed(record):
        features = {"image": tf.io.FixedLenFeature([], "string"), "label": tf.io.FixedLenFeature([], "int64")}
        found = tf.io.parse_single_example(record, features)
        return decoded(found["image"], found["label"])

    if kind == "files":
        paths = [str(path) for path in folder.glob("*/*.jpg")]
        labels = [int(Path(path).parent.name) for path in paths]
        examples = tf.data.Dataset.from_tensor_slices((paths, labels)).shuffle(COUNT)
        examples = examples.map(lambda path, label: decoded(tf.io.read_file(path), label), tf.data.AUTOTUNE)
    else:
        [path] = folder.glob("*/*/*tfrecord*")
        examples = tf.data.TFRecordDataset(str(path)).shuffle(1000).map(parsed, tf.data.AUTOTUNE)
    return examples.batch(BATCH).prefetch(tf.data.AUTOTUNE)


def rate(batches) -> tuple[float, float]:
    """Examples a second, and a second of the processors, once the first batch has come."""
    found = iter(batches)
    next(found)
    start, used = time.perf_counter(), time.process_time()
    for _ in range(STEPS):
        next(found)
    return STEPS * BATCH / (time.perf_counter() - start), STEPS * BATCH / (time.process_time() - used)


def main(folder: Path, kind: str) -> None:
    name = write_files(folder) if kind == "files" else write_records(folder)
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))

    import tensorflow as tf

    from keras_dl.data import load
    from keras_dl.recipes.train import Train

    options = {"data": str(name), "data_dir": None if kind == "files" else str(folder), "image_size": SIZE}
    out = folder.parent / "run"
    Train(**options, network=network(), epochs=1, batch_size=BATCH, out=str(out)).run()
    data = load(**{"name" if key == "data" else key: value for key, value in options.items()})
    where = {name: tf.Variable(0, dtype="int64") for name in ("epoch", "first_step")}
    ours, theirs = data.train.shuffled(BATCH, seed=0, **where), plain(folder, kind)
    rate(ours), rate(theirs)
    best = best_plain = np.zeros(2)
    for turn in range(MOST):
        best, best_plain = np.maximum(best, rate(ours)), np.maximum(best_plain, rate(theirs))
        if turn + 1 >= FEWEST and (best_plain <= ALLOWED * best).all():
            break
    found = {
        "pixels": COUNT * SIZE * SIZE * 3,
        "limit": resource.getrlimit(resource.RLIMIT_DATA)[0],
        "examples": sum(data.spec.counts.values()),
        "in_memory": data.train.columns["image"].in_memory,
        "result": json.loads((out / "result.json").read_text()),
        "rates": [*best],
        "plain_rates": [*best_plain],
        "busy": os.getloadavg()[0] > 2 * os.cpu_count(),
    }
    print(json.dumps(found))


def network():
    """Hardly more than an input, so that reading is what takes time."""
    from keras_dl import get_config

    return get_config("mlp").replace(hidden=(4,))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
