"""U-Net: sizes of both paddings, the definition in plain numpy, masks learned from few pictures, refusals."""

import numpy as np
import pytest

import keras_dl
from keras_dl import surgery
from keras_dl.data import Spec
from keras_dl.training import Options
from keras_dl.training.objective import compile_model

SMALL = keras_dl.get_config("unet", filters=3, levels=2, input_shape=(52, 48, 2), classes=3)


def test_counts_of_both_paddings_and_of_colour():
    valid, same = (
        keras_dl.describe("unet", padding=padding, input_shape=(size, size, 1))
        for padding, size in (("valid", 572), ("same", 512))
    )
    assert valid.parameters == same.parameters == 31_030_658
    assert (valid.layers[-1].output_shape, same.layers[-1].output_shape) == ((388, 388, 2), (512, 512, 2))
    assert keras_dl.describe("unet", input_shape=(572, 572, 3)).parameters == 31_031_810
    assert sum(layer.kind in ("Conv2D", "Conv2DTranspose") for layer in valid.layers) == 23  # as the paper counts


def test_stages_halve_and_double_the_resolution():
    model = SMALL.build()
    assert surgery.stages(model) == [*(f"stage{index}" for index in range(1, 6)), "head"]
    shapes = {stage: tensor.shape[1:] for stage, tensor in surgery.features(model).output.items()}
    assert [shapes[f"stage{index}"][-1] for index in range(1, 6)] == [3, 6, 12, 6, 3]
    assert model.output_shape[1:3] == SMALL.output_size == (12, 8)


def convolution(x, kernel, bias, padding):
    if padding == "same":
        x = np.pad(x, ((1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(0, 1))
    return np.maximum(np.einsum("hwcij,ijcf->hwf", windows, kernel) + bias, 0)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_outputs_are_those_of_the_definition(padding):
    model = SMALL.replace(padding=padding).build()
    generator = np.random.default_rng(0)
    for variable in model.trainable_weights:
        variable.assign(generator.normal(size=variable.shape) / (3 if len(variable.shape) == 4 else 1))
    weights = {variable.path: variable.numpy().astype("float64") for variable in model.trainable_weights}

    def twice(x, stage):
        for name in (f"{stage}_conv1", f"{stage}_conv2"):
            x = convolution(x, weights[f"{name}/kernel"], weights[f"{name}/bias"], padding)
        return x

    def up(x, name):
        pixels = np.einsum("hwc,ijfc->hiwjf", x, weights[f"{name}/kernel"])
        return np.maximum(pixels.reshape(2 * x.shape[0], 2 * x.shape[1], -1) + weights[f"{name}/bias"], 0)

    def pool(x):
        return x.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2, -1).max(axis=(1, 3))

    def centre(x, like):
        top, left = ((a - b) // 2 for a, b in zip(x.shape[:2], like.shape[:2], strict=True))
        return x[top : top + like.shape[0], left : left + like.shape[1]]

    image = generator.integers(0, 256, (52, 48, 2))
    first = twice(image / 127.5 - 1, "stage1")
    second = twice(pool(first), "stage2")
    x = twice(pool(second), "stage3")
    for skipped, stage in ((second, "stage4"), (first, "stage5")):
        x = up(x, f"{stage}_up")
        x = twice(np.concatenate([centre(skipped, x), x], axis=-1), stage)
    expected = x @ weights["head/kernel"][0, 0] + weights["head/bias"]
    outputs = model.predict(image[None].astype("float32"), verbose=0)[0]
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def discs(count, size, seed):
    """Bright discs on noise, and their masks."""
    generator = np.random.default_rng(seed)
    centre, radius = generator.uniform(0.3, 0.7, (2, count, 1, 1)) * size, generator.uniform(0.1, 0.3, (count, 1, 1))
    rows, columns = np.mgrid[:size, :size]
    masks = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < (radius * size) ** 2
    pictures = 90 + 50 * masks + generator.normal(0, 40, masks.shape)
    return np.clip(pictures, 0, 255)[..., None].astype("float32"), masks.astype("int32")


@pytest.mark.parametrize(("padding", "size"), [("valid", 76), ("same", 32)])
def test_learns_to_outline_discs(padding, size):
    import keras

    keras.utils.set_random_seed(0)
    config = keras_dl.get_config("unet", filters=8, levels=2, padding=padding, input_shape=(size, size, 1))
    model = config.build()
    border = (size - config.output_size[0]) // 2
    inner = slice(border, size - border)
    (x, y), (test_x, test_y) = ((x, y[:, inner, inner]) for x, y in (discs(128, size, 0), discs(64, size, 1)))
    compile_model(model, config, Options(learning_rate=2e-3), steps_per_epoch=8)
    model.fit(x, y, batch_size=16, epochs=8, verbose=0)
    found = model.predict(test_x, verbose=0).argmax(-1)
    overlap = np.sum(found & test_y) / np.sum(found | test_y)
    accuracy, constant = np.mean(found == test_y), max(test_y.mean(), 1 - test_y.mean())
    assert overlap > 0.7 and 1 - accuracy < (1 - constant) / 2, (overlap, accuracy, constant)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"input_shape": (187, 572, 1)}, "input 187x572 is too small for this unet; use at least 188x188"),
        ({"input_shape": (570, 590, 1)}, "the nearest that does is 572x588"),
        ({"input_shape": (572, 512, 1), "padding": "same"}, "the nearest that does is 576x512"),
        ({"input_shape": (15, 16, 1), "padding": "same"}, "use at least 16x16"),
        ({"levels": 0}, "levels must be above 0 and at most 16, got 0"),
        ({"levels": -2}, "levels must be above 0 and at most 16, got -2"),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1, got 1.0"),
        ({"padding": "full"}, "unknown padding 'full'"),
    ],
)
def test_what_cannot_be_built_is_refused(changes, words):
    with pytest.raises(keras_dl.UsageError) as error:
        keras_dl.build("unet", **changes)
    assert words in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_the_smallest_size_is_the_smallest(levels, padding):
    changes = {"filters": 1, "levels": levels, "padding": padding}
    size = keras_dl.get_config(
        "unet", **changes, input_shape=(576 if padding == "same" else 572,) * 2 + (1,)
    ).smallest_size
    config = keras_dl.get_config("unet", **changes, input_shape=(size, size, 1))
    assert config.build().output_shape[1:3] == config.output_size
    assert 1 <= config.output_size[0] <= 2**levels
    with pytest.raises(keras_dl.UsageError, match=f"use at least {size}x{size}"):
        config.replace(input_shape=(size - 1, size, 1))


def test_data_without_masks_are_refused():
    spec = Spec.labelled(name="digits", kind="image", shape=(8, 8, 1), classes=10, class_names=(), counts={})
    with pytest.raises(keras_dl.UsageError, match="unet needs a class for every pixel, digits has one for each"):
        keras_dl.get_config("unet").for_data(spec)
