"""Attention: a network that may look back at each word translates long sentences that one vector does not hold.

Bahdanau, Cho & Bengio, "Neural Machine Translation by Jointly Learning to Align and Translate", ICLR 2015, figure 2:
the BLEU of a network that reads a sentence into a vector falls with its length, that of one with attention does not;
figure 3: what it looks at is an alignment. Without attention: Sutskever, Vinyals & Le, "Sequence to Sequence Learning
with Neural Networks", NIPS 2014.

Both networks have states of the same width and learn from the same batches. BLEU is that of sacrebleu.

Run it by `keras-dl run attention`, on real sentences with `--data tatoeba_en_fr --steps 6000 --width 128`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.data.vocabulary import PAD, Vocabulary
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive
from keras_dl.figures import save_figure
from keras_dl.tasks import get_task
from keras_dl.tasks.translation import SOURCE, TARGET
from keras_dl.training import Options

WITH, WITHOUT = "with attention", "without"
GROUPS = ("short", "middle", "long")
SCORED = 300
"""sentences of the test split that are translated"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Attention(DataExperiment):
    """Translate with and without attention, and compare by the length of sentences."""

    data: str = "clauses"
    """pairs of sentences: "clauses", made by rules, or others as `keras-dl train` takes them"""
    seeds: Count = 3
    """how often each measurement is repeated, with other first weights"""
    width: Count = 64
    """numbers in a state of both networks"""
    length: Count = 36
    """tokens of a sentence; longer ones are cut"""
    steps: Count = 800
    """training steps of each network"""
    batch_size: Count = 64
    """sentences per step"""
    learning_rate: Positive = 3e-3
    """Adam's at the start; it falls to 0"""

    def cells(self) -> list[dict]:
        return [{"network": network} for network in (WITH, WITHOUT)]

    def measure(self, *, seed: int, network: str) -> dict:
        """The "bleu" of all test sentences and of each of `GROUPS` of like length; with attention also "order", how far
        what is looked at moves on with what is written, and the "map" of the first sentence."""
        import sacrebleu

        task, sizes = get_task("translation"), {"source_length": self.length, "target_length": self.length}
        if network == WITH:
            config = get_config("seq2seq_attention", width=self.width, embedding_width=self.width, **sizes)
        else:
            config = get_config("seq2seq_lstm", width=self.width, layers=1, **sizes)
        config, data = task.adapt(config, self.dataset)
        options = Options(learning_rate=self.learning_rate, schedule="cosine", global_clipnorm=1.0)
        training = self.quiet(config, options, self.steps, task=task)
        model = training.begin(seed)
        arrange = task.arrange(model)
        training.fit(data.train.stream(self.batch_size, steps=self.steps, seed=seed, arrange=arrange))

        test = data.test.take(range(min(SCORED, len(data.test))))
        sources, targets = (test.columns[name].values for name in (SOURCE, TARGET))
        written = [answer["text"] for answer in task.answers(model, config, {SOURCE: sources}, data.spec)]
        right = Vocabulary.from_json(data.spec.columns[TARGET].vocabulary).decode(targets)
        found = {"bleu": sacrebleu.corpus_bleu(written, [right]).score}
        by_length = np.argsort((sources != PAD).sum(axis=1), kind="stable")
        for name, places in zip(GROUPS, np.array_split(by_length, len(GROUPS)), strict=True):
            group = [written[place] for place in places], [[right[place] for place in places]]
            found[name] = sacrebleu.corpus_bleu(*group).score
        if network == WITH:
            from keras_dl.architectures.sequence.seq2seq import attention

            [(x, _, known)] = test.batches(len(test), arrange)
            shares = attention(model).predict(x, verbose=0)
            found["order"] = order(shares, known.numpy() > 0)
            read, told = (sources[0] != PAD).sum(), int(known[0].numpy().sum())
            found["map"] = shares[0, :told, :read].round(3).tolist()
            found["words"] = [
                _words(data.spec, SOURCE, sources[0, :read]),
                _words(data.spec, TARGET, targets[0, 1 : told + 1]),
            ]
        return found

    def claims(self, results: Results) -> list[Claim]:
        keys = ("bleu", *GROUPS)
        looking, blind = ({key: results.values(key, network=one) for key in keys} for one in (WITH, WITHOUT))
        return [
            Claim(
                text="A network with attention translates better than one without (Bahdanau et al. 2015, table 1)",
                quantity="BLEU with attention less that without",
                measured=looking["bleu"] - blind["bleu"],
                at_least=5,
            ),
            Claim(
                text="Without attention long sentences suffer (Bahdanau et al. 2015, figure 2)",
                quantity="BLEU of the long sentences less that of the short, without",
                measured=blind["long"] - blind["short"],
                at_most=-5,
                reason="after so few steps it translates sentences of no length",
            ),
            Claim(
                text="With it they suffer less (Bahdanau et al. 2015, figure 2)",
                quantity="what long sentences lose against short ones, with attention less without",
                measured=(looking["short"] - looking["long"]) - (blind["short"] - blind["long"]),
                at_most=-3,
                unit="BLEU",
                reason="without attention short sentences have nothing to lose yet",
            ),
            Claim(
                text="What it looks at moves through the sentence as it is translated (Bahdanau et al. 2015, figure 3)",
                quantity="correlation of the place that is written with the mean place that is looked at",
                measured=results.values("order", network=WITH),
                at_least=0.8,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(11, 4.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        for network in (WITH, WITHOUT):
            scores = np.array([results.values(name, network=network) for name in GROUPS])
            left.errorbar(GROUPS, scores.mean(axis=1), scores.std(axis=1), capsize=3, marker="o", label=network)
        left.set(
            xlabel="test sentences, a third each", ylabel="BLEU", ylim=(0, None), title=f"{self.subject}: translation"
        )
        left.grid(alpha=0.3)
        left.legend()
        [first, *_] = [row for row in results.rows if row["network"] == WITH]
        source, target = first["words"]
        right.imshow(first["map"], cmap="Greys", vmin=0, vmax=1, aspect="auto")
        right.set_xticks(range(len(source)), source, rotation=90, fontsize=7)
        right.set_yticks(range(len(target)), target, fontsize=7)
        right.set_title("what is looked at (across) for what is written (down)", fontsize=10)
        save_figure(figure, folder / "attention.png")


def order(shares: np.ndarray, known: np.ndarray) -> float:
    """The mean correlation, over sentences, of the place that is written with the mean place that is looked at.

    `shares` are (n, written, read), `known` (n, written) says where there is a word.
    """
    places = shares @ np.arange(shares.shape[2])
    rows = (place[there] for place, there in zip(places, known, strict=True))
    return float(np.mean([np.corrcoef(np.arange(len(row)), row)[0, 1] for row in rows]))


def _words(spec, name: str, ids: np.ndarray) -> list[str]:
    vocabulary = Vocabulary.from_json(spec.columns[name].vocabulary)
    return [vocabulary.decode([[one]])[0].strip() or "." for one in ids.tolist()]
