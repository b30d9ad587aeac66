"""Self-supervised learning: tasks that pictures set by themselves, judged by what a linear probe reads from them.

Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations", ICML 2020 (SimCLR); Wang & Isola,
"Understanding Contrastive Representation Learning through Alignment and Uniformity on the Hypersphere", ICML 2020;
Gidaris et al., "Unsupervised Representation Learning by Predicting Image Rotations", ICLR 2018; He et al., "Masked
Autoencoders Are Scalable Vision Learners", CVPR 2022, which hide 75 % of pictures of more pixels; Caron et al., "Deep
Clustering for Unsupervised Learning of Visual Features", ECCV 2018.

One convolutional encoder learns each task from all training pictures without labels. A logistic regression with ten
labels a class on its features is compared with one on the features it had untrained, which on digits is a strong
baseline. A lecture wants features aligned and uniform: an untrained network maps everything almost to one point, which
is aligned, so that alignment gets worse while uniformity improves.

Run it by `keras-dl run self-supervised`.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import contrastive, get_config, pretext, surgery
from keras_dl.augment.image import compose
from keras_dl.claims import Claim
from keras_dl.errors import UsageError
from keras_dl.experiment import DataExperiment, Results
from keras_dl.figures import save_figure
from keras_dl.lazy import keras, tf
from keras_dl.training.order import random_order

TASKS = {"views": "SimCLR", "rotation": "rotation", "hidden": "masked autoencoder", "clusters": "DeepCluster"}
VIEWS = ("crop", "rotate", "shift")
"""the changes that make views of a picture"""
ROUNDS, COPIES = 8, 4
"""parts of a training, and how many changed copies of a picture each part sees; clusters are found anew for each"""
LABELS = 10
"""labels of each class for the probe"""
PATCH, HIDDEN, MASKS = 2, 0.5, 4
"""height and width of what is hidden, its share of a picture, and how many masks each picture has"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SelfSupervised(DataExperiment):
    """Train an encoder without labels in four ways, and probe its features with ten labels a class."""

    seeds: int = 3
    width: int = 8
    """filters of the encoder's first convolution; it ends in eight times as many features"""
    steps: int = 400
    """training steps of each task, a multiple of 8"""
    batch_size: int = 128
    """pictures per step, a multiple of 4"""
    learning_rate: float = 3e-3
    """Adam's at the start; it falls to 0 along a cosine"""
    clusters: int = 30
    """clusters to be told apart"""

    def __post_init__(self):
        super().__post_init__()
        if self.width < 1:
            raise UsageError(f"width must be at least 1, got {self.width}")
        for name, multiple in (("steps", ROUNDS), ("batch_size", 4)):
            if getattr(self, name) < 1 or getattr(self, name) % multiple:
                raise UsageError(f"{name} must be a multiple of {multiple}, got {getattr(self, name)}")
        if self.clusters < 2:
            raise UsageError(f"clusters must be at least 2, got {self.clusters}")
        if not 0 < self.learning_rate < float("inf"):
            raise UsageError(f"learning_rate must be above 0 and finite, got {self.learning_rate}")

    def cells(self) -> list[dict]:
        spec = self.dataset.spec
        if spec.kind != "image" or spec.shape[0] != spec.shape[1] or spec.shape[0] % PATCH:
            raise UsageError(f"these tasks need square pictures of even size; {self.data} has inputs of {spec.shape}")
        self.dataset.train.few(LABELS, 0)
        return [{"task": task} for task in TASKS]

    def measure(self, *, seed: int, task: str) -> dict:
        """Test accuracy in % of a linear probe "before" and "after", and what the task itself says."""
        training, encoder = self._trainings[task]
        keras.utils.set_random_seed(seed)
        training.restart(self._networks(task)[0])
        before = self._probe(encoder, seed)
        found = getattr(self, f"_{task}")(training, encoder, seed)
        return {"before": before, "after": self._probe(encoder, seed), **found}

    def _networks(self, task: str) -> tuple[keras.Model, keras.Model]:
        """A new network for `task`, and the encoder in it."""
        outputs = {"views": 64, "rotation": 4, "hidden": math.prod(self.dataset.spec.shape), "clusters": self.clusters}
        encoder = surgery.embedding(get_config("nakkiran_cnn5", k=self.width).for_data(self.dataset.spec).build())
        x = encoder.output
        if task in ("views", "hidden"):
            x = keras.layers.Dense(128, activation="relu", name="projection")(x)
        return keras.Model(encoder.input, keras.layers.Dense(outputs[task], name="task")(x)), encoder

    @functools.cached_property
    def _trainings(self) -> dict:
        from keras_dl.training.compiled import CompiledSteps

        answer = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        losses = {"views": lambda _, views: contrastive.nt_xent(views), "hidden": pretext.imputation_loss}
        trainings = {}
        for task in TASKS:
            model, encoder = self._networks(task)
            rate = keras.optimizers.schedules.CosineDecay(self.learning_rate, self.steps)
            model.compile(keras.optimizers.Adam(rate), losses.get(task, answer))
            trainings[task] = CompiledSteps(model), encoder
        return trainings

    def _probe(self, encoder: keras.Model, seed: int) -> float:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        few, test = self.dataset.train.few(LABELS, seed), self.dataset.test
        probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        probe.fit(encoder(few.inputs()).numpy(), few.labels)
        return 100 * probe.score(encoder(test.inputs()).numpy(), test.labels)

    def _order(self, examples: int, batch_size: int, seed: int) -> np.ndarray:
        return random_order(examples, self.steps, batch_size, np.random.default_rng(seed))

    def _changed(self, pictures: np.ndarray, copies: int, number: int) -> np.ndarray:
        """So many changed copies of each of `pictures` (n, height, width, channels), one after the other."""
        change = compose(VIEWS, self.dataset.spec.shape[2])
        return change(tf.tile(pictures, (copies, 1, 1, 1)), tf.constant([number, 0], "int64")).numpy()

    def _rounds(self, seed: int, learn) -> None:
        """`learn` each part of the training: changed copies of the training pictures, and the order to see them in."""
        pictures = self.dataset.train.inputs()
        for number, order in enumerate(np.split(self._order(len(pictures), self.batch_size, seed), ROUNDS)):
            learn(self._changed(pictures, COPIES, ROUNDS * seed + number), order)

    def _views(self, training, _, seed: int) -> dict:
        test, count, generator = self.dataset.test.inputs(), len(self.dataset.train), np.random.default_rng(seed)
        pairs, found = self._changed(test, 2, seed), {"alignment": [], "uniformity": []}

        def look():
            found["alignment"].append(float(contrastive.alignment(training.model(pairs))))
            found["uniformity"].append(float(contrastive.uniformity(training.model(test))))

        def learn(copies, order):
            first = generator.integers(COPIES, size=order.shape)
            second = (first + generator.integers(1, COPIES, size=order.shape)) % COPIES
            order = np.concatenate([order + count * first, order + count * second], axis=1)
            training.run(copies, np.zeros(len(copies)), order)
            look()

        look()
        self._rounds(seed, learn)
        return found

    def _rotation(self, training, _, seed: int) -> dict:
        pictures, quarters = pretext.turned(self.dataset.train.inputs())
        order = self._order(len(self.dataset.train), self.batch_size // 4, seed)
        order = np.concatenate([order + quarter * len(self.dataset.train) for quarter in range(4)], axis=1)
        training.run(pictures, quarters, order)
        shown, turns = pretext.turned(self.dataset.test.inputs())
        return {"right": 100 * float(np.mean(training.model(shown).numpy().argmax(axis=1) == turns))}

    def _hidden(self, training, _, seed: int) -> dict:
        generator = np.random.default_rng(seed)
        train, test = self.dataset.train.inputs(), self.dataset.test.inputs()
        shown, targets = _masked(np.tile(train, (MASKS, 1, 1, 1)), train.mean(axis=0), generator)
        training.run(shown, targets, self._order(len(shown), self.batch_size, seed))
        shown, targets = _masked(test, train.mean(axis=0), generator)
        guesses = training.model(shown).numpy()
        flat = shown.reshape(len(shown), -1) / 255
        error, of_mean = (np.mean(pretext.imputation_loss(targets, x)) for x in (guesses, flat))
        pictures = [targets[:6, 0], flat[:6], np.where(targets[:6, 1] == 1, guesses[:6], flat[:6])]
        return {"error": float(error / of_mean), "pictures": np.round(pictures, 3).tolist()}

    def _clusters(self, training, encoder: keras.Model, seed: int) -> dict:
        from sklearn.metrics import normalized_mutual_info_score

        train, head, found = self.dataset.train, training.model.get_layer("task"), {"information": []}

        def cluster():
            names = pretext.clusters(encoder(train.inputs()).numpy(), self.clusters, seed)
            found["information"].append(float(normalized_mutual_info_score(train.labels, names)))
            found["smallest"] = int(np.bincount(names, minlength=self.clusters).min())
            return names

        def learn(copies, order):
            head.set_weights([keras.initializers.GlorotUniform(seed)(head.kernel.shape), np.zeros(self.clusters)])
            training.run(copies, np.tile(cluster(), COPIES), order)

        self._rounds(seed, learn)
        cluster()
        return found

    def claims(self, results: Results) -> list[Claim]:
        uniformity = results.values("uniformity", task="views")
        information = results.values("information", task="clusters")
        before = results.values("before", task="views")
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
                measured=results.values("right", task="rotation"),
                at_least=70,
                unit="%",
            ),
            Claim(
                text="What is hidden of a picture follows from the rest (He et al. 2022)",
                quantity="squared error of hidden test pixels over that of their mean",
                measured=results.values("error", task="hidden"),
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
                measured=results.values("smallest", task="clusters"),
                at_least=1,
                exact=True,
            ),
            *[
                Claim(
                    text=f"Features learned without labels are better than untrained ones: {name}",
                    quantity=f"gain in test accuracy of a linear probe, {LABELS} labels a class",
                    measured=results.values("after", task=task) - before,
                    at_least=3,
                    unit="points",
                )
                for task, name in TASKS.items()
            ],
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(11, 6.5), layout="constrained")
        (bars, track), (found, shown) = figure.subplots(2, 2)
        values = np.stack([results.values("before", task="views"), *(results.values("after", task=t) for t in TASKS)])
        colors = ("C7", "C0", "C1", "C2", "C3")
        heights = bars.bar(range(5), values.mean(axis=1), yerr=values.std(axis=1), capsize=3, color=colors)
        bars.bar_label(heights, fmt="%.1f", label_type="center", color="white")
        bars.set_xticks(range(5), ["untrained", *TASKS.values()], fontsize=8)
        bars.set(ylabel="test accuracy, %", ylim=(10 * (values.min() // 10) - 10, 100))
        bars.set_title(f"{self.dataset.spec.name}: linear probe, {LABELS} labels a class")
        steps = np.arange(ROUNDS + 1) * self.steps // ROUNDS
        for name, color in (("uniformity", "C0"), ("alignment", "C4")):
            track.plot(steps, results.mean(name, task="views"), color=color, marker="o", label=name)
        track.set(xlabel="training step", ylabel="nats; squared distance", title="SimCLR: test pictures on the sphere")
        track.legend()
        information = results.values("information", task="clusters")
        found.errorbar(steps, information.mean(axis=0), information.std(axis=0), color="C3", marker="o", capsize=3)
        found.set(xlabel="training step", ylabel="normalized mutual information")
        found.set_title(f"DeepCluster: {self.clusters} clusters and the classes")
        rows = results.values("pictures", task="hidden")[0].reshape(3, -1, *self.dataset.spec.shape).mean(axis=-1)
        rows = np.pad(rows, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=np.nan)
        shown.imshow(np.concatenate([np.concatenate(row, axis=1) for row in rows]), cmap="gray_r", vmin=0, vmax=1)
        places = (np.arange(3) + 0.5) * rows.shape[2]
        shown.set_yticks(places, ["picture", "hidden: mean", "imputed"])
        shown.set_xticks([])
        shown.set_title("masked autoencoder, test pictures")
        for panel in (bars, track, found):
            panel.grid(alpha=0.3, axis="y")
        save_figure(figure, folder / "self_supervised.png")


def _masked(pictures: np.ndarray, mean: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """`pictures` (n, height, width, channels) with `mean` where something is hidden; what `imputation_loss` wants."""
    mask = pretext.hidden(pictures, HIDDEN, PATCH, generator)
    targets = np.stack([pictures / 255, mask], axis=1).reshape(len(pictures), 2, -1).astype("float32")
    return np.where(mask, mean, pictures), targets


if __name__ == "__main__":
    from keras_dl.cli import run_recipe

    run_recipe("self_supervised")
