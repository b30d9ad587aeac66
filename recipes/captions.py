"""Captions: an LSTM that writes what is on a picture, and how much of that it has seen.

Vinyals, Toshev, Bengio & Erhan, "Show and Tell: A Neural Image Caption Generator", CVPR 2015: a network for pictures,
trained to tell classes, and an LSTM that begins with what it gives; a beam search writes better than the likeliest word
at each step. With few pictures most of what a captioner knows is its language: so a blind one, which gets the same
features for every picture, and one caption for all pictures, the best that there is, are what it is measured against.

The features are those of a saved model, by default one that tells the ten classes of CIFAR-10, dogs among them; they
stay as they are.

Run it by `keras-dl run captions`; the data are pictures with captions, by default flickr8k_1k.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config, saved_model, surgery
from keras_dl.data import Data
from keras_dl.data.captions import TARGET
from keras_dl.data.dataset import SPLITS
from keras_dl.data.spec import Column
from keras_dl.data.split import Split
from keras_dl.data.vocabulary import Vocabulary
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive
from keras_dl.figures import plain, save_figure
from keras_dl.tasks import get_task
from keras_dl.tasks.captioning import bleu
from keras_dl.training import Options

SHOWN = 6
"""pictures that are drawn"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Captions(DataExperiment):
    """Write captions from features of pictures, and without."""

    data: str = "flickr8k_1k"
    """pictures with captions: a name of tensorflow-datasets"""
    seeds: Count = 3
    """how often each measurement is repeated, with other first weights"""
    trunk: str = "resnet20_cifar10"
    """saved model whose features the captioner sees: a folder, or a name in saved_models/"""
    width: Count = 128
    """numbers in the vector of a word, and units of the LSTM"""
    length: Count = 20
    """most tokens of a caption"""
    least: Count = 3
    """how often a word must stand in the training captions"""
    beam_width: Count = 5
    """beginnings that the beam search goes on with"""
    steps: Count = 1500
    """training steps"""
    batch_size: Count = 64
    """pictures in a step, each with one of its captions"""
    learning_rate: Positive = 6e-3
    """Adam's at the start; it falls to 0"""

    def cells(self) -> list[dict]:
        return [{"sees": sees} for sees in ("pictures", "nothing")]

    def measure(self, *, seed: int, sees: str) -> dict:
        """Loss of test captions in nats a token, of the right pictures and of "other" ones, and BLEU of what is written
        word by word, by a "beam", and of one caption for all, the "best_constant"."""
        task = get_task("captioning", least=self.least)
        config, data = task.adapt(
            get_config("image_captioner", width=self.width, target_length=self.length), self._seen
        )
        options = Options(learning_rate=self.learning_rate, schedule="linear")
        training = self.quiet(config, options, self.steps, task=task)
        network = training.begin(seed)
        train, test = data.train, data.test
        if sees == "nothing":
            train, test = (_with_features(split, split.stored * 0) for split in (train, test))
        arrange = task.arrange(network)
        training.fit(train.stream(self.batch_size, steps=self.steps, seed=seed, arrange=arrange))
        turned = _with_features(test, np.roll(test.stored, 1, axis=0))
        losses = [
            training.model.evaluate(split.batches(100, arrange), verbose=0, return_dict=True)["loss"]
            for split in (test, turned)
        ]
        beam = task.replace(beam_width=self.beam_width)
        found = [one.scores(network, config, test, data.spec)["bleu"] for one in (task, beam)]
        texts = beam.answers(network, config, {"features": test.stored[:SHOWN]}, data.spec)
        return {
            **dict(zip(("loss", "other"), losses, strict=True)),
            **dict(zip(("greedy", "beam"), found, strict=True)),
            "best_constant": self._best_constant(data),
            "texts": [text["text"] for text in texts],
        }

    @functools.cached_property
    def _seen(self) -> Data:
        """The data with the features of the trunk in place of pictures."""
        trunk = surgery.embedding(saved_model.load(self.trunk))
        shape, splits, data = trunk.input.shape[1:], {}, self.dataset
        data.spec.check_pictures()
        for name in SPLITS:
            split = getattr(data, name)
            parts = [trunk(x, training=False).numpy() for x, _ in split.resized(shape).batches(64, _alone)]
            features = np.concatenate(parts)
            splits[name] = Split({"features": features, "captions": split.columns["captions"]})
        spec = data.spec.with_input(Column(kind="features", shape=features.shape[1:]))
        scale = [splits["train"].stored.mean(axis=0), splits["train"].stored.std(axis=0) + 1e-6]
        splits = {name: _with_features(split, (split.stored - scale[0]) / scale[1]) for name, split in splits.items()}
        return dataclasses.replace(data, spec=spec, reread=None, **splits)

    def _best_constant(self, data: Data) -> float:
        """The BLEU of the one training caption that is the best for all test pictures."""
        vocabulary = Vocabulary.from_json(data.spec.columns[TARGET].vocabulary)
        ids = np.unique(data.train.columns[TARGET].values, axis=0)
        few = np.random.default_rng(0).permutation(len(ids))[:200]
        return max(bleu(data.test, [text] * len(data.test), vocabulary) for text in vocabulary.decode(ids[few]))

    def claims(self, results: Results) -> list[Claim]:
        seen = {
            key: results.values(key, sees="pictures") for key in ("loss", "other", "greedy", "beam", "best_constant")
        }
        blind = results.values("loss", sees="nothing")
        common, told = (results.mean("beam", sees=sees) for sees in ("nothing", "pictures"))
        cost = (seen["other"] - seen["loss"]).mean()
        return [
            Claim(
                text="What is on a picture helps to tell its caption (Vinyals et al. 2015)",
                quantity="loss of a captioner that sees nothing less that of one that sees",
                measured=blind - seen["loss"],
                at_least=0.02,
                unit="nats a token",
                reason=f"few pictures teach it to look, not yet to see: a wrong one costs {cost:.2f} nats",
            ),
            Claim(
                text="It looks at the picture: another one makes its caption less likely",
                quantity="loss with other pictures less that with the right ones",
                measured=seen["other"] - seen["loss"],
                at_least=0.05,
                unit="nats a token",
            ),
            Claim(
                text="What it writes is better than any one caption for all pictures",
                quantity="BLEU less that of the best constant caption",
                measured=seen["beam"] - seen["best_constant"],
                at_least=1,
                reason=f"BLEU likes what is common: a blind captioner gets {common:.1f}, one that sees {told:.1f}",
            ),
            Claim(
                text="A beam search writes better captions than the likeliest word at each step (Vinyals et al. 2015)",
                quantity=f"BLEU of beams of {self.beam_width} less that of greedy search",
                measured=seen["beam"] - seen["greedy"],
                at_least=0.5,
                published="2 on average",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(12, 7), layout="constrained")
        pictures = self.dataset.test.take(range(SHOWN)).inputs() / 255
        seen, blind = (results.values("texts", sees=sees)[0] for sees in ("pictures", "nothing"))
        places = figure.subplots(2, SHOWN // 2).ravel()
        for axes, picture, text, other in zip(places, pictures, seen, blind, strict=True):
            axes.imshow(np.clip(picture, 0, 1))
            axes.set_axis_off()
            axes.set_title(f"{plain(text)}\nblind: {plain(other)}", fontsize=8, wrap=True)
        save_figure(figure, folder / "captions.png")


def _alone(batch: dict, _key: None) -> tuple:
    return batch["image"], ()


def _with_features(split: Split, features: np.ndarray) -> Split:
    return dataclasses.replace(split, columns={**split.columns, "features": features.astype("float32")})
