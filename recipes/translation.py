"""Translation: a small Transformer learns to translate, step by step, against one without attention to the source.

Vaswani et al., "Attention Is All You Need", NeurIPS 2017: attention alone translates, and learns in fewer steps than
recurrent networks do; section 6.1: beam search with a length penalty. Koehn & Knowles, "Six Challenges for Neural
Machine Translation", 2017, sections 3.5 and 3.6: a wider beam gains little, and networks are worse at long sentences.
Without attention: Sutskever, Vinyals & Le, "Sequence to Sequence Learning with Neural Networks", NIPS 2014.

Both networks learn from the same batches. BLEU is that of sacrebleu, greedy where nothing else is said.

Run it by `keras-dl run translation`, on real sentences by `--data multi30k --source de --target en --steps 4000`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.config import Config
from keras_dl.data.vocabulary import PAD, Vocabulary
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Counts, Positive
from keras_dl.figures import save_figure
from keras_dl.tasks import get_task
from keras_dl.tasks.translation import SOURCE, TARGET
from keras_dl.training import Options

TRANSFORMER, RECURRENT = "transformer", "lstm without attention"
NETWORKS = (TRANSFORMER, RECURRENT)
GROUPS = ("short", "middle", "long")
PARTS = 5
"""of the training, after each of which BLEU is measured"""
SCORED = 300
"""sentences of the test split that are translated"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Translation(DataExperiment):
    """Translate by a small Transformer: its curve, without attention, by a beam, and by the length of sentences."""

    data: str = "clauses"
    """pairs of sentences: "clauses", made by rules, or others as `keras-dl train` takes them"""
    seeds: Count = 3
    """how often each measurement is repeated, with other first weights"""
    width: Count = 64
    """numbers in a token of the Transformer, and in a state of the other network"""
    blocks: Count = 2
    """blocks of the Transformer's encoder, and of its decoder"""
    length: Count = 36
    """tokens of a sentence; longer ones are cut"""
    steps: Count = 1000
    """training steps of each network"""
    batch_size: Count = 64
    """sentences per step"""
    learning_rate: Positive = 2e-3
    """Adam's at its highest; it falls with the root of the number of the step"""
    beams: Counts = (2, 5)
    """beginnings that are gone on with side by side"""

    def cells(self) -> list[dict]:
        return [{"network": network} for network in NETWORKS]

    def measure(self, *, seed: int, network: str) -> dict:
        """The "curve" of the BLEU of test sentences after each of `PARTS` parts, and at the end that of each of
        `GROUPS` of like length; of the Transformer also by each of the `beams`."""
        task = get_task("translation")
        config, data = task.adapt(self._config(network), self.dataset)
        options = Options(
            learning_rate=self.learning_rate,
            schedule="inverse_sqrt",
            warmup=0.2,
            beta_2=0.98,
            label_smoothing=0.1,
            global_clipnorm=1.0,
        )
        loop = self.quiet(config, options, self.steps, task=task)
        model = loop.begin(seed)
        test = data.test.take(range(min(SCORED, len(data.test))))
        sources = test.columns[SOURCE].values
        right = Vocabulary.from_json(data.spec.columns[TARGET].vocabulary).decode(test.columns[TARGET].values)

        def translated(width: int = 1) -> list[str]:
            answers = task.replace(beam_width=width).answers(model, config, {SOURCE: sources}, data.spec)
            return [answer["text"] for answer in answers]

        batches = data.train.stream(self.batch_size, steps=self.steps, seed=seed, arrange=task.arrange(model))
        curve = []
        for part in range(PARTS):
            ends = [self.steps * (part + shift) // PARTS for shift in (0, 1)]
            loop.fit(batches.skip(ends[0]).take(ends[1] - ends[0]))
            written = translated()
            curve.append(bleu(written, right))
        by_length = np.array_split(np.argsort((sources != PAD).sum(axis=1), kind="stable"), len(GROUPS))
        groups = {name: bleu(written, right, places) for name, places in zip(GROUPS, by_length, strict=True)}
        widths = self.beams if network == TRANSFORMER else ()
        return {"curve": curve, **groups, "beams": [bleu(translated(width), right) for width in widths]}

    def _config(self, network: str) -> Config:
        sizes = {"source_length": self.length, "target_length": self.length, "width": self.width}
        if network == RECURRENT:
            return get_config("seq2seq_lstm", layers=1, **sizes)
        blocks = {"blocks": self.blocks, "heads": 4, "units": 4 * self.width}
        return get_config("transformer_base", **sizes, **blocks)

    def claims(self, results: Results) -> list[Claim]:
        curve = {name: results.values("curve", network=name) for name in NETWORKS}
        groups = {name: results.values(name, network=TRANSFORMER) for name in GROUPS}
        beams = results.values("beams", network=TRANSFORMER)
        return [
            Claim(
                text="Attention alone translates (Vaswani et al. 2017)",
                quantity="BLEU of the Transformer",
                measured=curve[TRANSFORMER][:, -1],
                at_least=30,
            ),
            Claim(
                text="A Transformer translates better than a network that reads the sentence into one vector",
                quantity="BLEU of the Transformer less that without attention",
                measured=curve[TRANSFORMER][:, -1] - curve[RECURRENT][:, -1],
                at_least=5,
            ),
            Claim(
                text="It goes on to learn (Vaswani et al. 2017, whose base model learns for 100,000 steps)",
                quantity=f"BLEU at the end less that after {self.steps // PARTS:,} steps, of the Transformer",
                measured=curve[TRANSFORMER][:, -1] - curve[TRANSFORMER][:, 0],
                at_least=5,
            ),
            Claim(
                text="A beam gains little on the likeliest word each time (Koehn & Knowles 2017, section 3.6)",
                quantity=f"BLEU by a beam of {self.beams[-1]} less greedy",
                measured=beams[:, -1] - curve[TRANSFORMER][:, -1],
                at_least=-0.5,
                at_most=3,
            ),
            Claim(
                text="Long sentences are harder than short ones (Koehn & Knowles 2017, section 3.5)",
                quantity="BLEU of the long sentences less that of the short, of the Transformer",
                measured=groups["long"] - groups["short"],
                at_most=-1,
                reason="all embedded sentences are translated right" if self.data == "clauses" else "",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(12, 4.2), layout="constrained")
        left, middle, right = figure.subplots(1, 3, width_ratios=(1.2, 1, 1))
        steps = [self.steps * part // PARTS for part in range(1, PARTS + 1)]
        for name in NETWORKS:
            curves = results.values("curve", network=name)
            groups = np.stack([results.values(one, network=name) for one in GROUPS], axis=1)
            for axes, places, values in ((left, steps, curves), (middle, GROUPS, groups)):
                axes.errorbar(places, values.mean(axis=0), values.std(axis=0), capsize=3, marker="o", label=name)
        greedy = results.values("curve", network=TRANSFORMER)[:, -1:]
        beams = np.hstack([greedy, results.values("beams", network=TRANSFORMER)])
        widths = [*map(str, (1, *self.beams))]
        right.bar(widths, beams.mean(axis=0), yerr=beams.std(axis=0), capsize=3, color="C0")
        left.set(xlabel="training steps", ylabel="BLEU", title=f"{self.subject}: translation")
        middle.set(xlabel="test sentences, a third each", title="by length")
        right.set(xlabel="width of the beam", title=f"the {TRANSFORMER}")
        for axes in (left, middle, right):
            axes.set_ylim(0, None)
            axes.grid(alpha=0.3)
        left.legend()
        save_figure(figure, folder / "translation.png")


def bleu(written: list[str], right: list[str], places: np.ndarray | slice = slice(None)) -> float:
    """The BLEU of the texts at `places`, all by default, against the `right` ones."""
    import sacrebleu

    texts = (np.array(one, object)[places].tolist() for one in (written, right))
    return sacrebleu.corpus_bleu(next(texts), [next(texts)]).score
