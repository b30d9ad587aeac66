"""Heat maps: what a network looked at, by eight methods on the same pictures, and the checks that they must pass.

Simonyan, Vedaldi & Zisserman 2014 (the gradient and its square); Selvaraju et al. 2017 (Grad-CAM); Bach et al. 2015
(layer-wise relevance propagation, LRP); Montavon et al. 2017 (deep Taylor decomposition); Adebayo, Gilmer, Muelly,
Goodfellow, Hardt & Kim, "Sanity checks for saliency maps", NeurIPS 2018, section 4; Sixt, Granz & Landgraf, "When
explanations lie: why many modified BP attributions fail", ICML 2020.

A small convolutional network learns the data, or `--base` names a saved one. The heat maps of its answers stand side by
side: red speaks for the answer, blue against it. Then its stages are replaced by random ones, from the output down, and
each map is compared with the trained one, by the magnitude of their rank correlation (that of unrelated maps is about
0.1): a method whose map stays as it is does not explain what was learned. Where the random network's logit is negative,
deep Taylor gives no map, which counts as 0.

Explained is the logit: the softmax of a sure network has no slope left. Relevance is conserved only where biases take
no part, so that is checked without them. And with a small epsilon LRP is no method of its own for rectified units: it
is gradient x input.

Run it by `keras-dl run heat-maps`; `--base resnet20_cifar10 --data a/folder` explains a trained network on your
pictures. Texts are explained by `keras-dl run word-heat-maps`.
"""

from __future__ import annotations

import dataclasses
import functools
import io
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import explain, get_config, saved_model, storage, surgery
from keras_dl.config import Config
from keras_dl.data import Data
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count
from keras_dl.figures import plain, save_figure
from keras_dl.lazy import keras
from keras_dl.training import Options

METHODS = {
    "gradient": explain.gradient,
    "squared gradient": explain.squared_gradient,
    "gradient x input": explain.gradient_x_input,
    "Grad-CAM": explain.grad_cam,
    "LRP epsilon 0.25": functools.partial(explain.lrp, rule="epsilon", epsilon=0.25),
    "LRP alpha 2 beta 1": functools.partial(explain.lrp, rule="alpha_beta", alpha=2.0),
    "LRP z+": functools.partial(explain.lrp, rule="zplus"),
    "deep Taylor": explain.deep_taylor,
}
MAPS = "maps.npz"
UNSEEN = 10_000  # added to a seed, so that weights are not drawn as those were that training began with
IDENTITIES = {
    "linear": (
        "The gradient of a linear model is its weights (Simonyan et al. 2014, section 3)",
        "largest difference between the map and the weights",
        {"at_most": 1e-6},
    ),
    "lrp_0": (
        "LRP-0 in a network of rectified units is gradient x input (Shrikumar et al. 2017)",
        "largest difference, relative to the largest relevance",
        {"at_most": 1e-5},
    ),
    "epsilon": (
        "Relevance is conserved: without biases it adds up to the logit (Bach et al. 2015, eq. 2)",
        "largest difference, relative to the largest logit; epsilon rule",
        {"at_most": 1e-3},
    ),
    "deep_taylor": (
        "Deep Taylor relevance is conserved too (Montavon et al. 2017, definition 1)",
        "largest difference, relative to the largest logit",
        {"at_most": 1e-3},
    ),
    "lowest": (
        "and nowhere negative (Montavon et al. 2017, definition 2)",
        "lowest relevance of a pixel",
        {"at_least": 0.0},
    ),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class HeatMaps(DataExperiment):
    """Explain the answers of a network by every method, and compare the maps with those of random weights."""

    base: str | None = None
    """folder of a saved model, or its name in saved_models/; by default a small network learns the data"""
    seeds: Count = 3
    """how often all is repeated, with other weights and pictures"""
    pictures: Count = 5
    """test pictures to explain"""
    steps: Count = 300
    """training steps of the small network"""

    def cells(self) -> list[dict]:
        return [{}]

    def measure(self, *, seed: int) -> dict:
        data = self.dataset
        if data.spec.kind == "text":
            raise UsageError(f"pictures are wanted, {data.spec.name} is text; keras-dl run word-heat-maps takes texts")
        data.spec.check_pictures()
        if self.base is None:
            data = data if self.image_size or data.spec.shape[0] >= 16 else data.resized((16, 16, *data.spec.shape[2:]))
            config = self._network(data)
            own = model = self._trained(config, data, seed)
        else:
            shape = saved_model.read_contract(self.base)["config"].input_shape
            data.spec.check_size(shape, self.base)
            data = data.resized(shape)
            model = saved_model.load(self.base)
            keras.utils.set_random_seed(seed)
            own = self._network(data).build()
        order = np.random.default_rng(seed).permutation(len(data.test))[: self.pictures]
        x = data.test.take(order).inputs()
        answers = model.predict(x, verbose=0).argmax(axis=-1)
        maps, found = {}, {}
        for name, method in METHODS.items():
            try:
                maps[name] = method(model, x, answers)
            except UsageError as error:
                found[f"{name} refused"] = str(error)
        downwards = surgery.stages(model)[::-1]
        for depth in range(1, len(downwards) + 1):
            other = explain.randomized(model, downwards[:depth], seed=seed + UNSEEN)
            for name, before in maps.items():
                likeness = np.abs(explain.rank_correlation(before, METHODS[name](other, x, answers))).mean()
                found.setdefault(f"{name} likeness", [1.0]).append(float(likeness))
        if seed == 0:
            _save_maps(self.folder() / MAPS, x, answers, maps)
        return {**found, "stages": ["none", *downwards], **identities(own, data, x)}

    def claims(self, results: Results) -> list[Claim]:
        claims = [
            Claim(text=text, quantity=quantity, measured=results.values(key), exact=True, **bound)
            for key, (text, quantity, bound) in IDENTITIES.items()
        ]
        quantity = "magnitude of the rank correlation with the trained map"
        for name in ("gradient", "gradient x input", "Grad-CAM"):
            if f"{name} likeness" in results.rows[0]:
                claims.append(
                    Claim(
                        text=f"Random weights destroy the map: {name} (Adebayo et al. 2018, figure 2)",
                        quantity=f"{quantity}, all stages random",
                        measured=results.values(f"{name} likeness")[:, -1],
                        at_most=0.5,
                    )
                )
        if "LRP z+ likeness" in results.rows[0]:
            claims.append(
                Claim(
                    text="A map of positive parts alone does not say what the last layer learned (Sixt et al. 2020, "
                    "section 3): LRP z+",
                    quantity=f"{quantity}, the head random",
                    measured=results.values("LRP z+ likeness")[:, 1],
                    at_least=0.9,
                )
            )
        return claims

    def draw(self, results: Results, folder: Path) -> None:
        with np.load(folder / MAPS) as saved:
            x, answers, maps = saved["x"], saved["answers"], {name: saved[name] for name in METHODS if name in saved}
        figure = Figure(figsize=(1.45 * (len(maps) + 1), 1.3 * len(x) + 0.3), layout="constrained")
        grid = figure.subplots(len(x), len(maps) + 1, squeeze=False)
        for row, (axes, picture, answer) in enumerate(zip(grid, x, answers, strict=True)):
            axes[0].imshow(picture.astype("uint8"), cmap="gray")
            axes[0].set(xticks=[], yticks=[], ylabel=f"answer {plain(self.dataset.spec.class_names[answer])}")
            for place, (name, values) in zip(axes[1:], maps.items(), strict=True):
                drawn = explain.draw_map(place, values[row])
                if row == 0:
                    place.set_title(name, fontsize=9)
        grid[0, 0].set_title("picture", fontsize=9)
        bar = figure.colorbar(drawn, ax=grid, shrink=0.6, ticks=[-1, 0, 1])
        bar.ax.set_yticklabels(["against", "0", "for"])
        save_figure(figure, folder / "maps.png")

        figure = Figure(figsize=(8.5, 4.2), layout="constrained")
        axes = figure.subplots()
        for name in maps:
            curves = results.values(f"{name} likeness")
            axes.plot(curves.mean(axis=0), marker="o", label=name)
        stages = results.rows[0]["stages"]
        axes.set_xticks(range(len(stages)), [stages[0], stages[1], *(f"+ {stage}" for stage in stages[2:])])
        axes.set(
            xlabel="stages with random weights, from the output down", ylabel="|rank correlation| with the trained map"
        )
        axes.set_ylim(0, 1.05)
        figure.legend(loc="outside right upper")
        save_figure(figure, folder / "randomization.png")

    def _network(self, data: Data) -> Config:
        config = get_config("lenet_like", filters=(16, 32), padding=("same", "same"), units=(64,))
        return config.for_data(data.spec).replace(input_shape=data.spec.shape)

    def _trained(self, config: Config, data: Data, seed: int) -> keras.Model:
        loop = self.quiet(config, Options(), self.steps)
        model = loop.begin(seed)
        loop.fit(data.train.stream(32, steps=self.steps, seed=seed))
        return model


def identities(model: keras.Model, data: Data, x: np.ndarray) -> dict[str, float]:
    """How far explanations are from what they must be, on the rectified `model` without its biases and a linear one."""
    linear = get_config("linear_softmax").for_data(data.spec).build()
    classes = np.zeros(len(x), int)
    weights = linear.get_layer("head").get_weights()[0][:, 0].reshape(x.shape[1:])
    bare = explain.without_biases(model)
    logits = bare.predict(x, verbose=0)
    answers, largest = logits.argmax(axis=1), np.abs(logits).max()
    parts = explain.gradient_x_input(bare, x, answers)
    relevance, taylor = (method(bare, x, answers, epsilon=1e-9) for method in (explain.lrp, explain.deep_taylor))

    def lost(maps, wanted):
        return float(np.abs(maps.reshape(len(x), -1).sum(axis=1) - wanted).max() / largest)

    return {
        "linear": float(np.abs(explain.gradient(linear, x, classes) - weights).max()),
        "lrp_0": float(np.abs(explain.lrp(bare, x, answers, epsilon=0.0) - parts).max() / np.abs(parts).max()),
        "epsilon": lost(relevance, logits.max(axis=1)),
        "deep_taylor": lost(taylor, np.maximum(logits.max(axis=1), 0)),
        "lowest": float(taylor.min()),
    }


def _save_maps(path: Path, x: np.ndarray, answers: np.ndarray, maps: dict[str, np.ndarray]) -> None:
    file = io.BytesIO()
    np.savez_compressed(file, x=x, answers=answers, **maps)
    storage.write(path, file.getvalue())
