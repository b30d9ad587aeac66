"""The formats: what a file of each is called and needs, how it is written, and how its own runtime reads it."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keras_dl.errors import UsageError
from keras_dl.export import to_onnx
from keras_dl.lazy import keras, tf

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter

LARGEST_BYTES = 2**31
"""what a FlatBuffer and a Protocol Buffer can hold: the files of LiteRT, StableHLO and ONNX"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Format:
    """`write(model, folder, path)` exports `model`, which is saved in `folder`; `run(path, batches)` gives the outputs.

    `write` raises `UsageError` for a network that the format cannot hold.
    """

    file: str
    """name of the file, or of the folder, that holds the network"""
    write: Callable[[keras.Model, Path, Path], None]
    run: Callable[[Path, list[np.ndarray]], list[np.ndarray]]
    example: str
    """Python that gives the outputs y of a batch x"""
    packages: tuple[str, ...] = ()
    """modules beyond the requirements of keras_dl"""
    largest_bytes: float = float("inf")
    """of weights"""

    def check(self, name: str, weight_bytes: int) -> None:
        """Raise `UsageError`, calling the format `name`, if a package is missing or the weights are too many."""
        missing = [package for package in self.packages if importlib.util.find_spec(package) is None]
        if missing:
            raise UsageError(f"{name} needs {', '.join(missing)}, not installed: pip install 'keras-dl[export]'")
        if weight_bytes >= self.largest_bytes:
            raise UsageError(f"a file of {name} holds less than 2 GiB, the weights have {weight_bytes:,} bytes")


def _write_keras(model: keras.Model, folder: Path, path: Path) -> None:
    model.save(path)


def _run_keras(path: Path, batches: list[np.ndarray]) -> list[np.ndarray]:
    model = keras.saving.load_model(path, safe_mode=True)
    return [model(x, training=False).numpy() for x in batches]


def _write_saved_model(model: keras.Model, folder: Path, path: Path) -> None:
    model.export(path, format="tf_saved_model", verbose=False)


def _run_saved_model(path: Path, batches: list[np.ndarray]) -> list[np.ndarray]:
    module = tf.saved_model.load(path)
    return [module.serve(x).numpy() for x in batches]


def _write_litert(model: keras.Model, folder: Path, path: Path, **options) -> None:
    from tensorflow.lite.python.convert_phase import ConverterError

    builtins = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    try:
        model.export(path, format="litert", verbose=False, target_spec=builtins, **options)
    except ConverterError as error:
        kinds = sorted(set(re.findall(r"(?:'|tf\.)(\w+)' op is neither", str(error)))) or [str(error).splitlines()[0]]
        raise UsageError(
            f"LiteRT cannot hold {model.name}: it has no operation {', '.join(kinds)} for {model.inputs[0].dtype}"
        ) from error


def _write_litert_int8(model: keras.Model, folder: Path, path: Path) -> None:
    _write_litert(model, folder, path, optimizations=[tf.lite.Optimize.DEFAULT])
    if not any(tensor["dtype"] is np.int8 for tensor in _litert_interpreter(path).get_tensor_details()):
        raise UsageError(f"LiteRT keeps all weights of {model.name} as floats, none is large; leave quantize out")


def _litert_interpreter(path: Path) -> Interpreter:
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(model_path=str(path))


def _run_litert(path: Path, batches: list[np.ndarray]) -> list[np.ndarray]:
    interpreter = _litert_interpreter(path)
    entry, exit = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    outputs = []
    for x in batches:
        interpreter.resize_tensor_input(entry, x.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(entry, x)
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(exit))
    return outputs


def _write_stablehlo(model: keras.Model, folder: Path, path: Path) -> None:
    _on_jax(model.inputs[0].dtype, "write", str(folder), str(path))


def _run_stablehlo(path: Path, batches: list[np.ndarray]) -> list[np.ndarray]:
    inputs, outputs = path.with_name(".inputs.npz"), path.with_name(".outputs.npz")
    try:
        np.savez(inputs, *batches)
        _on_jax(batches[0].dtype.name, "run", str(path), str(inputs), str(outputs))
        with np.load(outputs) as found:
            return list(found.values())
    finally:
        inputs.unlink(missing_ok=True)
        outputs.unlink(missing_ok=True)


def _on_jax(dtype: str, *arguments: str) -> None:
    """Call `keras_dl.export.jax_job` in a process of its own: Keras chooses its backend when it is imported.

    Unless told that there are inputs of `dtype` float64, JAX computes all in float32.
    """
    jax = {"JAX_PLATFORMS": "cpu", "JAX_ENABLE_X64": str(dtype == "float64")}
    environment = {**os.environ, **jax, "KERAS_BACKEND": "jax"}
    job = [sys.executable, "-m", "keras_dl.export.jax_job", *arguments]
    done = subprocess.run(job, env=environment, capture_output=True, text=True)
    if done.returncode:
        *_, reason = [f"exit status {done.returncode}", *done.stderr.strip().splitlines()]
        raise UsageError(f"JAX failed: {reason}")


FORMATS = {
    "keras": Format(
        file="model.keras",
        write=_write_keras,
        run=_run_keras,
        example="""import keras
import keras_dl.layers  # the layers that Keras does not have

y = keras.saving.load_model("model.keras")(x, training=False)""",
    ),
    "saved_model": Format(
        file="saved_model",
        write=_write_saved_model,
        run=_run_saved_model,
        example="""import tensorflow as tf

model = tf.saved_model.load("saved_model")
y = model.serve(x)""",
    ),
    "litert": Format(
        file="model.tflite",
        write=_write_litert,
        run=_run_litert,
        packages=("ai_edge_litert",),
        largest_bytes=LARGEST_BYTES,
        example="""from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter(model_path="model.tflite")
entry, exit = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
interpreter.resize_tensor_input(entry, x.shape)  # it holds a batch of 1 until told otherwise
interpreter.allocate_tensors()
interpreter.set_tensor(entry, x)
interpreter.invoke()
y = interpreter.get_tensor(exit)""",
    ),
    "onnx": Format(
        file="model.onnx",
        write=to_onnx.write,
        run=to_onnx.run,
        packages=("onnx", "onnxruntime", "tf2onnx"),
        largest_bytes=LARGEST_BYTES,
        example="""import onnxruntime

session = onnxruntime.InferenceSession("model.onnx")
y = session.run(None, {session.get_inputs()[0].name: x})[0]""",
    ),
    "stablehlo": Format(
        file="model.stablehlo",
        write=_write_stablehlo,
        run=_run_stablehlo,
        packages=("jax",),
        largest_bytes=LARGEST_BYTES,
        example="""import pathlib

import jax

y = jax.export.deserialize(pathlib.Path("model.stablehlo").read_bytes()).call(x)""",
    ),
}
LITERT_INT8 = dataclasses.replace(FORMATS["litert"], write=_write_litert_int8)
