"""Vision Transformers: the definition in plain numpy, published sizes, resized positions, refusals."""

import math
import time

import numpy as np
import pytest

import keras_dl
from keras_dl import surgery

SMALL = keras_dl.get_config("vit_ti16", patch=4, heads=2, head_width=8, blocks=2, input_shape=(12, 8, 3), classes=5)


def test_blocks_are_stages_with_tokens_of_the_patches():
    model = SMALL.build()
    assert surgery.stages(model) == ["stem", "stage1", "stage2", "head"]
    features = surgery.features(model)
    assert {name: tensor.shape[1:] for name, tensor in features.output.items()} == {
        stage: (3, 2, 16) for stage in ("stem", "stage1", "stage2")
    }


def test_outputs_are_those_of_the_definition():
    model = SMALL.build()
    generator = np.random.default_rng(0)
    for variable in model.weights:
        variable.assign(generator.normal(size=variable.shape) / 3 + ("gamma" in variable.path))
    weights = {variable.path: variable.numpy().astype("float64") for variable in model.weights}

    def norm(x, name):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)
        return x * weights[f"{name}/gamma"] + weights[f"{name}/beta"]

    def dense(x, name):
        return x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]

    def project(x, name):
        return np.einsum("td,dhk->htk", x, weights[f"{name}/kernel"]) + weights[f"{name}/bias"][:, None]

    def attention(x, name):
        q, k, v = (project(x, f"{name}/{part}") for part in ("query", "key", "value"))
        scores = np.exp(q @ k.transpose(0, 2, 1) / np.sqrt(8))
        mixed = scores / scores.sum(-1, keepdims=True) @ v
        out = f"{name}/attention_output"
        return np.einsum("htk,hkd->td", mixed, weights[f"{out}/kernel"]) + weights[f"{out}/bias"]

    image = generator.integers(0, 256, (12, 8, 3))
    patches = (image / 127.5 - 1).reshape(3, 4, 2, 4, 3).transpose(0, 2, 1, 3, 4).reshape(6, 48)
    patches = patches @ weights["stem_patches/kernel"].reshape(48, 16) + weights["stem_patches/bias"]
    x = np.concatenate([weights["stem_tokens/class_token"][0], patches]) + weights["stem_tokens/positions"][0]
    for stage in ("stage1", "stage2"):
        x = x + attention(norm(x, f"{stage}_norm1"), f"{stage}_attention")
        y = dense(norm(x, f"{stage}_norm2"), f"{stage}_dense1")
        y = y * (1 + np.vectorize(math.erf)(y / np.sqrt(2))) / 2
        x = x + dense(y, f"{stage}_dense2")
    expected = dense(norm(x, "stage2_norm")[0], "head")
    outputs = model.predict(image[None].astype("float32"), verbose=0)[0]
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_sizes_are_those_published():
    giant = keras_dl.get_config("vit_h14")
    start = time.process_time()
    assert keras_dl.describe(giant).parameters == 632_045_800
    assert time.process_time() - start < 5
    head = 1281 * 1000
    assert keras_dl.describe("vit_h14").parameters - head == 630_764_800
    assert keras_dl.describe("vit_b16").multiply_adds == pytest.approx(17.5e9, rel=5e-3)
    assert keras_dl.describe("vit_b16", input_shape=(384, 384, 3)).parameters == 86_567_656 + (24**2 - 14**2) * 768


def test_every_kernel_has_its_own_initial_values():
    model = SMALL.build()
    query, key = (getattr(model.get_layer("stage1_attention"), f"{part}_dense").kernel for part in ("query", "key"))
    assert not np.array_equal(query, key)
    assert np.std(query) == pytest.approx(0.02 * 0.88, rel=0.2)  # cutting the tails off leaves 0.88 of the deviation


def test_dropout_follows_positions_and_dense_layers_only():
    model = SMALL.replace(dropout=0.1).build()
    names = [layer.name for layer in model.layers if "dropout" in layer.name]
    assert names == ["stem_dropout", *(f"stage{stage}_dropout{index}" for stage in (1, 2) for index in (1, 2, 3))]


def test_positions_are_stretched_to_another_resolution():
    model = SMALL.build()
    same = surgery.transplant(model, SMALL.replace(classes=3))
    larger = surgery.transplant(model, SMALL.replace(input_shape=(24, 16, 3)))
    positions = [m.get_layer("stem_tokens").positions.numpy() for m in (model, same, larger)]
    np.testing.assert_array_equal(positions[1], positions[0])
    np.testing.assert_array_equal(positions[2][:, 0], positions[0][:, 0])
    assert positions[2].shape == (1, 1 + 6 * 4, 16)
    ramp = np.broadcast_to(np.arange(8.0)[None, :, None, None], (1, 8, 8, 16)).reshape(1, 64, 16)
    square = SMALL.replace(input_shape=(32, 32, 3)).build()
    layer = square.get_layer("stem_tokens")
    layer.set_weights([layer.class_token, np.concatenate([np.zeros((1, 1, 16)), ramp], axis=1)])
    finer = surgery.transplant(square, SMALL.replace(input_shape=(64, 64, 3))).get_layer("stem_tokens").positions
    rows = finer.numpy()[0, 1:].reshape(16, 16, 16)[:, 0, 0]
    np.testing.assert_allclose(rows[4:12], (np.arange(4, 12) + 0.5) / 2 - 0.5, atol=1e-5)  # centres stay centres


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"input_shape": (225, 230, 3)}, "input 225x230 is no multiple of the patch, 16x16; the nearest is 224x224"),
        ({"input_shape": (15, 32, 3)}, "input 15x32 is too small for this vit; use at least 16x16"),
        ({"patch": 0}, "patch must be at least 1, got 0"),
        ({"head_width": 0}, "head_width must be at least 1, got 0"),
        ({"heads": 0}, "heads must be at least 1, got 0"),
        ({"mlp_ratio": 0.0}, "mlp_ratio must give a unit at least"),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1, got 1.0"),
    ],
)
def test_what_cannot_be_built_is_refused(changes, words):
    with pytest.raises(keras_dl.UsageError) as error:
        keras_dl.get_config("vit_b16", **changes)
    assert words in str(error.value) and "\n" not in str(error.value)
