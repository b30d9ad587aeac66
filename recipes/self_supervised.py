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
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config, surgery
from keras_dl.data import Data
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive, at_least, multiple_of
from keras_dl.figures import save_figure
from keras_dl.lazy import keras, tf
from keras_dl.learning.contrastive import alignment, uniformity
from keras_dl.learning.hiding import error, filled
from keras_dl.learning.probe import linear_probe, outputs
from keras_dl.learning.task import Task
from keras_dl.tasks import get_task
from keras_dl.training import Options

TASKS = {"views": "SimCLR", "rotation": "rotation", "hidden": "masked autoencoder", "clusters": "DeepCluster"}
VIEWS = ("crop", "rotate", "shift")
"""the changes that make views of a picture"""
ROUNDS = 8
"""parts of a training; clusters are found anew for each"""
LABELS = 10
"""labels of each class for the probe"""
PATCH, HIDDEN = 2, 0.5
"""height and width of what is hidden, and its share of a picture"""
LOOKED_AT = 2000
"""test pictures, at most, whose alignment and uniformity are measured"""
SHOWN = 6
"""test pictures that are shown as they are imputed"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SelfSupervised(DataExperiment):
    """Train an encoder without labels in four ways, and probe its features with ten labels a class."""

    seeds: Count = 3
    """how often each measurement is repeated, with other initial weights, orders and labelled examples"""
    width: Count = 8
    """filters of the encoder's first convolution; it ends in eight times as many features"""
    steps: Annotated[int, multiple_of(ROUNDS)] = 400
    """training steps of each task"""
    batch_size: Count = 128
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
        learned = self._tasks[task]
        config, data = learned.adapt(get_config("nakkiran_cnn5", k=self.width), self.dataset)
        options = Options(learning_rate=self.learning_rate, schedule="cosine", warmup=0.0)
        training = self.quiet(config, options, self.steps, task=learned)
        network, found = training.begin(seed), []
        encoder, arrange, say = surgery.embedding(network), learned.arrange(network), getattr(self, f"_{task}")
        few, test = data.train.few(LABELS, seed), data.test

        def look(_epoch=None, _logs=None):
            known, unseen = outputs(encoder, few), outputs(encoder, test)
            accuracy = 100 * linear_probe(known, few.labels, unseen, test.labels)
            found.append({"accuracy": accuracy, **say(training.model, data, seed)})

        look()
        stream = data.train.stream(self.batch_size, steps=self.steps, seed=seed, arrange=arrange)
        looking = [keras.callbacks.LambdaCallback(on_epoch_end=look)]
        training.fit(stream, epochs=ROUNDS, steps_per_epoch=self.steps // ROUNDS, callbacks=looking)
        curves = {name: [values[name] for values in found] for name in found[0]}
        if "pictures" in curves:
            curves["pictures"] = curves["pictures"][-1]
        known, unseen = (split.inputs().reshape(len(split), -1) for split in (few, test))
        return curves | {"pixels": 100 * linear_probe(known, few.labels, unseen, test.labels)}

    @functools.cached_property
    def _tasks(self) -> dict[str, Task]:
        return {
            "views": get_task("contrastive", changes=VIEWS),
            "rotation": get_task("rotation"),
            "hidden": get_task("masked_reconstruction", patch=PATCH, masking_ratio=HIDDEN),
            "clusters": get_task("clustering", clusters=self.clusters, changes=VIEWS),
        }

    def _views(self, learner: keras.Model, data: Data, seed: int) -> dict:
        """The alignment and the uniformity of test pictures."""
        pictures = data.test.inputs()[:LOOKED_AT]
        views, _ = self._tasks["views"].prepare({"image": pictures}, tf.constant([seed, 1], "int64"))
        single = learner.projection(learner.encoder(pictures))
        return {"alignment": float(alignment(learner(views))), "uniformity": float(uniformity(single))}

    def _rotation(self, learner: keras.Model, data: Data, seed: int) -> dict:
        """The share of test pictures whose turn is named."""
        batches = data.test.batches(256, self._tasks["rotation"].arrange(learner))
        return {"right": learner.evaluate(batches, return_dict=True, verbose=0)["accuracy"]}

    def _hidden(self, learner: keras.Model, data: Data, seed: int) -> dict:
        """The error of hidden test pixels over that of their mean, and pictures as they are, hidden, and imputed."""
        pictures, mean = data.test.inputs(), data.train.inputs().mean(axis=0, keepdims=True)
        x, _ = self._tasks["hidden"].prepare({"image": pictures}, None)
        hidden, guesses = tf.cast(x["hidden"], "float32"), learner(x)
        ratio = np.mean(error(pictures, guesses, hidden)) / np.mean(error(pictures, mean, hidden))
        rows = (pictures, filled(pictures, hidden), tf.where(x["hidden"], guesses, pictures))
        return {"error": float(ratio), "pictures": [np.round(row[:SHOWN] / 255, 3).tolist() for row in rows]}

    def _clusters(self, learner: keras.Model, data: Data, seed: int) -> dict:
        """Finds the clusters anew: what they know of the classes, normalized, and how many are in the smallest."""
        found = learner.find(outputs(learner.encoder, data.train), seed)
        from sklearn.metrics import normalized_mutual_info_score

        information = normalized_mutual_info_score(data.train.labels, found.labels)
        return {"information": float(information), "smallest": int(found.counts.min())}

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
