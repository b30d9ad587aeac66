"""Tokenising 5,000 lines by the same 4,000 pieces of bytes, ours beside KerasHub's.

`python benchmarks/tokenizing.py [ROUNDS]`. The words are made by rule, frequent and rare ones as in a language; each
turn has lines of its own, so that rare words are as new as they are in a text that is read once. KerasHub's tokenizer
stands in a graph that is called again and again, "keras_hub", and, as it is used in training, in a pipeline of tf.data
with batches of 32, whose first epoch is "keras_hub+tf_data".
"""

import numpy as np
import turns

LINES, WORDS, PORTIONS = 5_000, 12, 50


def word(rank: int) -> str:
    """Letters that look random, always the same ones for a rank."""
    number = (rank * 2_654_435_761) % 2**32
    return "".join("etaoinshrdlucmfw"[number >> shift & 15] for shift in range(0, 4 * (2 + number % 7), 4))


def portions():
    """`LINES` lines of `WORDS` words each, again and again."""
    for seed in range(PORTIONS):
        ranks = np.random.default_rng(seed).zipf(1.3, (LINES, WORDS)) % 1_000_000
        yield [" ".join(map(word, line)) for line in ranks.tolist()]


def vocabulary():
    from keras_dl.data.vocabulary import Vocabulary

    return Vocabulary.of(next(portions()), "bpe", size=4000)


def keras_dl():
    known, texts = vocabulary(), iter([*portions()])
    return lambda: known.encode_ragged(next(texts))


def tokenizer_of(known):
    import keras_hub

    ids = {token: number for number, token in enumerate(known.tokens, 4)}
    return keras_hub.tokenizers.BytePairTokenizer(ids, [" ".join(pair) for pair in known.merges])


def keras_hub():
    import tensorflow as tf

    known, texts = vocabulary(), iter([*portions()])
    tokenizer = tf.function(tokenizer_of(known))

    def encoded(lines):
        batches = [tf.constant(lines[start : start + 1000]) for start in range(0, len(lines), 1000)]
        return [row for batch in batches for row in tokenizer(batch).to_list()]

    few = next(texts)[:1000]
    assert encoded(few) == [row.tolist() for row in known.encode_ragged(few)], "the ids differ"
    return lambda: encoded(next(texts))


def first_epochs():
    import tensorflow as tf

    known = vocabulary()
    pipelines = iter(
        [tf.data.Dataset.from_tensor_slices(lines).batch(32).map(tokenizer_of(known)) for lines in portions()]
    )
    return lambda: [*next(pipelines)]


if __name__ == "__main__":
    makers = {"keras_dl": keras_dl, "keras_hub": keras_hub, "keras_hub+tf_data": first_epochs}
    turns.main("5,000 lines as tokens", makers, ["keras_hub", "keras_hub+tf_data"], [*makers], LINES)
