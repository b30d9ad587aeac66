"""Masked words: a small BERT that has learned to tell hidden words of texts without labels, then fine-tuned with few.

Devlin, Chang, Lee & Toutanova, "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
NAACL 2019, sections 3 and 5.1: pre-training on texts and fine-tuning all weights beats training on the labels alone.
Turc, Chang, Lee & Toutanova, "Well-Read Students Learn Better", 2019: so it does for networks as small as bert_tiny.

Texts of the training split without their labels are all that the pre-training sees; WordPiece is of the same texts.
Both networks are fine-tuned with the same labels in the same steps, all weights at the same rate.

Run it by `keras-dl run masked-words`; `--data trec --target label-coarse` takes questions.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config, surgery
from keras_dl.data import Data
from keras_dl.data.split import Split
from keras_dl.data.tokenized import TOKENS
from keras_dl.data.vocabulary import Vocabulary
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Growing, Positive
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.learning.probe import linear_probe
from keras_dl.tasks import get_task
from keras_dl.training import Options

STARTS = {"random": "random weights", "pretrained": "told hidden words before"}
ASKED = "a [MASK] film"
"""whose hidden word is shown"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaskedWords(DataExperiment):
    """Fine-tune a small BERT with few labels, from random weights and after pre-training on texts alone."""

    data: str = "mr_polarity"
    """texts with a class: a name of tensorflow-datasets, or a .csv file"""
    seeds: Count = 3
    """how often each measurement is repeated, with other first weights and other labels"""
    network: str = "bert_tiny"
    """name of a network that reads in both directions"""
    length: Count = 32
    """tokens of a text; longer ones are cut"""
    vocabulary_size: Count = 2000
    """tokens of WordPiece"""
    labels: Growing = (200, 1000)
    """labelled texts to learn from, evenly of all classes"""
    pretraining_steps: Count = 3000
    """steps without labels"""
    steps: Count = 200
    """steps with labels"""
    batch_size: Count = 32
    """texts per step"""
    learning_rate: Positive = 1e-3
    """Adam's without labels at the start; it falls to 0"""
    fine_tuning_rate: Positive = 3e-4
    """the same with labels"""

    def cells(self) -> list[dict]:
        data = self._labelled
        if self.labels[0] < data.spec.classes:
            raise UsageError(
                f"labels must be at least one of each of the {data.spec.classes} classes, got {self.labels[0]}"
            )
        data.train.few(self.labels[-1] // data.spec.classes, 0)
        return [{"start": start, "labels": labels} for labels in self.labels for start in STARTS]

    def measure(self, *, seed: int, start: str, labels: int) -> dict:
        """The "accuracy" on the test split, in %, after fine-tuning, and before it that of a linear "probe".

        Of a pre-trained network also how well it tells hidden words.
        """
        data = self._labelled
        config = get_config(self.network, length=self.length).replace(head="text").for_data(data.spec)
        options = Options(learning_rate=self.fine_tuning_rate, schedule="cosine", batch_size=self.batch_size)
        task = get_task("classification")
        loop = self.quiet(config, options, self.steps, task=task)
        network, found = loop.begin(seed), {}
        if start == "pretrained":
            if seed not in self._pretrained:
                self._pretrained.clear()  # the network of each seed is the same object
                self._pretrained[seed] = self._pretrain(seed)
            model, found = self._pretrained[seed]
            own = config.replace(head="words")
            keras.utils.set_random_seed(seed)
            loop.restart(surgery.transplant(model, config, fresh=config.fresh_from(own)))
        few, arrange = data.train.few(labels // data.spec.classes, seed), task.arrange(network)
        found = {**found, "probe": 100 * _probe(network, few, data.test, arrange)}
        loop.fit(few.stream(self.batch_size, steps=self.steps, seed=seed, arrange=arrange))
        right = network.evaluate(data.test.batches(256, arrange), return_dict=True, verbose=0)["accuracy"]
        return {"accuracy": 100 * right, **found}

    @functools.cached_property
    def _labelled(self) -> Data:
        """The data as the network reads them, with the vocabulary of all training texts."""
        task = get_task("classification", vocabulary_size=self.vocabulary_size)
        return task.encoded(get_config(self.network, length=self.length), self.dataset)

    @functools.cached_property
    def _pretrained(self) -> dict[int, tuple[keras.Model, dict]]:
        return {}

    def _pretrain(self, seed: int) -> tuple[keras.Model, dict]:
        """A network that tells hidden words, and its "nats", those of the words' frequencies, and what it fills in."""
        spec = self._labelled.spec
        task = get_task("masked_language_modeling")
        data = task.encoded(get_config(self.network, length=spec.shape[0]), self.dataset, spec)
        config = get_config(self.network, length=self.length).replace(head="words").for_data(data.spec)
        task = task.for_data(data.spec)
        options = Options(learning_rate=self.learning_rate, schedule="cosine", batch_size=self.batch_size)
        loop = self.quiet(config, options, self.pretraining_steps, task=task)
        network = loop.begin(seed)
        arrange = task.arrange(network)
        loop.fit(data.train.stream(self.batch_size, steps=self.pretraining_steps, seed=seed, arrange=arrange))
        scores = loop.model.evaluate(data.test.batches(256, arrange), return_dict=True, verbose=0)
        vocabulary = Vocabulary.from_json(spec.columns[TOKENS].vocabulary)
        asked = vocabulary.encode([ASKED], config.length, bounded=True)
        [answer] = task.answers(network, config, {TOKENS: asked}, data.spec)
        nats = {"nats": scores["loss"], "frequencies": _nats_of_frequencies(data, vocabulary)}
        return network, {**nats, "filled": answer["probabilities"]}

    def claims(self, results: Results) -> list[Claim]:
        few, many = self.labels[0], self.labels[-1]
        gain = {
            (key, labels): results.values(key, start="pretrained", labels=labels)
            - results.values(key, start="random", labels=labels)
            for key in ("accuracy", "probe")
            for labels in (few, many)
        }
        probed = gain["probe", many].mean()
        reason = ""
        if probed < 1:
            reason = f"a linear classifier of its tokens gains {probed:.1f} points: few texts teach words, not classes"
        told = {name: results.values(name, start="pretrained", labels=few) for name in ("nats", "frequencies")}
        return [
            Claim(
                text="Pre-training helps where labels are few (Devlin et al. 2019, section 5.1; Turc et al. 2019)",
                quantity=f"gain in test accuracy, {few:,} labels",
                measured=gain["accuracy", few],
                at_least=1,
                unit="points",
                reason=reason,
            ),
            Claim(
                text="It still helps with more labels",
                quantity=f"gain in test accuracy, {many:,} labels",
                measured=gain["accuracy", many],
                at_least=1,
                unit="points",
                reason=reason,
            ),
            Claim(
                text="Hidden words are told from all others, not by their frequency alone (Devlin et al. 2019)",
                quantity="nats of a hidden word by its frequency less those of the network, test split",
                measured=told["frequencies"] - told["nats"],
                at_least=0.5,
                unit="nats",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(9, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
        for shift, (start, name) in enumerate(STARTS.items()):
            values = np.stack([results.values("accuracy", start=start, labels=labels) for labels in self.labels])
            places = np.arange(len(self.labels)) + 0.4 * shift - 0.2
            left.bar(places, values.mean(axis=1), 0.38, yerr=values.std(axis=1), capsize=3, label=name)
        left.axhline(100 / self.dataset.spec.classes, color="gray", linestyle=":", label="guessing")
        left.set_xticks(range(len(self.labels)), [f"{labels:,} labels" for labels in self.labels])
        left.set(ylabel="test accuracy, %", ylim=(0, 100), title=f"{self.subject}: fine-tuning of {self.network}")
        left.grid(alpha=0.3, axis="y")
        left.legend(loc="upper left")
        filled = next(row["filled"] for row in results.rows if row["start"] == "pretrained")
        right.barh([*filled][::-1], [100 * share for share in filled.values()][::-1], color="C1")
        right.set(xlabel="probability, %", title=ASKED)
        save_figure(figure, folder / "masked_words.png")


def _probe(network: keras.Model, few: Split, test: Split, arrange) -> float:
    """The share of `test` that a linear classifier of the mean of a text's tokens tells right, fitted on `few`."""
    tokens, mask = network.get_layer("pooler_token").input, network.input["padding_mask"]
    means = keras.Model(network.input, keras.layers.GlobalAveragePooling1D()(tokens, mask=mask))
    known, unseen = (
        np.concatenate([np.asarray(means(x, training=False)) for x, *_ in split.in_order.batches(256, arrange)])
        for split in (few, test)
    )
    return linear_probe(known, few.labels, unseen, test.labels)


def _nats_of_frequencies(data: Data, vocabulary: Vocabulary) -> float:
    """The mean cross-entropy of the test texts' tokens, given how often each is in the training texts."""
    counts, tests = (_counts(getattr(data, name).columns[TOKENS].values, vocabulary) for name in ("train", "test"))
    logs = np.log((counts + 1) / (counts + 1).sum())
    return float(-(tests * logs).sum() / tests.sum())


def _counts(token_ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    counts = np.bincount(token_ids.ravel(), minlength=len(vocabulary)).astype("float64")
    counts[list(vocabulary.special)] = 0
    return counts
