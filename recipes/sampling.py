"""Sampling: what a language model writes by temperature, top-k, top-p and beam; the likeliest text is not the best.

Holtzman, Buys, Du, Forbes & Choi, "The Curious Case of Neural Text Degeneration", ICLR 2020: the likeliest text, which
beam search looks for, is far likelier than what people write, and repeats itself; text that is drawn does not; and
drawing from the likeliest tokens that have most of the probability together, top-p, comes near to what people write.

A small GPT learns one long text. Each way to choose the next token then goes on with the same beginnings of the test
text. Measured is, as for the text itself as it really goes on: its likelihood under the network, in nats per token; how
much of it repeats, the share of its runs of four tokens that stood in it before (Welleck et al. 2020, ICLR); and how
many of the pairs of neighbouring tokens in all texts together are different ones (Li et al. 2016, NAACL).

Run it by `keras-dl run sampling`; `--data clauses` needs no download. In that language of rules every way to go on is
about as likely, so that no text is far likelier than another; the likeliest repeats itself there too.
"""

from __future__ import annotations

import dataclasses
import functools
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.special import log_softmax

from keras_dl import get_config
from keras_dl.analysis.repetition import different, repeated
from keras_dl.config import Config
from keras_dl.data import Data
from keras_dl.data.continued import NOTHING
from keras_dl.data.dataset import SPLITS
from keras_dl.data.spec import Column, Spec
from keras_dl.data.split import Split
from keras_dl.data.tokenized import TOKENS
from keras_dl.data.vocabulary import Vocabulary
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive
from keras_dl.figures import plain, save_figure
from keras_dl.lazy import keras
from keras_dl.tasks import get_task
from keras_dl.training import Options

REAL = "real text"
BEAM = 8
DRAWN = {
    **{f"temperature {temperature}": {"temperature": temperature} for temperature in (0.3, 0.5, 0.7, 1.0)},
    **{f"top-k {count}": {"top_k": count} for count in (5, 40)},
    **{f"top-p {share}": {"top_p": share} for share in (0.6, 0.8, 0.95)},
}
"""ways to draw a token by its arguments of `decoding.drawing`"""
METHODS = (REAL, "greedy", "beam", *DRAWN)
RUN = 4
"""tokens of a run that may repeat"""
COLOURS = {"real": "black", "greedy": "C3", "beam": "C1", "temperature": "C0", "top-k": "C2", "top-p": "C4"}
SHOWN = (REAL, "beam", "temperature 1.0", "top-p 0.95")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sampling(DataExperiment):
    """Go on with texts by each way to choose a token, and compare with how they really go on."""

    data: str = "tiny_shakespeare"
    """texts: a name of tensorflow-datasets, or "clauses", sentences made by rules"""
    seeds: Count = 2
    """how often all is repeated, with other first weights, beginnings and draws"""
    vocabulary_size: Count = 1000
    """most tokens of byte-pair encoding"""
    heads: Count = 4
    """heads of attention, of 32 numbers each"""
    blocks: Count = 2
    """blocks of the network"""
    steps: Count = 800
    """training steps"""
    batch_size: Count = 32
    """windows per step"""
    learning_rate: Positive = 2e-3
    """Adam's at the start; it falls to 0"""
    texts: Count = 32
    """beginnings that are gone on with"""
    beginning: Count = 16
    """tokens of a beginning"""
    written: Count = 64
    """tokens that are added"""

    def cells(self) -> list[dict]:
        return [{"method": method} for method in METHODS]

    def measure(self, *, seed: int, method: str) -> dict:
        """The "nats" per token that is added, the part "repeated" of its runs (%), "different" pairs (%) and a text."""
        from keras_dl import decoding

        _, data = self._encoded
        real, network = self._beginnings(data, seed), self._network(seed)
        vocabulary = Vocabulary.from_json(data.spec.columns[TOKENS].vocabulary)
        special = list(vocabulary.special)
        next_logits = decoding.without(decoding.causal(network), special)
        texts = real if method == REAL else self._continued(network, next_logits, real, method, seed)
        added = texts[:, self.beginning :]
        logits = network.predict(texts[:, :-1], batch_size=32, verbose=0)[:, self.beginning - 1 :]
        logits[..., special] = -np.inf
        told = np.take_along_axis(log_softmax(logits.astype("float64"), axis=-1), added[..., None], axis=-1)
        return {
            "nats": float(-told.mean()),
            "repeated": 100 * float(np.mean([repeated(row, RUN) for row in added])),
            "different": 100 * different(added),
            "text": vocabulary.decode(texts[:1])[0],
        }

    @functools.cached_property
    def _networks(self) -> dict[int, keras.Model]:
        return {}

    def _network(self, seed: int) -> keras.Model:
        """One that has learned the text."""
        if seed not in self._networks:
            config, data = self._encoded
            options = Options(learning_rate=self.learning_rate, schedule="cosine", global_clipnorm=1.0)
            loop = self.quiet(config, options, self.steps)
            self._networks.clear()  # that of each seed is the same object
            network = loop.begin(seed)
            arrange = get_task("language_modeling").arrange(network)
            loop.fit(data.train.stream(self.batch_size, steps=self.steps, seed=seed, arrange=arrange))
            self._networks[seed] = network
        return self._networks[seed]

    @functools.cached_property
    def _encoded(self) -> tuple[Config, Data]:
        length = self.beginning + self.written - 1
        config = get_config("gpt2_small", heads=self.heads, head_width=32, blocks=self.blocks, length=length)
        task = get_task("language_modeling", pieces="bpe", vocabulary_size=self.vocabulary_size)
        return task.adapt(config, one_text(self.dataset))

    def _beginnings(self, data: Data, seed: int) -> np.ndarray:
        """Windows of the test text, (texts, beginning + written), each of which is gone on with from its beginning."""
        ids, length = data.test.columns[TOKENS].values.ravel(), self.beginning + self.written
        ids = ids[ids != NOTHING]
        if len(ids) < length + self.texts:
            raise UsageError(f"the test text has {len(ids):,} tokens; {self.texts:,} windows of {length} are wanted")
        starts = np.random.default_rng(seed).choice(len(ids) - length, self.texts, replace=False)
        return ids[starts[:, None] + np.arange(length)]

    def _continued(
        self, network: keras.Model, next_logits: Any, real: np.ndarray, method: str, seed: int
    ) -> np.ndarray:
        """The beginnings of `real` texts, (n, length), each gone on with by `method`."""
        from keras_dl import decoding

        def write(token_ids, given):
            if method == "beam":
                return decoding.beam(next_logits, token_ids, given, width=BEAM)[0][:, 0]
            if method == "greedy":
                return decoding.greedy(next_logits, token_ids, given)
            numbers = decoding.uniform_numbers(seed, *real.shape)
            return decoding.sampling(next_logits, token_ids, given, numbers, **DRAWN[method])

        begun = np.where(np.arange(real.shape[1]) < self.beginning, real, 0)
        given = np.full(len(real), self.beginning, "int32")
        return keras.ops.convert_to_numpy(decoding.compiled(write, network)(begun, given))

    def claims(self, results: Results) -> list[Claim]:
        nats, repeats, pairs = (
            {method: results.values(key, method=method) for method in METHODS}
            for key in ("nats", "repeated", "different")
        )
        alike = "by its rules one text is about as likely as another" if self.data == "clauses" else ""
        cold, drawn, nucleus = "temperature 0.3", "temperature 1.0", "top-p 0.95"
        return [
            Claim(
                text="The likeliest text is far likelier than what people write (Holtzman et al. 2020, figure 2)",
                quantity="nats per token of the real text less those of beam search",
                measured=nats[REAL] - nats["beam"],
                at_least=1,
                unit="nats",
                reason=alike,
            ),
            Claim(
                text="and it repeats itself (Holtzman et al. 2020, figure 4, table 1)",
                quantity="runs of four tokens that stood in the text before, beam search less the real text",
                measured=repeats["beam"] - repeats[REAL],
                at_least=20,
                unit="points",
            ),
            Claim(
                text="Text that is drawn does not (Holtzman et al. 2020, table 1)",
                quantity="the same, drawn at temperature 1 less the real text",
                measured=repeats[drawn] - repeats[REAL],
                at_most=5,
                unit="points",
            ),
            Claim(
                text="A low temperature buys likelihood with variety (Holtzman et al. 2020, section 5.3)",
                quantity="different pairs of tokens, temperature 1 less temperature 0.3",
                measured=pairs[drawn] - pairs[cold],
                at_least=5,
                unit="points",
                reason=alike,
            ),
            Claim(
                text="Top-p comes nearer to the likelihood of what people write (Holtzman et al. 2020, table 1)",
                quantity="distance from the real text in nats per token, top-p 0.95 less beam search",
                measured=np.abs(nats[nucleus] - nats[REAL]) - np.abs(nats["beam"] - nats[REAL]),
                at_most=-0.5,
                unit="nats",
                reason=alike,
            ),
            Claim(
                text="and to its variety",
                quantity="distance from the real text in different pairs, top-p 0.95 less beam search",
                measured=np.abs(pairs[nucleus] - pairs[REAL]) - np.abs(pairs["beam"] - pairs[REAL]),
                at_most=-5,
                unit="points",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(11, 6.2), layout="constrained")
        above, below = figure.subfigures(2, 1, height_ratios=(3.4, 1))
        left, right = above.subplots(1, 2)
        for axes, key, label in (
            (left, "repeated", "runs of four tokens that stood there before, %"),
            (right, "different", "different pairs of tokens, %"),
        ):
            for method in METHODS:
                x, y = (results.mean(name, method=method) for name in ("nats", key))
                colour = COLOURS[method.partition(" ")[0]]
                axes.plot(x, y, "*" if method == REAL else "o", color=colour, markersize=14 if method == REAL else 7)
                axes.annotate(method, (x, y), textcoords="offset points", xytext=(4, 6), fontsize=7, rotation=40)
            axes.margins(0.12)
            axes.set(xlabel="nats per token: less is likelier", ylabel=label)
            axes.grid(alpha=0.3)
        left.set_title(f"{self.subject}: what is written, and the real text")
        for axes, method in zip(below.subplots(1, len(SHOWN)), SHOWN, strict=True):
            [text, *_] = results.values("text", method=method)
            lines = textwrap.wrap(text, 42)[:14]
            axes.text(0, 1, "\n".join(map(plain, lines)), fontsize=7, family="monospace", va="top")
            axes.set_title(method, fontsize=9, loc="left")
            axes.set_axis_off()
        save_figure(figure, folder / "sampling.png")


def one_text(data: Data) -> Data:
    """`data` whose texts, in the first column that has some, are one text a split, a line each."""
    name = data.spec.find("text")
    if name is None:
        raise UsageError(f"texts are wanted, {data.spec.name} is {data.spec.kind}")
    splits = {
        split: Split({"text": np.array(["\n".join(getattr(data, split).columns[name].values)], object)})
        for split in SPLITS
    }
    return Data(spec=Spec(name=data.spec.name, columns={"text": Column(kind="text")}), origin=data.origin, **splits)
