"""Heat maps of the answers of saved models to texts: numbers, and words on a coloured ground."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import explain
from keras_dl.data.spec import Spec
from keras_dl.data.tokenized import MASK, TOKENS
from keras_dl.data.vocabulary import Vocabulary
from keras_dl.errors import UsageError
from keras_dl.explain.drawing import LINE
from keras_dl.explain.words import Method
from keras_dl.figures import plain, save_figure
from keras_dl.lazy import keras
from keras_dl.learning.task import Task
from keras_dl.use.predictor import Predictor


@dataclasses.dataclass(frozen=True)
class WordMap:
    """What each of the `words`, pieces that make a text, did for what a network says of it: a value each, float.

    Tokens that stand for no piece, such as that of the beginning, are empty words.
    """

    words: tuple[str, ...]
    values: tuple[float, ...]


def word_maps(
    model: str | os.PathLike | Predictor, texts: Sequence[str], method: Method = "gradient x input"
) -> list[WordMap]:
    """Why a saved model answers `texts` as it does: the class, the next token, or the answer to a question.

    Texts are those of `keras_dl.predict`. Raises `UsageError` as that does, and for models that do not read tokens.
    """
    predictor = model if isinstance(model, Predictor) else Predictor(model)
    _, inputs = predictor.read(texts)
    return of_answers(predictor.task, predictor.model, inputs, predictor.spec, method)


def of_answers(
    task: Task, network: keras.Model, inputs: dict[str, np.ndarray], spec: Spec, method: Method
) -> list[WordMap]:
    """The maps of what `network` has learned by `task` to say of `inputs` by column. Raises `UsageError`."""
    if TOKENS not in inputs:
        raise UsageError(f"heat maps of words are for networks that read tokens; {network.name} takes {spec.kind}")
    asked, places = task.asked(network, inputs)
    x = keras.tree.map_structure(np.asarray, task.inputs(inputs))
    maps = explain.word_map(method, network, x, asked, places)
    vocabulary = Vocabulary.from_json(spec.columns[TOKENS].vocabulary)
    found = []
    for ids, mask, values in zip(inputs[TOKENS], x[MASK], maps, strict=True):
        count = np.count_nonzero(mask)
        found.append(WordMap(_pieces(vocabulary, ids[:count]), tuple(map(float, values[:count]))))
    return found


def draw_word_maps(maps: Sequence[WordMap], titles: Sequence[str], path: Path) -> None:
    """Write the words of `maps`, each under its title, into a PNG: red speaks for the answer, blue against it."""
    lines = [len("".join(one.words)) // (LINE - 10) + 1 for one in maps]
    figure = Figure(figsize=(10, 0.6 + sum(0.24 * count + 0.34 for count in lines)), layout="constrained")
    places = figure.subplots(len(maps), squeeze=False, height_ratios=lines)[:, 0]
    for axes, one, title in zip(places, maps, titles, strict=True):
        explain.draw_words(axes, one.words, np.array(one.values))
        axes.set_title(plain(title), loc="left", fontsize=9)
    save_figure(figure, path)


def _pieces(vocabulary: Vocabulary, ids: np.ndarray) -> tuple[str, ...]:
    words = vocabulary.decode(ids[:, None])
    if vocabulary.pieces in ("characters", "bpe", "gpt2"):
        return tuple(words)
    return tuple(word.removeprefix("##") if word.startswith("##") or not word else f" {word}" for word in words)
