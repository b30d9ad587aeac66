"""Captioning: a sentence about a picture, told token by token from the picture and the tokens before.

Vinyals, Toshev, Bengio & Erhan, "Show and Tell: A Neural Image Caption Generator", CVPR 2015. In training each picture
comes with one of its captions, drawn anew in each epoch. For the loss and the accuracy of a split it is the first one;
both are means over tokens, the loss in nats, pads count nothing.

"bleu" is of whole captions against all that people have written for the picture, as words in small letters and without
dots, in which rare words match nothing: that of sacrebleu (Post 2018, "A Call for Clarity in Reporting BLEU Scores"),
case:mixed|eff:no|tok:none|smooth:exp. The most that a network can be given for guessing is what one caption for all
pictures gets.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.data.captions import TARGET, with_captions
from keras_dl.data.split import Split
from keras_dl.data.vocabulary import BEGIN, END, PAD, UNKNOWN, Vocabulary
from keras_dl.errors import UsageError
from keras_dl.fields import Count
from keras_dl.lazy import keras, tf
from keras_dl.learning.objective import LOSS
from keras_dl.learning.task import BATCH, Task

DRAWN = 8
"""pictures that are drawn with their captions"""
WIDE = 36
"""letters of a line under a picture"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Captioning(Task):
    """Tell what is on a picture."""

    objective = LOSS
    wants = (("image", "features"), ("texts",))
    parts = ("encoder", "decoder")

    least: Count = 3
    """how often a word must stand in the training captions"""
    beam_width: Count = 1
    """beginnings of a caption that are gone on with side by side; of several captions the one whose tokens are the
    likeliest on average is answered"""

    def encoded(self, config, data, like=None):
        data = super().encoded(config, data, like)
        if not {"target_length", "input_shape"} <= {field.name for field in dataclasses.fields(config)}:
            raise UsageError(f"{self.name} is for networks such as image_captioner; not {config.family}")
        return with_captions(data, config.target_length + 1, self.least, like)

    def inputs(self, batch):
        return {name: values for name, values in batch.items() if not name.endswith(TARGET) or name == TARGET}

    def prepare(self, batch, key):
        ids = one_caption(batch, key)
        y = ids[:, 1:]
        return {**self.inputs(batch), TARGET: ids[:, :-1]}, y, tf.cast(y != PAD, "float32")

    def learner(self, network, config, options):
        from keras_dl.learning.next_token import NextToken

        return NextToken(network, config.target_length, config.vocabulary_size, options.label_smoothing)

    def scores(self, network, config, split, spec):
        vocabulary = Vocabulary.from_json(spec.columns[TARGET].vocabulary)
        written = self._written(network, config, split.inputs(), spec)
        return {"bleu": bleu(split, vocabulary.decode(written), vocabulary)}

    def answers(self, network, config, inputs, spec):
        written = self._written(network, config, inputs[spec.input].astype("float32"), spec)
        return [{"text": text} for text in Vocabulary.from_json(spec.columns[TARGET].vocabulary).decode(written)]

    def _written(self, network: keras.Model, config, pictures: np.ndarray, spec) -> np.ndarray:
        """The token ids of captions of `pictures`, as the network takes them, (n, target_length + 1)."""
        from keras_dl import decoding

        name = network.get_layer("encoder").inputs[0].name

        def write(x, token_ids, given):
            logits_of = decoding.conditional(network, {name: x}, beginnings=self.beam_width)
            next_logits = decoding.without(logits_of, [PAD, UNKNOWN, BEGIN])
            if self.beam_width == 1:
                return decoding.greedy(next_logits, token_ids, given, end=END)
            settings = {"width": self.beam_width, "length_penalty": 1.0, "end": END}
            return decoding.beam(next_logits, token_ids, given, **settings)[0][:, 0]

        program = decoding.compiled(write, network)
        count, written = len(pictures), []
        for start in range(0, count, BATCH):
            batch = pictures[np.arange(start, start + BATCH) % count if count > BATCH else slice(count)]
            begun = np.full((len(batch), config.target_length + 1), PAD, "int32")
            begun[:, 0] = BEGIN
            written.append(keras.ops.convert_to_numpy(program(batch, begun, np.ones(len(batch), "int32"))))
        return np.concatenate(written)[:count]

    def draw(self, network, config, split, spec, path):
        from matplotlib.figure import Figure

        from keras_dl.figures import plain, save_figure

        if spec.kind != "image":
            return False
        few = split.take(np.arange(min(DRAWN, len(split))) * len(split) // min(DRAWN, len(split)))
        pictures = few.inputs()
        columns = {spec.input: pictures}
        texts = [answer["text"] for answer in self.answers(network, config, columns, spec)]
        figure = Figure(figsize=(14, 7.5), layout="constrained")
        places = figure.subplots(2, DRAWN // 2).ravel()
        for axes in places:
            axes.set_axis_off()
        for axes, picture, text in zip(places, pictures, texts, strict=False):
            axes.imshow(np.clip(picture / 255, 0, 1).squeeze(), cmap="gray", vmin=0, vmax=1)
            words = plain(text).split()
            axes.set_title(
                "\n".join(" ".join(words[start : start + 6]) for start in range(0, len(words), 6)), fontsize=9
            )
        save_figure(figure, path)
        return True


def one_caption(batch, key):
    """Of a `batch` by column the token ids (batch, length) of one caption of each picture: without `key` the first."""
    if key is None:
        return batch[TARGET]
    captions = tf.stack([values for name, values in batch.items() if name.endswith(TARGET)], axis=1)
    there = tf.reduce_sum(tf.cast(captions[:, :, 0] != PAD, "float32"), axis=1)
    chosen = tf.cast(tf.random.stateless_uniform(tf.shape(there), key) * there, "int32")
    return tf.gather(captions, chosen, axis=1, batch_dims=1)


def bleu(split: Split, written: list[str], vocabulary: Vocabulary) -> float:
    """That of captions `written` for the pictures of `split`, against all that they have."""
    import sacrebleu

    right = [
        [text if row[0] != PAD else None for text, row in zip(vocabulary.decode(rows), rows, strict=True)]
        for rows in (source.values for name, source in split.columns.items() if name.endswith(TARGET))
    ]
    return sacrebleu.BLEU(tokenize="none").corpus_score(written, right).score
