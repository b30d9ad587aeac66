"""Pictures from captions, as a text that goes on in codes of a picture.

Ramesh et al., "Zero-Shot Text-to-Image Generation", ICML 2021. A share of the training goes into a discrete
autoencoder, as in `discrete_autoencoding`; then it stays as it is, and the transformer learns which codes follow which
caption. In training each picture comes with one of its captions, drawn anew in each epoch; for the losses of a split it
is the first. Networks are compared by "token_loss", in nats a token, where the codes of a picture count seven times as
much as its words; codes of another autoencoder are no easier or harder by themselves, so look at the pictures.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.data.captions import TARGET, with_captions
from keras_dl.data.vocabulary import Vocabulary
from keras_dl.errors import UsageError
from keras_dl.fields import Count, NotNegative, Positive, Seed, Share
from keras_dl.lazy import keras, tf
from keras_dl.learning.objective import Objective
from keras_dl.learning.task import Task, pixels
from keras_dl.tasks.captioning import one_caption
from keras_dl.tasks.discrete_autoencoding import codes_of, made_of

DRAWN = 16
WIDE = 18
"""letters of a line above a picture"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextToPicture(Task):
    """Draw what a caption says."""

    objective = Objective("token_loss", "min")
    wants = (("image",), ("texts",))
    answers_pictures = True
    parts = ("encoder", "decoder", "transformer")

    least: Count = 1
    """how often a word must stand in the training captions"""
    autoencoder: Share = 0.5
    """share of the training steps that go into the autoencoder"""
    warmest: Positive = 1.0
    """temperature at which codes are drawn at first"""
    coldest: Positive = 0.0625
    """temperature when the autoencoder is done"""
    temperature: NotNegative = 1.0
    """what logits are divided by before a code of an answer is drawn; 0 takes the likeliest"""
    top_k: Count | None = None
    """how many of the likeliest codes can be drawn; by default all"""
    answer_seed: Seed = 0
    """decides what is drawn"""

    def encoded(self, config, data, like=None):
        data = super().encoded(config, data, like)
        if not hasattr(config, "codes") or not hasattr(config, "length"):
            raise UsageError(f"{self.name} is for networks such as dalle_small; not {config.family}")
        return with_captions(data, config.length + 1, self.least, like)

    def arrange(self, network):
        def arranged(batch, key):
            ids = one_caption(batch, key)
            return {"image": batch["image"], "token_ids": ids}, tf.zeros(tf.shape(ids)[0])

        return arranged

    def entrances(self, network):
        return network.get_layer("encoder").inputs

    def learner(self, network, config, options):
        from keras_dl.learning.captioned_codes import CaptionedCodes

        settings = {"share": self.autoencoder, "warmest": self.warmest, "coldest": self.coldest}
        return CaptionedCodes(network, config.words, **settings, seed=options.seed)

    def example(self, network, count):
        cells = np.prod(network.get_layer("encoder").output.shape[1:3])
        length = network.get_layer("transformer").input.shape[1] - cells + 1
        image = self.entrances(network)[0]
        x = {"image": np.zeros((count, *image.shape[1:]), "float32"), "token_ids": np.ones((count, length), "int32")}
        return x, np.zeros(count, "float32")

    def questions(self, spec):
        return dataclasses.replace(spec, columns={TARGET: spec.columns[TARGET]})

    def answers(self, network, config, inputs, spec):
        """A picture for each caption."""
        return [{"image": pixels(picture)} for picture in self.drawn(network, config, inputs[TARGET])]

    def drawn(self, network: keras.Model, config, captions: np.ndarray) -> np.ndarray:
        """Pictures (n, height, width, channels), pixels 0..255, for `captions` (n, length + 1), token ids with pads."""
        from keras_dl import decoding
        from keras_dl.learning.captioned_codes import placed

        transformer, cells = network.get_layer("transformer"), config.side**2
        next_logits = decoding.without(decoding.causal(transformer), [*range(config.words)])
        choose = decoding.likeliest
        if self.temperature > 0:
            numbers = decoding.uniform_numbers(self.answer_seed, len(captions), config.length + 1 + cells)
            choose = decoding.drawing(numbers, temperature=self.temperature, top_k=self.top_k)
        program = decoding.compiled(
            lambda text, given: decoding.continued(next_logits, text, given, choose, None), transformer
        )
        text = keras.ops.convert_to_numpy(placed(captions.astype("int32"), config.words))
        begun = np.pad(text, ((0, 0), (0, cells)))
        given = np.full(len(captions), config.length + 1, "int32")
        tokens = keras.ops.convert_to_numpy(program(begun, given))
        codes = tokens[:, config.length + 1 :] - config.words
        return made_of(network, config, codes.reshape(-1, config.side, config.side))

    def draw(self, network, config, split, spec, path):
        from matplotlib.figure import Figure

        from keras_dl.figures import plain, save_figure

        few = split.take(np.arange(min(DRAWN, len(split))) * len(split) // min(DRAWN, len(split)))
        captions = few.columns[TARGET].values
        texts = Vocabulary.from_json(spec.columns[TARGET].vocabulary).decode(captions)
        real = few.inputs()
        rows = (real, made_of(network, config, codes_of(network, real)), self.drawn(network, config, captions))
        figure = Figure(figsize=(len(texts), 4), layout="constrained")
        places = figure.subplots(3, len(texts), squeeze=False)
        for axes, pictures, name in zip(places, rows, ("data", "made again", "drawn"), strict=True):
            for place, picture in zip(axes, pictures, strict=True):
                place.imshow(np.clip(picture / 255, 0, 1).squeeze(), cmap="gray", vmin=0, vmax=1)
                place.set(xticks=[], yticks=[])
            axes[0].set_ylabel(name)
        for place, text in zip(places[0], texts, strict=True):
            words = plain(text)
            place.set_title("\n".join(words[start : start + WIDE] for start in range(0, len(words), WIDE)), fontsize=7)
        save_figure(figure, path)
        return True
