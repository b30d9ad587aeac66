"""Text classification: words counted, a convolution over words, a recurrent network and a Transformer, side by side.

Kim, "Convolutional Neural Networks for Sentence Classification", EMNLP 2014, table 2; Wang & Manning, "Baselines and
Bigrams: Simple, Good Sentiment and Topic Classification", ACL 2012: which words there are says so much that a linear
classifier of them is hard to beat. It is not all: of the embedded clauses the classes are whether who acts last is
masculine or feminine in the translation, "a young girl sees the table and the red cat likes a wise dog", which the
order of words alone tells.

All learn from the same texts in the same batches for the same number of steps; accuracies are those of the test split.

Run it by `keras-dl run text-classification`, on real texts with `--steps 1200` and `--data mr_polarity`, or with
`--data trec --target label-coarse --examples 1000 4900`.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.config import Config
from keras_dl.data import Data
from keras_dl.data.clauses import ARTICLES
from keras_dl.data.dataset import SPLITS
from keras_dl.data.prepare import bag_of_words
from keras_dl.data.spec import Column
from keras_dl.data.split import Split
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Growing, Positive
from keras_dl.figures import save_figure
from keras_dl.tasks import get_task
from keras_dl.training import Options

BAG, WINDOWS, RECURRENT, TRANSFORMER = "bag of words", "kim_cnn", "lstm_classifier", "transformer"
NETWORKS = (BAG, WINDOWS, RECURRENT, TRANSFORMER)
GROUPS = ("short", "middle", "long")
BEGINNINGS = "how questions begin tells much: with the first two words marked a bag gains 4.2 points in validation"


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextClassification(DataExperiment):
    """Tell the class of texts by four kinds of networks, from few and many examples, and compare by length."""

    data: str = "clauses"
    """texts with a class, or the embedded "clauses", whose class is the gender of who acts last"""
    seeds: Count = 3
    """how often each measurement is repeated, with other first weights and examples"""
    examples: Growing = (1000, 5000)
    """training texts to learn from"""
    length: Count = 48
    """words of a text; longer ones are cut"""
    width: Count = 64
    """numbers in the vector of a word"""
    steps: Count = 600
    """training steps of each network"""
    batch_size: Count = 50
    """texts per step"""
    learning_rate: Positive = 1e-3
    """Adam's at the start; it falls to 0, and is ten times as high for words counted, which one layer takes"""

    def cells(self) -> list[dict]:
        return [{"network": network, "examples": count} for count in self.examples for network in NETWORKS]

    def measure(self, *, seed: int, network: str, examples: int) -> dict:
        """The "accuracy" on the test split, in %, and that on each of `GROUPS` of like length."""
        texts, task = self.labelled, get_task("classification", pieces=None if network == BAG else "words")
        self.check_examples(self.examples[-1])
        config, data = task.adapt(self._config(network), bag_of_words(texts) if network == BAG else texts)
        rate = self.learning_rate * (10 if network == BAG else 1)
        options = Options(learning_rate=rate, schedule="cosine", batch_size=self.batch_size)
        loop = self.quiet(config, options, self.steps, task=task)
        model = loop.begin(seed)
        arrange = task.arrange(model)
        few = data.train.take(np.random.default_rng(seed).permutation(len(data.train))[:examples])
        loop.fit(few.stream(self.batch_size, steps=self.steps, seed=seed, arrange=arrange))
        batches = data.test.batches(256, arrange)
        told = np.concatenate([np.argmax(model(x, training=False), axis=-1) for x, *_ in batches])
        right = 100.0 * (told == texts.test.columns["label"].values)
        by_length = np.argsort([len(text.split()) for text in texts.test.columns["text"].values], kind="stable")
        groups = dict(zip(GROUPS, np.array_split(right[by_length], len(GROUPS)), strict=True))
        return {"accuracy": right.mean(), **{name: group.mean() for name, group in groups.items()}}

    def _config(self, network: str) -> Config:
        if network == BAG:
            return get_config("mlp", hidden=())
        if network == TRANSFORMER:
            return get_config("bert_tiny", heads=2, head_width=self.width // 2, length=self.length + 2)
        return get_config(network, embedding_width=self.width, length=self.length)

    @functools.cached_property
    def labelled(self) -> Data:
        """The data, of the clauses the sentences and their classes."""
        data = self.dataset
        if self.data == "clauses":
            return of_clauses(data)
        if data.spec.kind != "text" or not data.spec.classes:
            raise UsageError(f"texts with a class are wanted; {data.spec.name} is {data.spec.kind}")
        return data

    def claims(self, results: Results) -> list[Claim]:
        few, many = self.examples[0], self.examples[-1]
        accuracy = {name: results.values("accuracy", network=name, examples=many) for name in NETWORKS}
        if self.data != "clauses":
            gains = [accuracy[name] - results.values("accuracy", network=name, examples=few) for name in NETWORKS]
            more = Claim(
                text="Each of them tells more texts right the more it has seen",
                quantity=f"least gain of a network in test accuracy by {many:,} texts in place of {few:,}",
                measured=np.min(gains, axis=0),
                at_least=0,
                unit="points",
            )
            return [more, *_of_real_texts(accuracy, BEGINNINGS if self.data == "trec" else "")]
        lost = {
            name: results.values("long", network=name, examples=many)
            - results.values("short", network=name, examples=many)
            for name in (BAG, WINDOWS)
        }
        return [
            Claim(
                text="Which words there are does not say who acts; a recurrent network reads their order (Elman 1990)",
                quantity=f"test accuracy less that of a bag of words, {many:,} texts",
                measured=accuracy[RECURRENT] - accuracy[BAG],
                at_least=10,
                unit="points",
            ),
            Claim(
                text="A Transformer reads the order from vectors of places (Vaswani et al. 2017, section 3.5)",
                quantity=f"test accuracy less that of a bag of words, {many:,} texts",
                measured=accuracy[TRANSFORMER] - accuracy[BAG],
                at_least=10,
                unit="points",
            ),
            Claim(
                text="Windows of 3 to 5 words see who acts, but not which of these comes last (Kim 2014, section 2)",
                quantity=f"test accuracy of the recurrent network less that of windows, {many:,} texts",
                measured=accuracy[RECURRENT] - accuracy[WINDOWS],
                at_least=5,
                unit="points",
            ),
            Claim(
                text="With the length there are more of them to choose from",
                quantity="test accuracy of windows, long sentences less short",
                measured=lost[WINDOWS],
                at_most=-5,
                unit="points",
            ),
            Claim(
                text="So it is with words that are counted",
                quantity="test accuracy of a bag of words, long sentences less short",
                measured=lost[BAG],
                at_most=-5,
                unit="points",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(11, 4.4), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        for name, line in zip(NETWORKS, ("o-", "s-", "^-", "D--"), strict=True):
            counts = np.stack([results.values("accuracy", network=name, examples=count) for count in self.examples])
            groups = np.stack([results.values(one, network=name, examples=self.examples[-1]) for one in GROUPS])
            for axes, places, values in ((left, self.examples, counts), (right, GROUPS, groups)):
                settings = {"capsize": 3, "fillstyle": "none", "markersize": 9, "label": name}
                axes.errorbar(places, values.mean(axis=1), values.std(axis=1), fmt=line, **settings)
        for axes in (left, right):
            axes.axhline(self._commonest, color="gray", linestyle=":", label="the commonest class")
            axes.grid(alpha=0.3)
        left.set_xscale("log")
        left.set_xticks(self.examples, [f"{count:,}" for count in self.examples])
        left.minorticks_off()
        left.set(xlabel="training texts", ylabel="test accuracy, %", title=f"{self.subject}: classes of texts")
        right.set(xlabel=f"test texts, a third each, from {self.examples[-1]:,}", title="by length")
        left.legend()
        save_figure(figure, folder / "text_classification.png")

    @property
    def _commonest(self) -> float:
        labels = self.labelled.test.columns["label"].values
        return 100 * np.bincount(labels).max() / len(labels)


def of_clauses(pairs: Data) -> Data:
    """The sources of `pairs`, each with the gender of who acts in its last clause, as the article there tells it."""
    genders = ("masculine", "feminine")
    of_article = {article: place for forms in ARTICLES.values() for place, article in enumerate(forms)}
    splits = {}
    for name in SPLITS:
        columns = getattr(pairs, name).columns
        labels = [of_article[text.split(" et ")[-1].split()[0]] for text in columns["target"].values]
        splits[name] = Split({"text": columns["source"].values, "label": np.array(labels)})
    columns = {"text": Column(kind="text"), "label": Column(kind="class", class_names=genders)}
    spec = dataclasses.replace(pairs.spec, columns=columns)
    return dataclasses.replace(pairs, spec=spec, **splits)


def _of_real_texts(accuracy: dict[str, np.ndarray], reason: str) -> list[Claim]:
    ordered = np.max([accuracy[name] for name in NETWORKS[1:]], axis=0)
    return [
        Claim(
            text="A linear classifier of which words there are is hard to beat (Wang & Manning 2012)",
            quantity="best test accuracy of the networks that see the order, less that of a bag of words",
            measured=ordered - accuracy[BAG],
            at_most=3,
            unit="points",
            reason=reason,
        ),
        Claim(
            text="A convolution over vectors that start random is not far behind it (Kim 2014, table 2, CNN-rand)",
            quantity="test accuracy of windows less that of a bag of words",
            measured=accuracy[WINDOWS] - accuracy[BAG],
            at_least=-3,
            unit="points",
            published="76.1 and 79.4 on MR",
        ),
        Claim(
            text="With so few texts a Transformer that has read no others gains nothing on it (Devlin et al. 2019)",
            quantity="test accuracy of the Transformer less that of a bag of words",
            measured=accuracy[TRANSFORMER] - accuracy[BAG],
            at_most=1,
            unit="points",
            reason=reason,
        ),
    ]
