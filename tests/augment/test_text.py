"""Changes of texts happen at the rate that was asked for, and never empty a text."""

import numpy as np
import pytest
import tensorflow as tf

from keras_dl.augment.synonyms import SYNONYMS
from keras_dl.augment.text import CHANGES, NEIGHBOURS, compose, delete, swap, synonyms, typos

GENERATOR = np.random.default_rng(0)
WORDS = [*SYNONYMS, "zebra", "quay", "alpha", "omega"]
TEXTS = [" ".join(GENERATOR.choice(WORDS, 20, replace=False)) for _ in range(300)]
SEED = tf.constant([1, 2], "int64")


def changed_words(before, after):
    return np.mean([one != other for one, other in zip(before.split(" "), after.split(" "), strict=True)])


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.3])
def test_edit_rates_are_within_a_fifth_of_the_nominal(rate):
    generator = np.random.default_rng(1)
    known = [" ".join(word for word in text.split(" ") if word in SYNONYMS) for text in TEXTS]
    measured = {
        "synonyms": np.mean([changed_words(text, synonyms(text, generator, rate)) for text in known]),
        "swap": np.mean([changed_words(text, swap(text, generator, rate)) for text in TEXTS]),
        "delete": np.mean([1 - len(delete(text, generator, rate).split(" ")) / 20 for text in TEXTS]),
        "typos": np.mean(
            [
                np.mean([a != b for a, b in zip(text, typos(text, generator, rate), strict=True) if a != " "])
                for text in TEXTS
            ]
        ),
    }
    for name, found in measured.items():
        assert found == pytest.approx(rate, rel=0.2), name


def test_synonyms_come_from_the_same_group():
    changed = synonyms("a funny film about zebras", np.random.default_rng(0), 1.0).split(" ")
    assert changed[0] == "a" and changed[3:] == ["about", "zebras"]
    assert changed[1] in {"amusing", "comical", "humorous"} and changed[2] in {"movie", "picture"}


def test_the_table_of_synonyms_goes_both_ways():
    for word, others in SYNONYMS.items():
        assert others and word not in others
        assert all(word in SYNONYMS[other] for other in others)


def test_typos_hit_keys_beside_the_right_one_or_exchange_letters():
    assert (set(NEIGHBOURS["s"]), set(NEIGHBOURS["q"])) == (set("adwezx"), set("wa"))
    generator = np.random.default_rng(0)
    kinds = set()
    for _ in range(200):
        changed = typos("9 word!", generator, 0.2)
        assert (changed[:2], changed[-1]) == ("9 ", "!")
        if sorted(changed) == sorted("9 word!"):
            kinds.add("exchanged" if changed != "9 word!" else "same")
        elif all(a == b or b in NEIGHBOURS[a] for a, b in zip("word", changed[2:6], strict=True)):
            kinds.add("beside")
    assert kinds == {"same", "exchanged", "beside"}


@pytest.mark.parametrize("name", sorted(CHANGES))
@pytest.mark.parametrize("text", ["", "word", "two words", "Ärger über 100 % !"])
def test_no_text_becomes_empty(name, text):
    generator = np.random.default_rng(0)
    for _ in range(20):
        assert bool(CHANGES[name](text, generator, 0.99)) == bool(text)


def test_swap_keeps_the_words_and_delete_their_order():
    generator = np.random.default_rng(3)
    assert sorted(swap(TEXTS[0], generator, 0.9).split(" ")) == sorted(TEXTS[0].split(" ")) != TEXTS[0].split(" ")
    places = [TEXTS[0].split(" ").index(word) for word in delete(TEXTS[0], generator, 0.5).split(" ")]
    assert places == sorted(places)


@pytest.mark.parametrize("names", [(name,) for name in CHANGES] + [tuple(CHANGES)])
def test_in_an_input_pipeline_the_seed_decides(names):
    change = compose(names, 0.5)
    batches = tf.data.Dataset.from_tensor_slices(TEXTS[:10]).batch(4).map(lambda texts: change(texts, SEED))
    first, again = ([text for batch in batches for text in batch.numpy()] for _ in range(2))
    assert first == again and len(first) == 10 and batches.element_spec.shape == (None,)
    assert first != [text.encode() for text in TEXTS[:10]]
    assert change(tf.constant(TEXTS[:4]), SEED + 1).numpy().tolist() != first[:4]
    same = change(tf.constant(TEXTS[:1] * 8), SEED).numpy()
    assert len(set(same)) > 1


def test_no_names_change_nothing():
    assert compose(()) is None
