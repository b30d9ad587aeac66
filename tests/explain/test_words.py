"""Heat maps of words: parts of a linear network, recomputed logits, attention that adds up to 1; pads get nothing."""

import keras
import numpy as np
import pytest

from keras_dl import UsageError, explain, get_config
from keras_dl.lazy import tf

IDS = np.array([[3, 4, 5, 3, 0, 0], [7, 8, 9, 3, 4, 5]], "int32")
SIZES = {"length": 6, "vocabulary_size": 13}
NETWORKS = {
    "kim_cnn": {"embedding_width": 8, "maps": 4, "windows": (2,)},
    "lstm_classifier": {"embedding_width": 8, "units": 8, "bidirectional": True},
    "bert_tiny": {"head_width": 8, "classes": 3},
    "gpt2_small": {"heads": 2, "head_width": 8, "blocks": 2},
    "llama_7b": {"heads": 2, "width": 16, "blocks": 2},
}


def network(name):
    """A small network, what it takes of `IDS`, and what is asked of it."""
    keras.utils.set_random_seed(0)
    model = get_config(name, **SIZES, **NETWORKS[name]).build()
    both = {"token_ids": IDS, "padding_mask": IDS != 0, "segment_ids": 0 * IDS}
    x = {tensor.name: both[tensor.name] for tensor in model.inputs}
    asked = np.array([[1], [0]]) if len(model.output.shape) == 2 else np.array([[3, 5], [5, 6]])
    return model, x if isinstance(model.input, dict) else IDS, asked


def bag():
    """A network that adds up vectors: (batch, 6) token ids to three logits."""
    token_ids = keras.Input((6,), dtype="int32", name="token_ids")
    vectors = keras.layers.Embedding(13, 8, name="embedding")(token_ids)
    total = keras.layers.Lambda(lambda x: 6 * tf.reduce_mean(x, axis=1), output_shape=(8,), name="stage1")(vectors)
    return keras.Model(token_ids, keras.layers.Dense(3, bias_initializer="normal", name="head")(total))


def test_words_of_a_bag_have_their_parts_of_the_logit():
    model, asked = bag(), np.array([[2], [0]])
    table, (kernel, bias) = model.get_layer("embedding").get_weights()[0], model.get_layer("head").get_weights()
    columns = kernel[:, [2, 0]].T
    full = IDS[[1, 1]]
    parts = explain.word_gradient_x_input(model, full, asked)
    np.testing.assert_allclose(parts, np.einsum("blw,bw->bl", table[full], columns), rtol=0, atol=1e-6)
    logits = model(full).numpy()[[0, 1], [2, 0]]
    np.testing.assert_allclose(parts.sum(axis=1) + bias[[2, 0]], logits, rtol=0, atol=1e-6)
    slopes = explain.word_gradient(model, full, asked)
    np.testing.assert_allclose(slopes, np.repeat(np.linalg.norm(columns, axis=1)[:, None], 6, axis=1), rtol=1e-5)
    without = table[full] - table[0]
    np.testing.assert_allclose(
        explain.word_occlusion(model, full, asked), np.einsum("blw,bw->bl", without, columns), rtol=0, atol=1e-5
    )


def test_a_mask_says_that_the_first_token_is_none_of_the_pads():
    model, _, asked = network("gpt2_small")
    token_ids = np.where(IDS == 3, 0, IDS)
    x = {"token_ids": token_ids, "padding_mask": IDS != 0}
    for method in ("gradient", "occlusion"):
        alone = explain.word_map(method, model, token_ids, asked, None)
        masked = explain.word_map(method, model, x, asked, None)
        assert alone[0, 0] == 0 and masked[1, 3] != 0
        np.testing.assert_array_equal(masked[:, 1:3], alone[:, 1:3])


@pytest.mark.parametrize("name", NETWORKS)
def test_maps_of_networks_of_the_catalogue(name):
    model, x, asked = network(name)
    gradient, parts = explain.word_gradient(model, x, asked), explain.word_gradient_x_input(model, x, asked)
    occlusion = explain.word_occlusion(model, x, asked)
    for found in (gradient, parts, occlusion):
        assert found.shape == (2, 6) and np.all(found[0, 4:] == 0) and np.any(found, axis=1).all()
    assert np.all(gradient >= 0)
    changed = IDS.copy()
    changed[1, 2] = 0
    other = {"token_ids": changed, "padding_mask": changed != 0, "segment_ids": 0 * IDS}
    other = {key: other[key] for key in x} if isinstance(x, dict) else changed
    before, after = (model(one).numpy()[(1, *asked[1])] for one in (x, other))
    assert occlusion[1, 2] == pytest.approx(before - after, abs=1e-5)


def test_the_gradient_is_that_of_finite_differences():
    model, x, asked = network("bert_tiny")
    parts = explain.word_gradient_x_input(model, x, asked)
    table = model.get_layer("embedding").embeddings
    values, step, token = table.numpy(), 1e-2, 7  # which stands once, at the beginning of the second text
    found = []
    for sign in (1, -1):
        moved = values.copy()
        moved[token] *= 1 + sign * step
        table.assign(moved)
        found.append(model(x).numpy()[1, 0])
    assert parts[1, 0] == pytest.approx((found[0] - found[1]) / (2 * step), rel=2e-2)


@pytest.mark.parametrize("name", ["bert_tiny", "gpt2_small", "llama_7b"])
def test_attention_adds_up_to_one_and_sees_no_pad(name):
    model, x, _ = network(name)
    places = np.array([3, 5])
    found = explain.word_attention(model, x, places)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    assert np.all(found >= 0) and np.all(found[0, 4:] == 0) and np.all(found[1] > 0)
    own = found[[0, 1], places]
    assert np.all(own > 0.25), "half of a token is passed on by each of two blocks"


def test_what_is_refused():
    model, x, asked = network("kim_cnn")
    with pytest.raises(UsageError, match="kim_cnn has no attention to its own tokens"):
        explain.word_attention(model, x, np.array([0, 0]))
    with pytest.raises(UsageError, match=r"asked must lie in an output \(2,\), got \[\[1\], \[9\]\]"):
        explain.word_gradient(model, x, np.array([[1], [9]]))
    with pytest.raises(UsageError, match=r"asked must be whole numbers \(2, 1\), got int64 \(2,\)"):
        explain.word_occlusion(model, x, asked[:, 0])
    with pytest.raises(UsageError, match="unknown method 'grad_cam'"):
        explain.word_map("grad_cam", model, x, asked, np.array([0, 0]))
    pictures = get_config("linear_softmax", input_shape=(4, 5, 1), classes=3).build()
    with pytest.raises(UsageError, match="has no embedding of token_ids"):
        explain.word_gradient(pictures, np.zeros((2, 4, 5, 1)), asked)
