"""Pictures from captions: a discrete autoencoder first, then a transformer over captions and its codes.

Ramesh et al., "Zero-Shot Text-to-Image Generation", ICML 2021, section 2.
"""

from __future__ import annotations

from keras_dl.errors import UsageError
from keras_dl.lazy import keras, tf
from keras_dl.learning.discrete import cooled, gumbel_softmax, likeliest, reconstruction
from keras_dl.learning.learner import InTurns, weighted_mean

ops = keras.ops


class CaptionedCodes(InTurns):
    """Trains the `encoder` and the `decoder` of a `network` for a `share` of all steps, then its `transformer`.

    x is a dict of `image` and `token_ids`, (batch, length + 1), captions whose first token stands for the beginning.
    The autoencoder's loss is its "reconstruction", from codes drawn as `DiscreteAutoencoder` draws them; the
    transformer's "token_loss" is, in nats a token, an eighth of "text_loss", of the words, and seven of "picture_loss",
    of the codes, each told among its own kind only. Either loss is 0 while the other is trained.
    """

    losses_named = ("reconstruction", "token_loss")
    logged = ("text_loss", "picture_loss")

    def __init__(self, network: keras.Model, words: int, *, share: float, warmest: float, coldest: float, seed: int):
        super().__init__(network)
        self.words, self.share, self.warmest, self.coldest = words, share, warmest, coldest
        self.encoder, self.decoder, self.transformer = map(network.get_layer, ("encoder", "decoder", "transformer"))
        self.noise = keras.random.SeedGenerator(seed)
        self.done = self.add_weight(shape=(), initializer="zeros", dtype="int32", trainable=False, name="done")
        self.first = 0

    def stretch(self, steps):
        self.first = round(self.share * steps)

    def parts(self):
        """Raises `UsageError` where one of them is frozen."""
        autoencoder = [*self.encoder.trainable_variables, *self.decoder.trainable_variables]
        found = {"autoencoder": autoencoder, "transformer": self.transformer.trainable_variables}
        for part, variables in found.items():
            if not variables:
                raise UsageError(f"nothing of the {part} is left to train; freeze other stages")
        return found

    def stages(self, x, y, weights, training):
        """(part, name of its loss, function of no arguments that gives the loss), one after another."""
        images, text = x["image"], x["token_ids"]

        def autoencode():
            logits = self.encoder(images, training=training)
            progress = ops.cast(self.done, "float32") / max(1, self.first)
            temperature = cooled(progress, self.warmest, self.coldest)
            shares = gumbel_softmax(logits, temperature, self.noise) if training else likeliest(logits)
            return weighted_mean(reconstruction(images, self.decoder(shares, training=training)), weights)

        def tell():
            codes = ops.argmax(self.encoder(images, training=False), axis=-1)
            codes = ops.cast(ops.reshape(codes, (-1, codes.shape[1] * codes.shape[2])), "int32")
            text_loss, picture_loss = self.told(text, codes, training)
            count = self.count(x, y, weights)
            for name, value in (("text_loss", text_loss), ("picture_loss", picture_loss)):
                self.log(name, weighted_mean(value, weights), count)
            return weighted_mean((text_loss + 7 * picture_loss) / 8, weights)

        return ("autoencoder", "reconstruction", autoencode), ("transformer", "token_loss", tell)

    def told(self, text, codes, training: bool):
        """The mean cross-entropies of the words and of the codes of each example, (batch,) both."""
        text = placed(text, self.words)
        length = text.shape[1] - 1
        tokens = ops.concatenate([text, self.words + codes[:, :-1]], axis=1)
        logits = ops.cast(self.transformer(tokens, training=training), "float32")
        words, cells = logits[:, :length, : self.words], logits[:, length:, self.words :]
        return surprise(text[:, 1:], words), surprise(codes, cells)

    def train_step(self, data):
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        early, count = self.done < self.first, self.count(x, y, weights)
        for part, name, loss in self.stages(x, y, weights, True):

            def step(part=part, loss=loss):
                with self.taped() as tape:
                    value = loss()
                    self.descend(part, value, tape)
                return value

            now = early if part == "autoencoder" else ops.logical_not(early)
            value = tf.cond(now, step, lambda: tf.zeros(()))
            self.log(name, value, ops.where(now, ops.cast(count, "float32"), 0.0))
        self.done.assign(self.done + 1)
        return self.get_metrics_result()

    def turns(self, x, y, weights, training):
        return ((part, name, loss()) for part, name, loss in self.stages(x, y, weights, training))


def placed(text, words: int):
    """`text` (batch, length + 1) int32 whose pads, 0, have become those of their places, the last of `words` tokens."""
    places = ops.arange(text.shape[1], dtype="int32") + (words - text.shape[1])
    return ops.where(text == 0, places, text)


def surprise(tokens, logits):
    """The mean of -log softmax(`logits`) (batch, length, any) of `tokens` (batch, length): (batch,)."""
    losses = keras.losses.sparse_categorical_crossentropy(tokens, logits, from_logits=True)
    return ops.mean(losses, axis=-1)
