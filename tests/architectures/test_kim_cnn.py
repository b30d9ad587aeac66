"""Kim's network for sentences: the definition in plain numpy, pads that are no words, the bound of the head."""

import keras
import numpy as np
import pytest
from plain_numpy import random_weights

import keras_dl

SMALL = keras_dl.get_config("kim_cnn", vocabulary_size=13, length=7, classes=3, embedding_width=5, maps=4)
LENGTHS = np.array([[7], [6], [4], [2], [1], [0]])
TOKENS = np.where(np.arange(7) < LENGTHS, np.random.default_rng(0).integers(1, 13, (6, 7)), 0).astype("int32")


def test_outputs_are_those_of_the_definition():
    model = SMALL.build()
    weights = random_weights(model)
    table = weights["embedding/embeddings"]
    table[0] = 0  # the pad
    assert np.any(model.get_layer("embedding").embeddings.numpy()[0]), "the row of the pad is not used"
    for tokens, logits in zip(TOKENS, model(TOKENS).numpy(), strict=True):
        words = np.pad(table[tokens], [(4, 4), (0, 0)])
        features = []
        for index, window in enumerate((3, 4, 5), start=1):
            kernel, bias = (weights[f"stage1_window{index}/{part}"] for part in ("kernel", "bias"))
            places = [words[start : start + window] for start in range(len(words) - window + 1)]
            maps = [np.maximum(0, np.einsum("wd,wdm->m", place, kernel) + bias) for place in places]
            features.append(np.max(maps, axis=0))
        expected = np.concatenate(features) @ weights["head/kernel"] + weights["head/bias"]
        np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


def test_the_words_of_the_movie_reviews():
    words, others = 18_765, 3 * 100 * (3 + 4 + 5) * 100 + 3 * 100 + 301 * 2
    assert others == 360_902
    assert keras_dl.describe("kim_cnn").parameters == (words + 1) * 300 + others


def test_the_vector_into_an_output_is_bounded_after_a_step():
    model = SMALL.build()
    random_weights(model)
    head = model.get_layer("head")
    head.kernel.assign(head.kernel * np.array([0.01, 1, 100], "float32"))
    before = np.linalg.norm(head.kernel, axis=0)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.optimizer.learning_rate = 1e-4
    model.fit(TOKENS, np.arange(6) % 3, verbose=0)
    after = np.linalg.norm(head.kernel, axis=0)
    assert before[0] < 0.1 and before[2] > 10
    assert after[0] == pytest.approx(before[0], rel=0.1)
    assert after[2] == pytest.approx(3 * 0.5, rel=1e-4)  # half of the paper's, as half of the features are kept
    assert head.kernel_constraint.max_value == SMALL.max_norm * (1 - SMALL.dropout)


def test_starting_values():
    weights = {variable.path: variable.numpy() for variable in keras_dl.build("kim_cnn", vocabulary_size=400).weights}
    for path, bound in {"embedding/embeddings": 0.25, "stage1_window3/kernel": 0.01}.items():
        assert np.abs(weights[path]).max() == pytest.approx(bound, rel=1e-3)
        assert weights[path].std() == pytest.approx(bound / np.sqrt(3), rel=0.02)


def test_a_saved_model_gives_the_same_outputs(tmp_path):
    model = SMALL.build()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded(TOKENS), model(TOKENS))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"windows": ()}, "windows must be one number or more, got ()"),
        ({"windows": (3, 0)}, "windows must be at least 1, got 0"),
        ({"classes": 1}, "classes must be at least 2, got 1"),
        ({"max_norm": 0}, "max_norm must be above 0 and finite, got 0"),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1, got 1.0"),
    ],
)
def test_what_cannot_be_built_is_refused(changes, words):
    with pytest.raises(keras_dl.UsageError) as error:
        keras_dl.get_config("kim_cnn", **changes)
    assert words in str(error.value) and "\n" not in str(error.value)
