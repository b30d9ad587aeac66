"""What all image classifiers share: refusals, pixels and adaptation to data."""

import numpy as np
import pytest

import keras_dl
from keras_dl.architectures.vision import ImageClassifier
from keras_dl.catalogue import entries
from keras_dl.data import Spec

NAMES = [name for name, entry in entries().items() if isinstance(entry.config, ImageClassifier)]


def spec(*shape, classes=10, kind="image"):
    names = tuple(map(str, range(classes)))
    return Spec.labelled(name="some", kind=kind, shape=shape, classes=classes, class_names=names, counts={})


@pytest.mark.parametrize("name", NAMES)
def test_bad_sizes_and_classes_are_refused_in_one_line(name):
    for changes, message in (
        ({"classes": 0}, "classes must be at least 2, got 0"),
        ({"classes": 1}, "classes must be at least 2, got 1"),
        ({"input_shape": (0, 32, 3)}, "input_shape must be at least 1, got 0"),
        ({"input_shape": (32, 32, 0)}, "input_shape must be at least 1, got 0"),
        ({"input_shape": (32, 32)}, "input_shape must have 3 values, got 2"),
        ({"classifier_activation": "softmx"}, "did you mean softmax"),
    ):
        with pytest.raises(keras_dl.UsageError, match=message) as error:
            keras_dl.get_config(name, **changes)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", NAMES)
def test_adaptation_to_pictures(name):
    config = keras_dl.get_config(name)
    height, width = max(40, config.smallest_size), max(50, config.smallest_size)
    adapted = config.for_data(spec(height, width, 3))
    size = config.input_shape[:2] if config.fixed_size else (height, width)
    assert adapted.input_shape == (*size, 3) and adapted.classes == 10
    with pytest.raises(keras_dl.UsageError, match="takes images, some has 13 features; use mlp"):
        config.for_data(spec(13, kind="features"))


@pytest.mark.parametrize("name", [name for name in NAMES if entries()[name].parameters < 1_000_000])
def test_sizes_are_fixed_where_weights_depend_on_them(name):
    config = keras_dl.get_config(name)
    height, width, channels = config.input_shape
    larger = config.replace(input_shape=(height + 8, width + 8, channels))
    same = keras_dl.describe(larger).parameters == keras_dl.describe(config).parameters
    assert same is not config.fixed_size


def test_pixels_are_normalised_first():
    config = keras_dl.get_config("resnet20", pixel_scale=0.5, pixel_offset=-2.0, blocks=1)
    model = config.build()
    assert [layer.name for layer in model.layers[:2]] == ["image", "normalization"]
    np.testing.assert_allclose(model.get_layer("normalization")(np.array([[0.0, 10.0]])), [[-2, 3]])
