"""Saved models that somebody made wrong on purpose: each is refused in one line, at once, without its memory."""

import contextlib
import json
import os
import resource
import shutil
import socket
import time
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

import keras_dl
from keras_dl import UsageError, storage

CONFIG = keras_dl.get_config("mlp", input_shape=(6,), classes=3, hidden=(5,))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "small"
    return keras_dl.save(CONFIG.build(), folder, config=CONFIG, class_names=("a", "b", "c"))


@pytest.fixture
def copy(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "copy")


def refused(folder):
    keras_dl.describe(CONFIG)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with pytest.raises(UsageError) as error:
        keras_dl.load(folder)
    assert time.monotonic() - start < 5
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 400 * 2**20
    message = str(error.value)
    assert "\n" not in message and len(message) < 2000
    return message


def manifest(**changes):
    """Change the entries of the manifest; None takes one away."""

    def change(folder):
        path = folder / storage.MANIFEST
        entries = {**json.loads(path.read_text()), **changes}
        path.write_text(json.dumps({key: value for key, value in entries.items() if value is not None}))

    return change


def listed(name, row):
    def change(folder):
        files = json.loads((folder / storage.MANIFEST).read_text())["files"]
        manifest(files={**files, name: row(files) if callable(row) else row})(folder)

    return change


def as_it_is(name, content):
    """The file `name` holds `content`, whatever the manifest says of it."""
    return lambda folder: (folder / name).write_bytes(content)


def declared(name, content):
    """The file `name` holds `content`, and the manifest knows it."""

    def change(folder):
        (folder / name).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        storage.write_manifest(folder, format=1)

    return change


def config(family="mlp", **fields):
    own = json.loads(CONFIG.to_json()) if family == "mlp" else {"family": family}
    return declared("config.json", {**own, **fields})


def weights(change, in_table=(b"", b"")):
    """Other tensors, and then something in their table by something else."""

    def rewritten(folder):
        tensors = safetensors.numpy.load_file(folder / "weights.safetensors")
        change(tensors)
        content = safetensors.numpy.save(tensors)
        table = content[8 : (end := 8 + int.from_bytes(content[:8], "little"))].replace(*in_table)
        declared("weights.safetensors", len(table).to_bytes(8, "little") + table + content[end:])(folder)

    return rewritten


def instead(name, make):
    """Something else in the place of the file `name`."""

    def change(folder):
        (folder / name).unlink()
        make(folder / name)

    return change


def socket_at(path):
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path.name)


def sparse(name, size):
    def change(folder):
        with open(folder / name, "ab") as file:
            file.truncate(size)
        if name != storage.MANIFEST:
            listed(name, lambda files: {**files[name], "bytes": size})(folder)

    return change


ONE = {"bytes": 1, "sha256": "0" * 64}
DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
CASES = {
    # the manifest
    "no manifest": (lambda folder: (folder / storage.MANIFEST).unlink(), "it has no manifest.json"),
    "an empty manifest": (as_it_is(storage.MANIFEST, b""), "no JSON that can be read"),
    "a manifest that is a list": (as_it_is(storage.MANIFEST, b"[]"), "it lists no files"),
    "a manifest nested without end": (as_it_is(storage.MANIFEST, DEEP), "nested too deeply"),
    "a manifest that is not UTF-8": (as_it_is(storage.MANIFEST, b'{"\xff": 1}'), "can't decode"),
    "a manifest with two formats": (as_it_is(storage.MANIFEST, b'{"format": 1, "format": 1}'), "'format' twice"),
    "a manifest of a gigabyte": (sparse(storage.MANIFEST, 2**30), "at most 1,048,576 are read"),
    "another format": (manifest(format=2), "has format 2; this version reads 1"),
    "a format of text": (manifest(format="1"), "has format '1'"),
    "no format": (manifest(format=None), "has format None"),
    "no files": (manifest(files=None), "it lists no files"),
    "files in a list": (manifest(files=["config.json"]), "it lists no files"),
    "too few files": (manifest(files={"config.json": ONE}), "lacks contract.json, weights.safetensors"),
    "a million files": (manifest(files={str(n): ONE for n in range(5000)}), "more than 1000"),
    "a path upwards": (listed("../../etc/passwd", ONE), "which is no file in it"),
    "a path from the root": (listed("/etc/passwd", ONE), "which is no file in it"),
    "a name with a zero": (listed("a\0b", ONE), "which is no file in it"),
    "a name of 5000 letters": (listed("a" * 5000, ONE), "which is no file in it"),
    "a name that is no Unicode": (listed("\ud800", ONE), "which is no file in it"),
    "a size of 4000 digits": (listed("README.md", {**ONE, "bytes": 10**4000}), "README.md is damaged: it has 6 bytes"),
    "an empty name": (listed("", ONE), "which is no file in it"),
    "a file that is not there": (listed("gone", ONE), "lacks the file gone"),
    "a row of text": (listed("README.md", "0" * 64), "has no size and SHA-256"),
    "a hash that is a number": (listed("README.md", {"bytes": 8, "sha256": 1}), "has no size and SHA-256"),
    "a hash in capitals": (listed("README.md", {"bytes": 8, "sha256": "A" * 64}), "has no size and SHA-256"),
    "a wrong size": (listed("README.md", ONE), "its manifest says 1"),
    "a wrong hash": (
        listed("README.md", lambda files: {**files["README.md"], "sha256": "0" * 64}),
        "README.md is damaged",
    ),
    "a wrong hash of the config": (
        listed("config.json", lambda files: {**files["config.json"], "sha256": "0" * 64}),
        "config.json is damaged",
    ),
    # the config
    "a config that is no JSON": (declared("config.json", b"import os"), "not the JSON of a config"),
    "a config that is a list": (declared("config.json", [1]), "not the JSON of a config"),
    "a config nested without end": (declared("config.json", DEEP), "nested too deeply"),
    "a config that is not UTF-8": (declared("config.json", b'{"family": "\xff"}'), "config.json is damaged"),
    "a config with two families": (declared("config.json", b'{"family": "mlp", "family": "mlp"}'), "twice"),
    "a family that is a module": (config("os.system"), "unknown family 'os.system'"),
    "a family that is a list": (config(["mlp"]), "unknown family ['mlp']"),
    "a family of a long name": (config("a" * 900_000), "unknown family 'aaaa"),
    "a family in another folder": (config("../mlp"), "unknown family '../mlp'"),
    "a field called self": (config(self=1), "unknown field of mlp 'self'"),
    "a field of code": (config(__class__="os"), "unknown field of mlp '__class__'"),
    "units of text": (config(hidden=["__import__('os')"]), "hidden must be int"),
    "units that are not a list": (config(hidden={"a": 1}), "hidden must be a list"),
    "5 billion units": (config(hidden=[5 * 10**9]), "at most 1,048,576"),
    "a million units": (config(hidden=[10**6, 10**6]), "bytes of weights"),
    "a number of 4000 digits": (config(classes=10**4000), "classes must be below 2**63"),
    "a number of 5000 digits": (declared("config.json", b'{"family": "mlp", "classes": %s}' % (b"9" * 5000)), "JSON"),
    "10**9 blocks": (config("resnet_cifar", blocks=10**9), "blocks must be finite and at most"),
    "1000 blocks": (config("resnet_cifar", blocks=1000, classes=3), "more than 10,000 layers"),
    "10**6 layers": (config(hidden=[1] * 10**5), "hidden must have at most 1,000 values"),
    "10**6 layers of one width": (config(depth=10**6), "layers or blocks; at most 1,000"),
    "a picture of 100000x100000": (config("resnet", input_shape=[100_000, 100_000, 3]), "numbers"),
    "an input of 2**60": (config(input_shape=[2**60]), "input_shape must be finite and at most"),
    "NaN": (config(dropout=float("nan")), "dropout must be"),
    "infinity": (config(input_scale=float("inf")), "input_scale must be finite"),
    "1e999": (declared("config.json", b'{"family": "mlp", "input_scale": 1e999}'), "input_scale must be finite"),
    "a config of 2 MB": (declared("config.json", b" " * 2**21), "at most 1,048,576 are read"),
    # the contract
    "a contract that is a list": (declared("contract.json", []), "it has no class_names and facts"),
    "a contract that is empty": (declared("contract.json", b""), "no JSON that can be read"),
    "a contract that is not UTF-8": (declared("contract.json", b'"\xff"'), "can't decode"),
    "a contract nested without end": (declared("contract.json", DEEP), "nested too deeply"),
    "a contract with another config": (
        declared("contract.json", {"class_names": [], "facts": {}, "config": "os"}),
        "it has no class_names and facts, or more",
    ),
    "names that are numbers": (declared("contract.json", {"class_names": [1, 2, 3], "facts": {}}), "class_names"),
    "names of other classes": (declared("contract.json", {"class_names": ["a"], "facts": {}}), "names 1 classes"),
    "facts that are a list": (declared("contract.json", {"class_names": [], "facts": []}), "class_names and facts"),
    # the weights
    "no weights": (lambda folder: (folder / "weights.safetensors").unlink(), "lacks the file weights.safetensors"),
    "empty weights": (declared("weights.safetensors", b""), "has 0 bytes"),
    "weights of zeros": (declared("weights.safetensors", bytes(4096)), "is not a whole safetensors file"),
    "weights nested without end": (
        declared("weights.safetensors", b"\x00\xd4\x30\0\0\0\0\0" + b'{"a":' * 640_000),
        "deep",
    ),
    "sparse weights of a terabyte": (sparse("weights.safetensors", 2**40), "bytes; at most"),
    "sparse weights of 10 GB": (sparse("weights.safetensors", 10 * 2**30), "bytes of weights"),
    "a sparse card": (sparse("README.md", 2**33), "bytes; at most 67,108,864 are read"),
    "a tensor too many": (weights(lambda found: found.update(more=np.zeros(3, "f4"))), "'more' is (3,), expected none"),
    "a tensor too few": (
        weights(lambda found: found.update({"other": found.pop("head/bias")})),
        "'head/bias' is missing",
    ),
    "a tensor of another shape": (
        weights(lambda found: found.update({"head/bias": np.zeros((3, 1), "f4")})),
        "'head/bias' is (3, 1), expected (3,)",
    ),
    "float64": (weights(lambda found: found.update({"head/bias": np.full(3, 1e300)})), "is of float64"),
    "whole numbers": (weights(lambda found: found.update({"head/bias": np.zeros(3, "i4")})), "is of int32"),
    "a tensor of no values and a shape beyond memory": (
        weights(lambda found: found.update(more=np.zeros((0, 3), "f4")), (b"[0,3]", b"[0,%d]" % 2**70)),
        "a shape that no memory holds",
    ),
    "a NaN": (weights(lambda found: found["head/bias"].fill(np.nan)), "not finite"),
    # what is no file
    "a link to another file": (instead("config.json", lambda path: path.symlink_to("/etc/passwd")), "a link"),
    "weights that are a link": (instead("weights.safetensors", lambda path: path.symlink_to("/dev/zero")), "a link"),
    "a link in a circle": (instead("contract.json", lambda path: path.symlink_to(path)), "a link"),
    "a manifest that is a link": (instead(storage.MANIFEST, lambda path: path.symlink_to("/dev/zero")), "a link"),
    "a folder": (instead("config.json", Path.mkdir), "a folder"),
    "a pipe": (instead("config.json", os.mkfifo), "a pipe"),
    "a manifest that is a pipe": (instead(storage.MANIFEST, os.mkfifo), "a pipe"),
    "a socket": (instead("contract.json", socket_at), "a socket"),
}


@pytest.mark.parametrize("case", CASES)
def test_refused_in_one_line(copy, case):
    change, words = CASES[case]
    change(copy)
    assert words in refused(copy)


def test_a_file_that_is_replaced_between_is_noticed(copy, monkeypatch):
    read = storage.read_manifest

    def then_replaced(folder):
        found = read(folder)
        weights(lambda tensors: tensors["head/bias"].fill(1))(folder)
        return found

    monkeypatch.setattr(storage, "read_manifest", then_replaced)
    assert "was replaced while it was read" in refused(copy)


def test_a_config_that_is_replaced_between_is_noticed(copy, monkeypatch):
    read_bytes = Path.read_bytes

    def replaced_first(path):
        content = read_bytes(path)
        return content.replace(b"null", b"1.25", 1) if path.name == "config.json" else content

    monkeypatch.setattr(Path, "read_bytes", replaced_first)
    assert "config.json is damaged" in refused(copy)


def test_links_to_a_folder_and_hard_links_are_as_good_as_what_they_lead_to(copy):
    (copy.parent / "link").symlink_to(copy)
    keras_dl.load(copy.parent / "link")
    os.link(copy / "config.json", copy.parent / "another name")
    keras_dl.load(copy)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("net.keras", "it is a whole Keras model, for keras.models.load_model"),
        ("net.weights.h5", "`build(name, weights=...)` takes files of weights"),
        ("net.safetensors", "`build(name, weights=...)` takes files of weights"),
        ("net.zip", "a saved model is a folder"),
    ],
)
def test_files_are_called_what_they_are(tmp_path, name, words):
    (tmp_path / name).touch()
    assert refused(tmp_path / name) == f"{tmp_path / name} is a file, not the folder of a saved model; {words}"


def test_a_path_that_no_file_can_have():
    assert refused("\ud800") == "a saved model must be a name or a path, got '\\ud800'"


def test_a_run_means_its_model(copy):
    copy.rename(copy.parent / "model")
    assert keras_dl.saved_model.find(copy.parent) == copy.parent / "model"
