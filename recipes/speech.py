"""Speech: digits said in a row, by deep networks and by Gaussians, each with the same hidden Markov models.

Hinton et al., "Deep Neural Networks for Acoustic Modeling in Speech Recognition", IEEE Signal Processing Magazine
29(6), 2012: networks with 4 to 10 layers that see 10 to 30 frames tell the states of words better than mixtures of
Gaussians, in every laboratory of table 3. Which state is said when is found by forced alignment, again and again.

Recordings of single words are joined to strings with silences between, of which nobody tells the decoder how many words
they have, or where. A network sees 11 frames, or one; its states stay as they begin, parts of equal length, or are
found anew before each epoch. The Gaussians, mixtures of diagonal ones on one frame, find theirs anew as often.

Run it by `keras-dl run speech`; the data are recordings by class, by default spoken_digit.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.config import Config
from keras_dl.data import Data, Split
from keras_dl.data.spectra import ANALYSES
from keras_dl.data.utterances import SERIES, STATES, WORDS
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.learning import hidden_markov
from keras_dl.tasks import get_task
from keras_dl.tasks.speech_recognition import SpeechRecognition
from keras_dl.training import Options

MODELS = {
    "network": "network,\n11 frames",
    "equal_parts": "network, states\nof equal length",
    "one_frame": "network,\n1 frame",
    "gaussians": "Gaussians,\n1 frame",
}
ROUNDS = 3
"""how often the Gaussians are fitted"""
NEVER = 10**6
"""epochs"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Speech(DataExperiment):
    """Compare acoustic models by the words that they make out."""

    data: str = "spoken_digit"
    """recordings of words by class: a name of tensorflow-datasets or a folder"""
    seeds: Count = 3
    """how often each measurement is repeated, with other first weights"""
    words: Count = 5
    """words of a string"""
    states: Count = 8
    """states of a word"""
    frames: Count = 11
    """frames that the network sees at once, an odd number"""
    units: Count = 256
    """units of a hidden layer"""
    layers: Count = 3
    """hidden layers"""
    mixtures: Count = 4
    """Gaussians of a state"""
    epochs: Count = 8
    """passes over the training strings"""
    batch_size: Count = 16
    """strings per step"""
    learning_rate: Positive = 2e-3
    """Adam's at the start; it falls to 0"""

    def cells(self) -> list[dict]:
        return [{"model": model} for model in MODELS]

    def measure(self, *, seed: int, model: str) -> dict:
        """The share of test words that are wrong, in %, and how far forced alignments are from the borders, in ms."""
        frames = 1 if model == "one_frame" else self.frames
        size = {"frames": frames, "units": self.units, "layers": self.layers, "dropout": 0.2}
        config, data = self._task.adapt(get_config("speech_dnn_hmm", **size), self.dataset)
        if model == "gaussians":
            score = self._gaussians(data, config, seed)
        else:
            network = self._network(data, config, NEVER if model == "equal_parts" else 1, seed)
            score = functools.partial(network.predict, batch_size=self.batch_size, verbose=0)
        scores, split = score(data.test.columns[SERIES].values), data.test
        return {"errors": 100 * self._wrong(scores, split), "borders": self._distance(scores, split)}

    @property
    def _task(self) -> SpeechRecognition:
        return get_task("speech_recognition", words=self.words, states=self.states)

    def _network(self, data: Data, config: Config, realign: int, seed: int) -> keras.Model:
        task, steps = self._task.replace(realign=realign).for_data(data.spec), -(-len(data.train) // self.batch_size)
        options = Options(learning_rate=self.learning_rate, schedule="linear")
        training = self.quiet(config, options, self.epochs * steps, task=task)
        network, learner = training.begin(seed), training.model
        learner.callbacks(data)
        for epoch in range(self.epochs):
            learner.begin_epoch(epoch, seed)
            size, arrange = min(self.batch_size, len(data.train)), task.arrange(network)
            training.fit(data.train.stream(size, steps=steps, seed=seed + epoch, arrange=arrange))
        return network

    def _gaussians(self, data: Data, config: Config, seed: int):
        """What gives the log likelihoods of the states of each step of series (n, steps, bands)."""
        from sklearn.mixture import GaussianMixture

        series, words = data.train.columns[SERIES].values, data.train.columns[WORDS].values
        states = data.train.columns[STATES].values.copy()
        there = states >= 0
        for _ in range(ROUNDS):
            fitted = []
            for state in range(config.classes):
                members = series[states == state].astype("float64")
                if len(members) < 2:
                    raise UsageError(f"{self.data} has too few recordings for {self.states} states of each word")
                count = min(self.mixtures, len(members))
                fitted.append(
                    GaussianMixture(count, covariance_type="diag", reg_covar=1e-2, random_state=seed).fit(members)
                )

            def likelihoods(x, fitted=tuple(fitted)):
                flat = x.reshape(-1, x.shape[-1]).astype("float64")
                return np.stack([one.score_samples(flat) for one in fitted], axis=-1).reshape(*x.shape[:2], -1)

            for place, score in enumerate(likelihoods(series)):
                parts = hidden_markov.chain(words[place], self.states, config.classes - 1)
                if there[place].sum() >= self.states * self.words:
                    states[place, there[place]] = hidden_markov.aligned(score[there[place]], *parts)
        return likelihoods

    def _wrong(self, scores: np.ndarray, split: Split) -> float:
        words, count = split.columns[WORDS].values, (scores.shape[-1] - 1) // self.states
        wrong = 0
        for score, states, string in zip(scores, split.columns[STATES].values, words.tolist(), strict=True):
            told = hidden_markov.decoded(score[states >= 0].astype("float64"), count, self.states)
            wrong += hidden_markov.errors(told, string)
        return wrong / words.size

    def _distance(self, scores: np.ndarray, split: Split) -> float:
        silence, distances = scores.shape[-1] - 1, []
        columns = (split.columns[name].values for name in (STATES, WORDS))
        for score, states, string in zip(scores, *columns, strict=True):
            parts = hidden_markov.chain(string, self.states, silence)
            found = hidden_markov.aligned(score[states >= 0], *parts)
            first, second = (borders(one, silence, self.states) for one in (found, states[states >= 0]))
            distances.append(np.abs(first - second))
        return float(np.mean(distances) * 1000 * ANALYSES["series"].hop)

    def claims(self, results: Results) -> list[Claim]:
        wrong = {model: results.values("errors", model=model) for model in MODELS}
        return [
            Claim(
                text="Deep networks tell words apart better than Gaussians (Hinton et al. 2012, table 3)",
                quantity="word errors of Gaussians over those of the network",
                measured=wrong["gaussians"] / np.maximum(wrong["network"], 0.1),
                at_least=1.3,
                published="1.1 to 1.5",
            ),
            Claim(
                text="They need to see many frames at once (Hinton et al. 2012)",
                quantity="word errors with one frame less those with more",
                measured=wrong["one_frame"] - wrong["network"],
                at_least=2,
                unit="points",
            ),
            Claim(
                text="States that are found anew are better than parts of equal length",
                quantity="word errors with equal parts less those with states found anew",
                measured=wrong["equal_parts"] - wrong["network"],
                at_least=0.5,
                unit="points",
            ),
            Claim(
                text="Words are made out in strings of any number of words",
                quantity="word errors of the network",
                measured=wrong["network"],
                at_most=10,
                unit="%",
            ),
            Claim(
                text="A forced alignment finds where words begin and end",
                quantity="mean distance from the borders",
                measured=results.values("borders", model="network"),
                at_most=30,
                unit="ms",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(9, 4), layout="constrained")
        titles = {"errors": "words that are wrong, %", "borders": "distance from borders, ms"}
        for axes, (key, label) in zip(figure.subplots(1, 2), titles.items(), strict=True):
            values = np.stack([results.values(key, model=model) for model in MODELS])
            axes.bar(range(len(MODELS)), values.mean(axis=1), yerr=values.std(axis=1), capsize=4, color="C0")
            axes.set_xticks(range(len(MODELS)), MODELS.values(), fontsize=8)
            axes.set(ylabel=label)
            axes.grid(alpha=0.3, axis="y")
        figure.suptitle(f"{self.subject}: strings of {self.words} words")
        save_figure(figure, folder / "speech.png")


def borders(states: np.ndarray, silence: int, count: int) -> np.ndarray:
    """Where words begin and end in `states` (steps,), `count` of a word: (2 * words,) steps."""
    first = (states != silence) & (states % count == 0) & (np.roll(states, 1) != states)
    begins = np.flatnonzero(first)
    inside = np.append(states != silence, False)
    ends = [begin + int(np.argmin(inside[begin:])) for begin in begins]
    following = np.append(begins[1:], len(states))
    return np.concatenate([begins, np.minimum(ends, following)])
