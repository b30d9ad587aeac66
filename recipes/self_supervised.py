"""Self-supervised learning: tasks that pictures set by themselves, judged by what a linear probe reads from them.

Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations", ICML 2020 (SimCLR); Wang & Isola,
"Understanding Contrastive Representation Learning through Alignment and Uniformity on the Hypersphere", ICML 2020;
Gidaris et al., "Unsupervised Representation Learning by Predicting Image Rotations", ICLR 2018; He et al., "Masked
Autoencoders Are Scalable Vision Learners", CVPR 2022, which hide 75 % of pictures of more pixels; Caron et al., "Deep
Clustering for Unsupervised Learning of Visual Features", ECCV 2018.

One convolutional encoder learns each task from all training pictures without labels. A logistic regression with ten
labels a class on its features is compared with one on the features it had untrained, and with one on pixels, which on
digits are strong baselines. A lecture wants features aligned and uniform: an untrained network maps everything almost
to one point, which is aligned, so that alignment gets worse while uniformity improves.

Run it by `keras-dl run self-supervised`.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config, surgery
from keras_dl.analysis.probe import features, linear_probe
from keras_dl.augment.image import compose
from keras_dl.errors import UsageError
from keras_dl.experiments import self_supervision
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive, at_least, multiple_of
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.learning import contrastive, pretext
from keras_dl.training.order import random_order

TASKS = {"views": "SimCLR", "rotation": "rotation", "hidden": "masked autoencoder", "clusters": "DeepCluster"}
VIEWS = ("crop", "rotate", "shift")
"""the changes that make views of a picture"""
ROUNDS = 8
"""parts of a training; clusters are found anew for each"""
LABELS = 10
"""labels of each class for the probe"""
PATCH, HIDDEN, MASKS = 2, 0.5, 4
"""height and width of what is hidden, its share of a picture, and how many masks each picture has"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SelfSupervised(DataExperiment):
    """Train an encoder without labels in four ways, and probe its features with ten labels a class."""

    seeds: Count = 3
    """how often each measurement is repeated, with other initial weights, orders and labelled examples"""
    width: Count = 8
    """filters of the encoder's first convolution; it ends in eight times as many features"""
    steps: Annotated[int, multiple_of(ROUNDS)] = 400
    """training steps of each task"""
    batch_size: Annotated[int, multiple_of(4)] = 128
    """pictures per step"""
    learning_rate: Positive = 3e-3
    """Adam's at the start; it falls to 0 along a cosine"""
    clusters: Annotated[int, at_least(2)] = 30
    """clusters to be told apart"""

    def cells(self) -> list[dict]:
        spec = self.dataset.spec
        spec.check_pictures()
        if spec.shape[0] != spec.shape[1] or spec.shape[0] % PATCH:
            raise UsageError(f"these tasks need square pictures of even size; {self.data} has inputs of {spec.shape}")
        self.dataset.train.few(LABELS, 0)
        return [{"task": task} for task in TASKS]

    def measure(self, *, seed: int, task: str) -> dict:
        """Before and after each eighth: the test "accuracy" of a linear probe, in %, and what the task itself says.

        Once, the probe's accuracy on "pixels".
        """
        training, encoder = self._trainings[task]
        keras.utils.set_random_seed(seed)
        training.quiet(self._networks(task)[0])
        few, test = self.dataset.train.few(LABELS, seed), self.dataset.test
        x, unseen = few.inputs(), test.inputs()

        def probed(model: keras.Model) -> float:
            return 100 * linear_probe(features(model, x), few.labels, features(model, unseen), test.labels)

        learned = self._task(task, training.model, encoder, seed)
        found = [{"accuracy": probed(encoder), **learned.look()}]
        for number, order in enumerate(np.split(learned.order, ROUNDS)):
            training.run(learned.inputs, learned.targets, order, seed=ROUNDS * seed + number)
            found.append({"accuracy": probed(encoder), **learned.look()})
        curves = {name: [values[name] for values in found] for name in found[0]}
        if "pictures" in curves:
            curves["pictures"] = curves["pictures"][-1]
        return curves | {"pixels": probed(keras.layers.Flatten())}

    def _networks(self, task: str) -> tuple[keras.Model, keras.Model]:
        """A new network for `task`, and the encoder in it."""
        outputs = {"views": 64, "rotation": 4, "hidden": math.prod(self.dataset.spec.shape), "clusters": self.clusters}
        encoder = surgery.embedding(get_config("nakkiran_cnn5", k=self.width).for_data(self.dataset.spec).build())
        x = encoder.output
        if task in ("views", "hidden"):
            x = keras.layers.Dense(128, activation="relu", name="projection")(x)
        return keras.Model(encoder.input, keras.layers.Dense(outputs[task], name="task")(x)), encoder

    @functools.cached_property
    def _change(self):
        return compose(VIEWS, self.dataset.spec.shape[2])

    @functools.cached_property
    def _trainings(self) -> dict:
        from keras_dl.training.quiet import Quiet

        answer = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        losses = {"views": lambda _, views: contrastive.nt_xent(views), "hidden": pretext.imputation_loss}
        trainings = {}
        for task in TASKS:
            model, encoder = self._networks(task)
            rate = keras.optimizers.schedules.CosineDecay(self.learning_rate, self.steps)
            model.compile(keras.optimizers.Adam(rate), losses.get(task, answer))
            augment = self._change if task in ("views", "clusters") else None
            trainings[task] = Quiet(model, augment=augment, xla=False), encoder
        return trainings

    def _task(self, task: str, model: keras.Model, encoder: keras.Model, seed: int) -> self_supervision.Task:
        if task == "hidden":
            hidden = {"share": HIDDEN, "patch": PATCH, "masks": MASKS}
            return self_supervision.imputation(model, self.dataset, self.steps, self.batch_size, **hidden, seed=seed)
        batch = self.batch_size // (4 if task == "rotation" else 1)
        order = random_order(len(self.dataset.train), self.steps, batch, np.random.default_rng(seed))
        if task == "views":
            return self_supervision.views(model, self.dataset, order, change=self._change, seed=seed)
        if task == "rotation":
            return self_supervision.rotation(model, self.dataset, order)
        return self_supervision.clustering(model, encoder, self.dataset, order, seed=seed)

    def claims(self, results: Results) -> list[Claim]:
        uniformity = results.values("uniformity", task="views")
        information = results.values("information", task="clusters")
        gain = {task: (found := results.values("accuracy", task=task)) - found[:, :1] for task in TASKS}
        forgets = (
            f"after an eighth of the steps the gain is {gain['rotation'][:, 1].mean():.1f} points; then it is lost, "
            "while turns are named ever better"
        )
        return [
            Claim(
                text="Contrastive learning spreads pictures over the sphere (Wang & Isola 2020)",
                quantity="fall of the uniformity of test pictures from that of an untrained network",
                measured=uniformity[:, 0] - uniformity[:, -1],
                at_least=1.5,
                unit="nats",
            ),
            Claim(
                text="A network can tell how far a picture was turned (Gidaris et al. 2018)",
                quantity="test pictures whose turn is named, of four",
                measured=100 * results.values("right", task="rotation")[:, -1],
                at_least=70,
                unit="%",
            ),
            Claim(
                text="What is hidden of a picture follows from the rest (He et al. 2022)",
                quantity="squared error of hidden test pixels over that of their mean",
                measured=results.values("error", task="hidden")[:, -1],
                at_most=0.7,
            ),
            Claim(
                text="Clusters come closer to the classes while a network learns them (Caron et al. 2018, figure 2)",
                quantity="rise of the normalized mutual information of clusters and classes",
                measured=information[:, -1] - information[:, 0],
                at_least=0.05,
            ),
            Claim(
                text="No cluster is empty (Caron et al. 2018, section 3.3)",
                quantity="pictures in the smallest",
                measured=results.values("smallest", task="clusters").min(axis=1),
                at_least=1,
                exact=True,
            ),
            *[
                Claim(
                    text=f"Features learned without labels are better than untrained ones: {name}",
                    quantity=f"gain in test accuracy of a linear probe, {LABELS} labels a class",
                    measured=gain[task][:, -1],
                    at_least=3,
                    unit="points",
                    reason=forgets if task == "rotation" else "",
                )
                for task, name in TASKS.items()
            ],
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(11, 7), layout="constrained")
        (probes, sphere), (tasks, shown) = figure.subplots(2, 2)
        steps = np.arange(ROUNDS + 1) * self.steps // ROUNDS
        own = {"right": "turns named", "error": "error / of the mean", "information": "clusters and classes"}
        curves = [(probes, task, "accuracy", name) for task, name in TASKS.items()]
        curves += [(tasks, t, key, f"{TASKS[t]}: {own[key]}") for t, key in zip(list(TASKS)[1:], own, strict=True)]
        for panel, task, key, label in curves:
            values = results.values(key, task=task)
            mean, spread = values.mean(axis=0), values.std(axis=0)
            (line,) = panel.plot(steps, mean, color=f"C{list(TASKS).index(task)}", marker="o", label=label)
            panel.fill_between(steps, mean - spread, mean + spread, color=line.get_color(), alpha=0.12)
        probes.axhline(results.values("pixels").mean(), color="gray", linestyle=":", label="pixels")
        probes.set(ylabel="test accuracy, %", title=f"{self.subject}: linear probe, {LABELS} labels a class")
        for key, color, label in (("uniformity", "C0", "uniformity, nats"), ("alignment", "C4", "alignment")):
            sphere.plot(steps, results.mean(key, task="views"), color=color, marker="o", label=label)
        sphere.set(ylabel="lower is better", title="SimCLR: test pictures on the sphere")
        tasks.set(ylabel="share; ratio; mutual information", ylim=(0, 1.05), title="what the other tasks say")
        for panel in (probes, sphere, tasks):
            panel.set_xlabel("training step")
            panel.grid(alpha=0.3)
            panel.legend(fontsize=8)
        rows = results.values("pictures", task="hidden")[0].reshape(3, -1, *self.dataset.spec.shape).mean(axis=-1)
        rows = np.pad(rows, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=np.nan)
        shown.imshow(np.concatenate([np.concatenate(row, axis=1) for row in rows]), cmap="gray_r", vmin=0, vmax=1)
        shown.set_yticks((np.arange(3) + 0.5) * rows.shape[2], ["picture", "hidden: mean", "imputed"])
        shown.set_xticks([])
        shown.set_title("masked autoencoder, test pictures")
        save_figure(figure, folder / "self_supervised.png")
