"""Heat maps of texts: which words made a network say what it said, by four methods, and the checks that they must pass.

Li, Chen, Hovy & Jurafsky, "Visualizing and Understanding Neural Models in NLP", NAACL 2016 (the gradient, and times the
input); Li, Monroe & Jurafsky, "Understanding Neural Networks through Representation Erasure", 2016 (occlusion); Abnar &
Zuidema, "Quantifying Attention Flow in Transformers", ACL 2020 (attention over all blocks); Jain & Wallace, "Attention
is not Explanation", NAACL 2019; Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018.

A small network learns the data, or `--base` names a saved one, which classifies texts, answers questions or tells the
next token. The maps of its answers stand below each other: red speaks for the answer, blue against it. Then all its
weights are replaced by random ones, and each map is compared with the one before, by the magnitude of their rank
correlation. Single texts are explained by `keras_dl.use.word_maps.word_maps(model, texts, method)`.

Run it by `keras-dl run word-heat-maps`; `--base runs/train-1/model --data mr_polarity` explains a trained network on
the test texts of its data.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import get_args

import numpy as np
from matplotlib.figure import Figure

from keras_dl import explain, get_config, saved_model
from keras_dl.config import Config
from keras_dl.data import Spec, Split
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.explain.words import Method, present
from keras_dl.fields import Count
from keras_dl.figures import plain, save_figure
from keras_dl.lazy import keras
from keras_dl.learning.task import LEARNED_BY, Task
from keras_dl.tasks import get_task
from keras_dl.training import Options
from keras_dl.use.word_maps import of_answers

METHODS = get_args(Method)
UNSEEN = 10_000  # added to a seed, so that weights are not drawn as those were that training began with


@dataclasses.dataclass(frozen=True, kw_only=True)
class WordHeatMaps(DataExperiment):
    """Explain the answers of a network to texts by every method, and compare the maps with those of random weights."""

    data: str = "facts"
    """texts: "facts", questions made by rules, or a name of tensorflow-datasets"""
    base: str | None = None
    """folder of a saved model, or its name in saved_models/; by default a small network learns the data"""
    network: str = "bert_tiny"
    """name of the network that learns the data"""
    length: Count = 80
    """tokens of a text; longer ones are cut"""
    seeds: Count = 2
    """how often all is repeated, with other weights and texts"""
    texts: Count = 8
    """test texts to explain"""
    steps: Count = 600
    """training steps of the small network"""

    def cells(self) -> list[dict]:
        return [{}]

    def measure(self, *, seed: int) -> dict:
        """For each method the "likeness" of its maps with those of random weights; "linear", how far gradient x input
        of a network that adds vectors is from its logit; of attention, how far it is from 1, "whole", and its rank
        correlation with occlusion, "alike"; and the maps of the first text."""
        task, config, network, spec, test = self._learned(seed)
        order = np.random.default_rng(seed).permutation(len(test))[: self.texts]
        inputs = {name: column.values for name, column in test.take(order).columns.items()}
        asked, places = task.asked(network, inputs)
        x = task.taken(network, keras.tree.map_structure(np.asarray, task.inputs(inputs)))
        keras.utils.set_random_seed(seed + UNSEEN)
        fresh, there = config.build(), present(x)
        found, maps = {"linear": linear(seed)}, {}
        for method in METHODS:
            try:
                maps[method] = explain.word_map(method, network, x, asked, places)
            except UsageError as error:
                found[f"{method} refused"] = str(error)
                continue
            others = explain.word_map(method, fresh, x, asked, places)
            found[f"{method} likeness"] = _alike(maps[method], others, there)
        if "attention" in maps:
            found["whole"] = float(np.abs(maps["attention"].sum(axis=1) - 1).max())
            found["alike"] = _alike(maps["attention"], maps["occlusion"], there)
        [answer] = task.answers(network, config, one := {name: values[:1] for name, values in inputs.items()}, spec)
        found["answer"] = str(answer.get("class", answer.get("text")))
        drawn = {method: of_answers(task, network, one, spec, method)[0] for method in maps}
        found["maps"] = {method: [[*one.words], [*one.values]] for method, one in drawn.items()}
        return found

    def _learned(self, seed: int) -> tuple[Task, Config, keras.Model, Spec, Split]:
        """What learned what, and the test texts in tokens."""
        if self.base is not None:
            contract = saved_model.read_contract(self.base)
            task, config, spec = (contract[key] for key in ("task", "config", "spec"))
            if spec is None or spec.kind != "tokens":
                raise UsageError(f"heat maps of words are for networks that read texts; {self.base} is none")
            return task, config, saved_model.load(self.base), spec, task.encoded(config, self.dataset, spec).test
        kinds = (kind for kind in ("span", "class") if self.dataset.spec.find(kind) is not None)
        task = get_task(LEARNED_BY.get(next(kinds, None), "language_modeling"))
        config, data = task.adapt(get_config(self.network, length=self.length), self.dataset)
        loop = self.quiet(config, Options(learning_rate=1e-3, schedule="cosine"), self.steps, task=task)
        network = loop.begin(seed)
        arrange = task.arrange(network)
        loop.fit(data.train.stream(32, steps=self.steps, seed=seed, arrange=arrange))
        return task, config, network, data.spec, data.test

    def claims(self, results: Results) -> list[Claim]:
        claims = [
            Claim(
                text="Where vectors are added, gradient x input are the parts of the logit (Li et al. 2016)",
                quantity="largest difference between their sum and the logit",
                measured=results.values("linear"),
                at_most=1e-5,
                exact=True,
            )
        ]
        for method in ("gradient x input", "occlusion"):
            claims.append(
                Claim(
                    text=f"Random weights destroy the map: {method} (Adebayo et al. 2018)",
                    quantity="magnitude of the rank correlation with the trained map",
                    measured=results.values(f"{method} likeness"),
                    at_most=0.5,
                )
            )
        if "whole" in results.rows[0]:
            claims += [
                Claim(
                    text="What a token has of all others adds up to one (Abnar & Zuidema 2020)",
                    quantity="largest distance of the sum from 1",
                    measured=results.values("whole"),
                    at_most=1e-5,
                    exact=True,
                ),
                Claim(
                    text="Attention is not what the answer rests on (Jain & Wallace 2019)",
                    quantity="magnitude of the rank correlation of attention with occlusion",
                    measured=results.values("alike"),
                    at_most=0.5,
                ),
            ]
        return claims

    def draw(self, results: Results, folder: Path) -> None:
        maps, answer = results.rows[0]["maps"], results.rows[0]["answer"]
        figure = Figure(figsize=(10, 1.3 * len(maps) + 0.3), layout="constrained")
        for axes, (method, (words, values)) in zip(figure.subplots(len(maps), 1), maps.items(), strict=True):
            explain.draw_words(axes, words, np.array(values))
            axes.set_title(method, loc="left", fontsize=9)
        figure.suptitle(f"{self.subject}, answer: {plain(answer)[:80]}", fontsize=10)
        save_figure(figure, folder / "word_heat_maps.png")


def linear(seed: int) -> float:
    """The largest distance of the parts of the logit from it in a random network that adds vectors up."""
    keras.utils.set_random_seed(seed)
    token_ids = keras.Input((9,), dtype="int32", name="token_ids")
    vectors = keras.layers.Embedding(50, 16, name="embedding")(token_ids)
    mean = keras.layers.GlobalAveragePooling1D(name="stage1")(vectors)
    network = keras.Model(token_ids, keras.layers.Dense(3, use_bias=False, name="head")(mean))
    x = np.random.default_rng(seed).integers(1, 50, (20, 9)).astype("int32")
    asked = np.arange(20)[:, None] % 3
    parts = explain.word_gradient_x_input(network, x, asked)
    return float(np.abs(parts.sum(axis=1) - explain.words.logit(network(x), asked)).max())


def _alike(maps: np.ndarray, others: np.ndarray, there: np.ndarray) -> float:
    """The mean magnitude of the rank correlation of two maps of each text, pads left out."""
    pairs = zip(maps, others, there, strict=True)
    rows = [explain.rank_correlation(one[None, mask], other[None, mask])[0] for one, other, mask in pairs]
    return float(np.abs(rows).mean())
