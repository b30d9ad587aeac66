"""Shortcuts in question answering: a sentence that sounds like the question, and is no answer to it, turns the answer.

Jia & Liang, "Adversarial Examples for Evaluating Reading Comprehension Systems", EMNLP 2017: a sentence about another
thing, in the words of the question, is added to a text. No reader would mind; the networks of the time fell from a mean
F1 of 75 % to 36 %. Training on such texts helps against such sentences at the place where they were, and less elsewhere
(section 4.6).

A small BERT learns to find answers in texts as they are, and another one in texts half of which have such a sentence at
their end. Both are asked about texts as they are, with a sentence at the end, and with one in front. By default a text
says four things of one ship, so that whoever looks for a number where a weight is asked for is right; the added
sentence tells the weight of another ship. A heat map shows which words of one text made the answer.

Run it by `keras-dl run qa-shortcuts`; `--data xquad/en --split test --length 320`, or squad, takes real questions, of
whose paragraphs a fifth are kept for the test.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import explain, get_config
from keras_dl.config import Config
from keras_dl.data import Data
from keras_dl.data.answers import CONTEXT, of_answers
from keras_dl.data.dataset import SPLITS
from keras_dl.data.distractors import Misled, misled
from keras_dl.data.tokenized import SEGMENTS, TOKENS
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive
from keras_dl.figures import plain, save_figure
from keras_dl.tasks import get_task
from keras_dl.training import Options
from keras_dl.use.word_maps import of_answers as maps_of_answers

PLAIN, WARNED = "texts as they are", "half of them with a sentence at the end"
TESTS = {"as it is": None, "at the end": False, "in front": True}
"""test texts: where the sentence stands in them, `front` of `Misled.with_distractor`"""
HELD_OUT = 5
"""one of so many paragraphs is for the test"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class QAShortcuts(DataExperiment):
    """Ask networks about texts with and without a sentence that misleads."""

    data: str = "facts"
    """questions with answers in a text: "facts", made by rules, or a name of tensorflow-datasets"""
    seeds: Count = 2
    """how often each measurement is repeated, with other first weights and sentences"""
    network: str = "bert_tiny"
    """name of a network that reads two texts"""
    length: Count = 80
    """tokens of question and text; longer texts are cut"""
    vocabulary_size: Count = 4000
    """most tokens of WordPiece"""
    steps: Count = 1000
    """training steps"""
    batch_size: Count = 32
    """questions per step"""
    learning_rate: Positive = 1e-3
    """Adam's at the start; it falls to 0"""

    def cells(self) -> list[dict]:
        return [{"learned": learned} for learned in (PLAIN, WARNED)]

    def measure(self, *, seed: int, learned: str) -> dict:
        """For each of `TESTS` the "f1", the "exact" matches and the F1 of what the sentence says, "false", in %."""
        from keras_dl.learning.spans import exact_match, f1

        train, test = self._questions(seed)
        half = np.random.default_rng(seed).random(len(train)) < 0.5
        train = [
            one.with_distractor() if learned == WARNED and there else one
            for one, there in zip(train, half, strict=True)
        ]
        config, parts = self._encoded(train, test)
        task = get_task("question_answering")
        options = Options(learning_rate=self.learning_rate, schedule="cosine", global_clipnorm=1.0)
        loop = self.quiet(config, options, self.steps, task=task)
        network = loop.begin(seed)
        data = parts["as it is"]
        arrange = task.arrange(network)
        loop.fit(data.train.stream(self.batch_size, steps=self.steps, seed=seed, arrange=arrange))
        found, told = {}, {}
        for name, data in parts.items():
            answers = task.answers(network, config, _inputs(data), data.spec)
            told[name] = [answer["text"] for answer in answers]
            pairs = [*zip(told[name], test, strict=True)]
            found[f"{name}: f1"] = 100 * float(np.mean([f1(text, one.answers) for text, one in pairs]))
            found[f"{name}: exact"] = 100 * float(np.mean([exact_match(text, one.answers) for text, one in pairs]))
            found[f"{name}: false"] = 100 * float(np.mean([f1(text, [one.false]) for text, one in pairs]))
        texts = [(told["as it is"][place], told["at the end"][place], one) for place, one in enumerate(test)]
        turned = [exact_match(before, one.answers) * f1(after, [one.false]) for before, after, one in texts]
        before, after, one = texts[place := int(np.argmax(turned))]
        maps = []
        for name in ("as it is", "at the end"):
            inputs = {key: values[place : place + 1] for key, values in _inputs(parts[name]).items()}
            maps += maps_of_answers(task, network, inputs, parts[name].spec, "occlusion")
        found["maps"] = [{"words": [*one.words], "values": [*one.values]} for one in maps]
        found["titles"] = [f"{one.question} {answer}" for answer in (before, after)]
        return found

    def _questions(self, seed: int) -> tuple[list[Misled], list[Misled]]:
        """Those to learn from and those of the test, in the same texts for each seed."""
        found = misled([getattr(self.dataset, name) for name in SPLITS], seed)
        contexts = np.random.default_rng(0).permutation(sorted({one.context for one in found}))
        kept = {*contexts[: len(contexts) // HELD_OUT]}
        return [one for one in found if one.context not in kept], [one for one in found if one.context in kept]

    def claims(self, results: Results) -> list[Claim]:
        values = {
            (learned, key): results.values(key, learned=learned)
            for learned in (PLAIN, WARNED)
            for key in ("as it is: f1", "at the end: f1", "in front: f1", "at the end: false")
        }
        found = values[PLAIN, "as it is: f1"].mean()
        reason = "" if found >= 50 else f"F1 of texts as they are is {found:.0f} %: there are few right answers to turn"
        claims = [
            Claim(
                text="A sentence that misleads turns answers (Jia & Liang 2017, table 2)",
                quantity="F1 of texts with it at the end less that of texts as they are",
                measured=values[PLAIN, "at the end: f1"] - values[PLAIN, "as it is: f1"],
                at_most=-20,
                unit="points",
                published="-39 points, mean of sixteen networks",
            ),
            Claim(
                text="to what it says (Jia & Liang 2017, section 4.4)",
                quantity="F1 of the answers to the sentence, at the end",
                measured=values[PLAIN, "at the end: false"],
                at_least=30,
                unit="%",
            ),
            Claim(
                text="Who has learned with such sentences is misled less (Jia & Liang 2017, table 6)",
                quantity="F1 with a sentence at the end, learned with half of them less learned as they are",
                measured=values[WARNED, "at the end: f1"] - values[PLAIN, "at the end: f1"],
                at_least=20,
                unit="points",
            ),
            Claim(
                text="but only where they stood then (Jia & Liang 2017, table 6)",
                quantity="F1 with a sentence in front less that with one at the end, learned with half of them",
                measured=values[WARNED, "in front: f1"] - values[WARNED, "at the end: f1"],
                at_most=-5,
                unit="points",
            ),
        ]
        return [dataclasses.replace(claim, reason=reason) for claim in claims]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(10, 6.5), layout="constrained")
        above, below = figure.subfigures(2, 1, height_ratios=(1.2, 1))
        axes = above.subplots()
        for shift, learned in enumerate((PLAIN, WARNED)):
            values = np.array([results.values(f"{name}: f1", learned=learned) for name in TESTS])
            places = np.arange(len(TESTS)) + 0.4 * shift - 0.2
            axes.bar(places, values.mean(axis=1), 0.38, yerr=values.std(axis=1), capsize=3, label=learned)
        axes.set_xticks(range(len(TESTS)), [f"sentence {name}" if TESTS[name] is not None else name for name in TESTS])
        axes.set(ylabel="F1 of the answers, %", ylim=(0, 100), title=f"{self.subject}: answers in texts")
        axes.grid(alpha=0.3, axis="y")
        axes.legend(title="learned from")
        example = next(row for row in results.rows if row["learned"] == PLAIN)
        for place, one, title in zip(below.subplots(2, 1), example["maps"], example["titles"], strict=True):
            explain.draw_words(place, one["words"], np.array(one["values"]))
            place.set_title(plain(title), fontsize=9, loc="left")
        save_figure(figure, folder / "qa_shortcuts.png")

    def _encoded(self, train: list[Misled], test: list[Misled]) -> tuple[Config, dict[str, Data]]:
        """The network, and for each of `TESTS` all questions in tokens, those to learn from as they are."""
        task = get_task("question_answering", vocabulary_size=self.vocabulary_size)
        config, like, parts = get_config(self.network, length=self.length, head="span"), None, {}
        for name, front in TESTS.items():
            asked = test if front is None else [one.with_distractor(front=front) for one in test]
            rows = {"train": train, "validation": asked, "test": asked}
            rows = {split: [one.row for one in found] for split, found in rows.items()}
            data = of_answers(rows, name=self.dataset.spec.name, validation=0.1, seed=0)
            like = like or task.encoded(config, data).spec
            parts[name] = task.encoded(config, data, like)
        return config.for_data(parts["as it is"].spec), parts


def _inputs(data: Data) -> dict[str, np.ndarray]:
    """What is read of the test examples, and the texts that answers are parts of."""
    return {name: data.test.columns[name].values for name in (TOKENS, SEGMENTS, CONTEXT)}
