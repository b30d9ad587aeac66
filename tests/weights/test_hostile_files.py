"""Files of weights that somebody made wrong on purpose: each is refused in one line, at once, without its memory."""

import json
import os
import resource
import struct
import time

import h5py
import numpy as np
import pytest
import safetensors.numpy
from small_files import KERAS, TORCH, layers_of, tensors_of, write_h5

import keras_dl
from keras_dl import UsageError

GIGANTIC = 1_600_000_000
"""float32 values: 6.4 GB"""


@pytest.fixture(scope="module")
def models():
    return {"h5": KERAS.build(), "safetensors": TORCH.build()}


@pytest.fixture
def layers(models):
    return layers_of(models["h5"])


@pytest.fixture
def tensors(models):
    return tensors_of(models["safetensors"])


def replaced(file, **options):
    """The first kernel's dataset, made anew with `options`."""
    del file["conv1_conv/conv1_conv/0:0"]
    return file["conv1_conv/conv1_conv"].create_dataset("0:0", **options)


def virtual(file):
    layout = h5py.VirtualLayout((7, 7, 3, 4), "f4")
    layout[...] = h5py.VirtualSource("/etc/hostname", "data", shape=(7, 7, 3, 4))
    del file["conv1_conv/conv1_conv/0:0"]
    file["conv1_conv/conv1_conv"].create_virtual_dataset("0:0", layout)


def linked(link):
    def change(file):
        del file["conv1_conv/conv1_conv/0:0"]
        file["conv1_conv/conv1_conv/0:0"] = link

    return change


def circle(file):
    del file["conv1_conv/conv1_conv"]
    file["conv1_conv/conv1_conv"] = h5py.SoftLink("/conv1_conv/conv1_conv")


def group_in_itself(file):
    del file["conv1_conv/conv1_conv/0:0"]
    file["conv1_conv/conv1_conv/0:0"] = file["conv1_conv"]


def named(key, value, group="/"):
    def change(file):
        del file[group].attrs[key]
        if value is not None:
            file[group].attrs[key] = value

    return change


def filled(value):
    return lambda file: file["conv1_conv/conv1_conv/0:0"].write_direct(np.full((7, 7, 3, 4), value, "float32"))


H5 = {
    "6.4 GB from nothing": lambda file: replaced(file, shape=(GIGANTIC,), dtype="f4", chunks=(1024,)),
    "6.4 GB of a fill value": lambda file: replaced(
        file, shape=(GIGANTIC,), dtype="f4", chunks=(1024,), fillvalue=1.0, compression="gzip"
    ),
    "never written": lambda file: replaced(file, shape=(7, 7, 3, 4), dtype="f4"),
    "a bomb of zeros": lambda file: replaced(file, data=np.zeros((2000, 2000), "f4"), compression="gzip"),
    "in another file": lambda file: replaced(
        file, shape=(7, 7, 3, 4), dtype="f4", external=[("/etc/passwd", 0, 4 * 588)]
    ),
    "virtual": virtual,
    "external link": linked(h5py.ExternalLink("/etc/passwd", "/data")),
    "soft link": linked(h5py.SoftLink("/conv1_conv/conv1_conv/1:0")),
    "soft link to nothing": linked(h5py.SoftLink("/nothing")),
    "links in a circle": circle,
    "a group in itself": group_in_itself,
    "strings": lambda file: replaced(file, data=np.array([b"weights"] * 588)),
    "compound": lambda file: replaced(file, data=np.zeros(9, [("a", "f4"), ("b", "i4")])),
    "complex": lambda file: replaced(file, data=np.zeros((7, 7, 3, 4), "c8")),
    "references": lambda file: replaced(file, data=file["conv1_conv"].ref, dtype=h5py.ref_dtype),
    "scalar": lambda file: replaced(file, data=np.float32(1)),
    "no values": lambda file: replaced(file, data=np.zeros((0, 7, 3, 4), "f4")),
    "NaN": filled(np.nan),
    "infinite": filled(np.inf),
    "beyond float32": lambda file: replaced(file, data=np.full((7, 7, 3, 4), 1e300)),
    "no layer names": named("layer_names", None),
    "layer names are numbers": named("layer_names", np.arange(9)),
    "a layer name that is not UTF-8": named("layer_names", [b"\xff\xfe"]),
    "a layer twice": named("layer_names", [b"conv1_conv", b"conv1_conv"]),
    "a layer that is not there": named("layer_names", [b"nothing"]),
    "a layer above": named("layer_names", [b"../../etc"]),
    "a layer that is an array": named("layer_names", [b"conv1_conv/conv1_conv/0:0"]),
    "no weight names": named("weight_names", None, "conv1_conv"),
    "a weight that is a group": named("weight_names", [b"conv1_conv"], "conv1_conv"),
    "nothing": lambda file: replaced(file, data=h5py.Empty("f4")),
    "a million names": lambda file: file.create_group("many").attrs.create("x", 1) or many_names(file),
}


def many_names(file):
    del file.attrs["layer_names"]
    for number in range(40):
        file.attrs[f"layer_names{number}"] = np.full(4000, b"conv1_conv")


def refused(config, path, allowed=400 * 2**20):
    keras_dl.describe(config)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with pytest.raises(UsageError) as error:
        keras_dl.build(config, weights=path)
    assert time.monotonic() - start < 5
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < allowed
    message = str(error.value)
    assert "\n" not in message and len(message) < 1000
    assert path.name in message
    return message


def test_the_files_that_the_others_are_made_of_are_read(layers, tensors, tmp_path):
    write_h5(layers, tmp_path / "net.h5")
    keras_dl.build(KERAS, weights=tmp_path / "net.h5")
    safetensors.numpy.save_file(tensors, tmp_path / "net.safetensors")
    keras_dl.build(TORCH, weights=tmp_path / "net.safetensors")


@pytest.mark.parametrize("case", H5)
def test_h5(layers, tmp_path, case):
    path = tmp_path / "net.h5"
    write_h5(layers, path, H5[case])
    refused(KERAS, path)


def stored(table, content=b"", length=None):
    """The bytes of a safetensors file with this table (a value, or its text) and this content."""
    text = table if isinstance(table, bytes) else json.dumps(table).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + content


def row(dtype="F32", shape=(2,), start=0, end=8, **more):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end], **more}


SAFETENSORS = {
    "empty": b"",
    "7 bytes": b"1234567",
    "no table": stored(b""),
    "a table of 2**63 bytes": stored(b"{}", length=2**63),
    "a table longer than the file": stored(b"{}", length=100),
    "a table that is a list": stored([]),
    "a table that is a number": stored(b"12"),
    "a table that is no JSON": stored(b"{'a': 1}"),
    "not UTF-8": stored(b'{"\xff\xfe": 1}'),
    "nested without end": stored(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "a list nested without end": stored(b'{"a":' + b"[" * 1_000_000),
    "a tensor twice": stored(b'{"a": %(r)s, "a": %(r)s}' % {b"r": json.dumps(row()).encode()}, bytes(8)),
    "a row that is a number": stored({"a": 3}),
    "a row without a shape": stored({"a": {"dtype": "F32", "data_offsets": [0, 8]}}, bytes(8)),
    "a row with more": stored({"a": row(code="os.system")}, bytes(8)),
    "a shape of text": stored({"a": row(shape=["2"])}, bytes(8)),
    "a negative shape": stored({"a": row(shape=[-1, -2])}, bytes(8)),
    "a shape of halves": stored({"a": row(shape=[2.0])}, bytes(8)),
    "a shape of truths": stored({"a": row(shape=[True, 2])}, bytes(8)),
    "a shape of 2**64": stored({"a": row(shape=[2**64])}, bytes(8)),
    "no values and more than memory holds": stored({"a": row(shape=[0, 2**62, 2**62], end=0)}),
    "no values and 10**4000 rows": stored({"a": row(shape=[0, 10**4000], end=0)}),
    "many axes": stored({"a": row(shape=[1] * 1000 + [2])}, bytes(8)),
    "an unknown type": stored({"a": row("F128")}, bytes(8)),
    "a type that is a list": stored({"a": row(["F32"])}, bytes(8)),
    "bytes that the file has not": stored({"a": row(shape=[4], end=16)}, bytes(8)),
    "bytes of another shape": stored({"a": row(shape=[3])}, bytes(8)),
    "places in the wrong order": stored({"a": row(shape=[0], start=8, end=0)}, bytes(8)),
    "places before the file": stored({"a": row(start=-8, end=0)}, bytes(8)),
    "an overlap": stored({"a": row(), "b": row(start=4, end=12)}, bytes(12)),
    "the same bytes twice": stored({"a": row(), "b": row()}, bytes(8)),
    "a hole": stored({"a": row(start=8, end=16)}, bytes(16)),
    "more at the end": stored({"a": row()}, bytes(9)),
    "6.4 GB from nothing": stored({"a": row(shape=[GIGANTIC], end=4 * GIGANTIC)}, bytes(8)),
    "a page": b"<!DOCTYPE html><html><body>404</body></html>" * 30,
    "a pickle": b"\x80\x04\x95" + b"cos\nsystem\n" * 9,
}


@pytest.mark.parametrize("case", SAFETENSORS)
def test_safetensors(tmp_path, case):
    path = tmp_path / "net.safetensors"
    path.write_bytes(SAFETENSORS[case])
    refused(TORCH, path)


NOT_WEIGHTS = {
    "BF16": ("BF16", "is of type BF16"),
    "F8": ("F8_E4M3", "is of type F8_E4M3"),
    "I64": ("I64", "is of type int64"),
    "BOOL": ("BOOL", "is of type bool"),
}


@pytest.mark.parametrize("case", NOT_WEIGHTS)
def test_types_that_weights_do_not_have(tmp_path, case):
    dtype, words = NOT_WEIGHTS[case]
    size = {"BF16": 2, "F8_E4M3": 1, "I64": 8, "BOOL": 1}[dtype]
    (tmp_path / "net.safetensors").write_bytes(stored({"conv1.weight": row(dtype, [2], 0, 2 * size)}, bytes(2 * size)))
    assert words in refused(TORCH, tmp_path / "net.safetensors")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_values_that_are_not_finite(tensors, tmp_path, value):
    tensors["bn1.bias"] = np.full(4, value, "float64" if value == 1e300 else "float32")
    safetensors.numpy.save_file(tensors, tmp_path / "net.safetensors")
    assert "stem_norm/beta holds values that are not finite" in refused(TORCH, tmp_path / "net.safetensors")


def keras_3_weights(model, folder):
    model.save_weights(folder / "net.weights.h5")
    return folder / "net.weights.h5"


def whole_model(model, folder):
    model.save(folder / "net.keras")
    return folder / "net.keras"


def folder_in_its_place(model, folder):
    (folder / "net.h5").mkdir()
    return folder / "net.h5"


def pipe(model, folder):
    os.mkfifo(folder / "net.safetensors")
    return folder / "net.safetensors"


def sparse(model, folder):
    with open(folder / "net.h5", "wb") as file:
        file.truncate(2**40)
    return folder / "net.h5"


def dangling(model, folder):
    (folder / "net.h5").symlink_to(folder / "nothing")
    return folder / "net.h5"


def link_in_a_circle(model, folder):
    (folder / "net.h5").symlink_to(folder / "net.h5")
    return folder / "net.h5"


def pickle(model, folder):
    (folder / "net.pth").write_bytes(b"\x80\x04\x95")
    return folder / "net.pth"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (keras_3_weights, "is what Keras 3's save_weights writes"),
        (whole_model, "a whole Keras model, for keras.models.load_model"),
        (folder_in_its_place, "no file"),
        (pipe, "no file"),
        (sparse, "does not begin as an HDF5 file"),
        (dangling, "no file"),
        (link_in_a_circle, "no file"),
        (pickle, "weights of the family resnet are read from .h5 and .safetensors files"),
    ],
)
def test_what_is_no_file_of_weights_is_called_what_it_is(models, tmp_path, make, words):
    assert words in refused(KERAS, make(models["h5"], tmp_path))
