"""Examples that a program has already: arrays, columns by name, `tf.data`, Hugging Face `datasets`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_dl.data.assemble import assemble
from keras_dl.data.checks import as_array
from keras_dl.data.dataset import ARRAYS, Data
from keras_dl.data.source import Array
from keras_dl.data.spec import INPUTS, Column
from keras_dl.data.tfds_read import map_values
from keras_dl.errors import UsageError, some
from keras_dl.fields import Fraction, Seed, checked

if TYPE_CHECKING:
    import tensorflow as tf

    Examples = tuple[Any, Any] | Mapping[str, Any] | tf.data.Dataset | Sequence[Mapping[str, Any]]

KINDS = {1: "text", 2: "features", 3: "image", 4: "image"}
"""what arrays of so many axes are; pictures without an axis of channels are gray"""


def from_examples(
    train: Examples,
    *,
    validation: Examples | None = None,
    test: Examples | None = None,
    target: str | None = None,
    class_names: Sequence[str] = (),
    name: str = "data",
    held_out: float = 0.1,
    seed: int = 0,
    origin: dict[str, Any] = ARRAYS,
) -> Data:
    """The data set of examples in memory, with one input and one answer each.

    A split is (inputs, answers), arrays; columns of arrays by name; a `tf.data.Dataset` whose elements are one example,
    (input, answer) or by name; or a `datasets.Dataset`. Of columns by name `target` is the answer, and may be left out
    where they have a `ClassLabel` or are two of which one is called label; several have commas between them, keep their
    names, and are -1 or NaN where they are not known. Inputs are pictures (height, width, 1 or 3)
    of values 0..255, 0..1 or -1..1, vectors of numbers, or texts. Answers are whole numbers, a class each, words, a
    class each, or fractions, which are to be predicted. Splits that are missing are held out of `train`, the part
    `held_out` for validation, drawn by `seed`. Raises `UsageError` for anything else.
    """
    held_out, seed = checked("held_out", held_out, Fraction), checked("seed", seed, Seed)
    given = {"train": train, "validation": validation, "test": test}
    inputs, answers, names = {}, {}, {}
    for split, examples in given.items():
        if examples is not None:
            x, answers[split], found = _parts(examples, target, f"the {split} split of {name}")
            inputs[split], names = _inputs(x, f"the {split} split of {name}"), names or found
    kind, notices = KINDS[inputs["train"].ndim], []
    if kind == "image":
        inputs, notices = map_values(name, inputs)
    several, columns = len(answers["train"]) > 1, {}
    parts = {split: {kind: values} for split, values in inputs.items()}
    for key in answers["train"]:
        found = {split: as_array(answers[split][key], "answers") for split in parts}
        found, column = _answers(found, (() if several else tuple(class_names)) or names.get(key, ()))
        if several:
            found, column = _with_gaps(found, column)
        called = key if several else {"class": "label", "number": "number"}[column.kind]
        columns[called] = column
        for split, values in found.items():
            parts[split][called] = values
    return assemble(
        parts,
        {kind: Column(kind=kind, shape=inputs["train"].shape[1:]), **columns},
        name=name,
        validation=held_out,
        seed=seed,
        origin=origin,
        notices=notices,
    )


def _parts(examples: Any, target: str | None, where: str) -> tuple[Any, dict[str, Any], dict[str, tuple[str, ...]]]:
    """The inputs, the answers by name, and what their classes are called, where that is known."""
    if hasattr(examples, "element_spec"):
        examples = _of_pipeline(examples, where)
    if isinstance(examples, tuple) and len(examples) == 2:
        return examples[0], {"label": examples[1]}, {}
    features = getattr(examples, "features", {})
    names = {key: tuple(found) for key, feature in features.items() if (found := getattr(feature, "names", None))}
    if features:
        examples = {key: _of_column(examples[key]) for key in features}
    if not isinstance(examples, Mapping):
        raise UsageError(f"{where} must be (inputs, answers), columns, or a data set, got {type(examples).__name__}")
    if target is None and len(names) == 1:
        [target] = names
    if target is None and "label" in examples:
        target = "label"
    targets = [target] if target is None or target in examples else [key.strip() for key in target.split(",")]
    others = [key for key in examples if key not in targets]
    if not {*targets} <= {*examples} or len({*targets}) < len(targets) or len(others) != 1:
        raise UsageError(f"{where} has the columns {some([*examples])}; one input, and the target, are wanted")
    if len(targets) > 1 and (taken := [key for key in targets if key in INPUTS]):
        raise UsageError(f"one of several targets cannot be called {taken[0]}, as inputs are; rename the column")
    return examples[others[0]], {key: examples[key] for key in targets}, names


def _of_pipeline(examples: tf.data.Dataset, where: str) -> Any:
    """All elements of a `tf.data.Dataset`, as it gives them, stacked."""
    from keras_dl.lazy import keras

    elements = [*examples.as_numpy_iterator()]
    if not elements:
        raise UsageError(f"{where} is empty")
    stacked = keras.tree.map_structure(lambda *values: as_array([*values], where), *elements)
    return {**stacked} if isinstance(stacked, Mapping) else tuple(stacked)


def _of_column(values: Any) -> np.ndarray:
    """A column of Hugging Face `datasets`: pictures of PIL, texts or numbers."""
    return as_array([np.asarray(value) if hasattr(value, "getbands") else value for value in values], "its values")


def _inputs(values: Any, where: str) -> np.ndarray:
    values = as_array(values, f"the inputs of {where}")
    if values.dtype.kind in "SUO" and values.ndim == 1:
        return np.array([text.decode() if isinstance(text, bytes) else text for text in values.tolist()], object)
    if values.ndim not in (2, 3, 4):
        raise UsageError(f"the inputs of {where} have shape {values.shape}; pictures, vectors or texts are wanted")
    return values[..., None] if values.ndim == 3 else values


def _answers(answers: dict[str, np.ndarray], names: tuple[str, ...]) -> tuple[dict[str, np.ndarray], Column]:
    """The answers of each split as whole numbers, or as float32 (n, numbers), and their column."""
    kinds = {values.dtype.kind for values in answers.values()}
    if kinds <= set("SUO"):
        words = {split: [_word(value) for value in values] for split, values in answers.items()}
        names = names or tuple(sorted({word for found in words.values() for word in found}))
        if unknown := sorted({word for found in words.values() for word in found} - {*names}):
            raise UsageError(f"classes {some(unknown)} are none of {some(names)}")
        return {split: np.array([names.index(word) for word in found]) for split, found in words.items()}, Column(
            kind="class", class_names=names
        )
    if kinds <= set("biu") or names:
        count = len(names) or 1 + max(int(values.max(initial=0)) for values in answers.values())
        return answers, Column(kind="class", classes=max(count, 2), class_names=names)
    numbers = {split: values.reshape(len(values), -1).astype("float32") for split, values in answers.items()}
    return numbers, Column(kind="number", shape=numbers["train"].shape[1:])


def _with_gaps(answers: dict[str, np.ndarray], column: Column) -> tuple[dict[str, Array], Column]:
    """One of several answers, of which some may not be known: -1 or NaN."""
    if column.kind == "class":
        gaps = any((values == -1).any() for values in answers.values())
        answers = {split: values.astype("int64") for split, values in answers.items()}
    else:
        gaps = any(np.isnan(values).any() for values in answers.values())
    return {split: Array(values) for split, values in answers.items()}, dataclasses.replace(column, gaps=bool(gaps))


def _word(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
