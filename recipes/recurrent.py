"""Recurrent networks: how far back they remember, and how their gradients vanish and explode on the way.

Hochreiter & Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997; Bengio, Simard & Frasconi, "Learning
Long-Term Dependencies with Gradient Descent is Difficult", IEEE Transactions on Neural Networks 5(2), 1994: whether the
first step of a series was up or down is to be told at its end, after a lot of noise. Pascanu, Mikolov & Bengio, "On the
difficulty of training recurrent neural networks", ICML 2013: gradients fall or grow like powers of the recurrent
kernel, and those that grow too long are clipped.

How a network begins decides a lot. Recurrent kernels are orthogonal, as Keras draws them (Saxe, McClelland & Ganguli
2014), half of that, as small as they were drawn in the nineties, or twice; the gate of an LSTM that forgets begins at
1, or open for as long as a series is (Tallec & Ollivier, "Can recurrent neural networks warp time?", ICLR 2018).

Run it by `keras-dl run recurrent`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.config import Config
from keras_dl.data import Data, Spec, Split
from keras_dl.data.spec import Column
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import Experiment, Results
from keras_dl.fields import Count, Growing, Positive, at_least
from keras_dl.figures import save_figure
from keras_dl.lazy import keras, tf
from keras_dl.tasks import get_task
from keras_dl.training import Options

SMALL, ORTHOGONAL, GRU, LSTM, OPEN = "RNN, small", "RNN, orthogonal", "GRU", "LSTM", "LSTM, open"
CELLS = {SMALL: "simple_rnn", ORTHOGONAL: "simple_rnn", GRU: "gru", LSTM: "lstm", OPEN: "lstm"}
"""the cell of each network, which are called by how they begin"""
LARGE = "RNN, large"
SCALES = {SMALL: 0.5, LARGE: 2.0}
"""factors on the recurrent kernel"""
CLIPNORM = 1.0
TESTED = 1000
"""series that accuracies are measured on"""
SEEN = 64
"""series that gradients are measured on"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recurrent(Experiment):
    """Tell from the end of a noisy series how it began, at growing distance."""

    seeds: Count = 3
    """how often each measurement is repeated, with other series and first weights"""
    lengths: Growing = (10, 30, 60)
    """steps of a series"""
    units: Count = 32
    """units of each network"""
    noise: Positive = 0.3
    """deviation of the noise at each step; the first is 1 up or down"""
    steps: Annotated[int, at_least(2)] = 500
    """training steps of each network"""
    batch_size: Count = 32
    """series per step"""
    learning_rate: Positive = 5e-3
    """Adam's at the start; it falls to 0"""

    def cells(self) -> list[dict]:
        learned = [{"part": "memory", "start": start, "length": length} for start in CELLS for length in self.lengths]
        flows = [{"part": "flow", "start": start, "length": self.lengths[-1]} for start in (*CELLS, LARGE)]
        clipped = [{"part": part, "start": LARGE, "length": self.lengths[-1]} for part in ("clipped", "not clipped")]
        return learned + flows + clipped

    def measure(self, *, seed: int, part: str, start: str, length: int) -> dict:
        """Of "flow" the "gradients" before training: by the distance from the last step the length of what it gets from
        the output, over that of the last. Of all others the test "accuracy" (%) after training, which for "clipped" and
        "not clipped" is plain gradient descent."""
        generator, config = np.random.default_rng([seed, length]), self._config(start, length)
        if part == "flow":
            keras.utils.set_random_seed(seed)
            network = config.build()
            _begin(network, start, length, generator)
            return {"gradients": gradients(network, series(SEEN, length, self.noise, generator)[0]).tolist()}
        options = Options(learning_rate=self.learning_rate, schedule="cosine", global_clipnorm=CLIPNORM)
        if part != "memory":
            clip = CLIPNORM if part == "clipped" else None
            options = Options(optimizer="sgd", learning_rate=0.1, global_clipnorm=clip)
        return {"accuracy": self._accuracy(config, options, start, length, seed, generator)}

    def _config(self, start: str, length: int) -> Config:
        name = f"{CELLS.get(start, 'simple_rnn')}_classifier"
        return get_config(name, series=(length, 1), classes=2, units=self.units, dropout=0.0)

    def _accuracy(
        self, config: Config, options: Options, start: str, length: int, seed: int, generator: np.random.Generator
    ) -> float:
        task = get_task("classification")
        training = self.quiet(config, options, self.steps, task=task)
        network = training.begin(seed)
        _begin(network, start, length, generator)
        arrange = task.arrange(network)
        train, test = (_data(*series(n, length, self.noise, generator)) for n in (self.steps * self.batch_size, TESTED))
        training.fit(train.train.stream(self.batch_size, steps=self.steps, seed=seed, arrange=arrange))
        [(x, labels)] = test.train.batches(TESTED, arrange)
        told = keras.ops.convert_to_numpy(network(x)).argmax(axis=1)
        return 100 * float(np.mean(told == labels.numpy()))

    def claims(self, results: Results) -> list[Claim]:
        longest = self.lengths[-1]
        back = f"gradient {longest - 1} steps back over that of the last step"
        accuracy = {start: results.values("accuracy", part="memory", start=start, length=longest) for start in CELLS}
        flow = {start: results.values("gradients", part="flow", start=start)[:, -1] for start in (*CELLS, LARGE)}
        clipped, raw = (results.values("accuracy", part=part) for part in ("clipped", "not clipped"))
        return [
            Claim(
                text="Gradients vanish like powers of a small recurrent kernel (Pascanu et al. 2013, section 2.1)",
                quantity=f"{back}, {SMALL}, over the power of its scale",
                measured=flow[SMALL] / SCALES[SMALL] ** (longest - 1),
                at_most=10,
            ),
            Claim(
                text="and what was at the beginning is not learned (Bengio et al. 1994)",
                quantity=f"accuracy after {longest} steps, {SMALL}",
                measured=accuracy[SMALL],
                at_most=75,
                unit="%",
            ),
            Claim(
                text="A gate that keeps lets gradients through (Hochreiter & Schmidhuber 1997; Tallec & Ollivier 2018)",
                quantity=f"{back}, {OPEN}",
                measured=flow[OPEN],
                at_least=0.01,
            ),
            Claim(
                text="and what was at the beginning is learned",
                quantity=f"accuracy after {longest} steps, {OPEN}",
                measured=accuracy[OPEN],
                at_least=95,
                unit="%",
            ),
            Claim(
                text="Gates that begin half open forget (Jozefowicz et al. 2015)",
                quantity=f"accuracy after {longest} steps, {LSTM}",
                measured=accuracy[LSTM],
                at_most=75,
                unit="%",
            ),
            Claim(
                text="An orthogonal kernel remembers without any gate (Saxe et al. 2014)",
                quantity=f"accuracy after {longest} steps, {ORTHOGONAL}",
                measured=accuracy[ORTHOGONAL],
                at_least=95,
                unit="%",
            ),
            Claim(
                text="Gradients explode where the kernel is large (Pascanu et al. 2013)",
                quantity=f"{back}, {LARGE}",
                measured=flow[LARGE],
                at_least=10,
            ),
            Claim(
                text="and clipping them is what lets such a network learn (Pascanu et al. 2013, section 3.2)",
                quantity="accuracy with clipping less that without",
                measured=clipped - raw,
                at_least=5,
                unit="points",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(11, 4.4), layout="constrained")
        left, right = figure.subplots(1, 2)
        for start in CELLS:
            values = [results.values("accuracy", part="memory", start=start, length=length) for length in self.lengths]
            spread = np.std(values, axis=1)
            left.errorbar(self.lengths, np.mean(values, axis=1), spread, capsize=3, marker="o", label=start)
        for start in (*CELLS, LARGE):
            right.semilogy(results.mean("gradients", part="flow", start=start), label=start)
        left.axhline(50, color="gray", linestyle=":")
        left.set(xlabel="steps from the beginning to the end", ylabel="accuracy, %", title="what was the first step?")
        right.set(xlabel="steps back", ylabel="gradient / that of the last step", title="before training")
        for axes in (left, right):
            axes.grid(alpha=0.3)
            axes.legend(fontsize=8)
        save_figure(figure, folder / "recurrent.png")


def series(count: int, length: int, noise: float, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Noise (count, length, 1) whose first step is 1 up or down, and which it is, 1 or 0, (count,)."""
    labels = generator.integers(0, 2, count)
    values = noise * generator.normal(size=(count, length, 1))
    values[:, 0, 0] += 2 * labels - 1
    return values.astype("float32"), labels


def gradients(network: keras.Model, values: np.ndarray) -> np.ndarray:
    """How long the gradients of the outputs are with respect to each step, from the last to the first, over the last's.

    `values` are (n, length, 1), the result is (length,).
    """
    x = tf.constant(values)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = network({"series": x, "padding_mask": tf.ones(x.shape[:2], "bool")})[:, 0]
    lengths = np.sqrt(np.mean(np.square(tape.gradient(outputs, x).numpy()), axis=(0, 2)))[::-1]
    return lengths / lengths[0]


def _data(values: np.ndarray, labels: np.ndarray) -> Data:
    columns = {"series": Column(kind="series", shape=values.shape[1:]), "label": Column(kind="class", classes=2)}
    split = Split({"series": values, "label": labels})
    return Data(spec=Spec(name="series", columns=columns), train=split, validation=split, test=split)


def _begin(network: keras.Model, start: str, length: int, generator: np.random.Generator) -> None:
    """Give the recurrent layer the first weights that `start` names; others stay as Keras draws them."""
    _kernel, recurrent, *_, bias = network.get_layer("stage1").weights
    if start in SCALES:
        recurrent.assign(SCALES[start] * recurrent)
    elif start == OPEN:
        units = recurrent.shape[0]
        forget = np.log(generator.uniform(1, length - 1, units))
        bias.assign(np.concatenate([-forget, forget, np.zeros(2 * units)]))
