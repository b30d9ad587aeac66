"""Declarations: checked fields, scaling, and JSON."""

import dataclasses
import json

import pytest

import keras_dl
from keras_dl.catalogue import read_config
from keras_dl.config import Scale
from keras_dl.data import Spec

MLP = keras_dl.get_config("mlp")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": "ten"}, "classes must be int, got 'ten'"),
        ({"classes": True}, "classes must be int, got True"),
        ({"classes": 2.0}, "classes must be int, got 2.0"),
        ({"hidden": 8}, "hidden must be a list of values, got 8"),
        ({"hidden": (8, "x")}, "hidden must be int, got 'x'"),
        ({"hidden": (8, 0)}, "hidden must be at least 1, got 8, 0"),
        ({"hidden": (-4,)}, "hidden must be at least 1, got -4"),
        ({"depth": 0}, "depth must be at least 1, got 0"),
        ({"activation": "rely"}, "unknown activation 'rely'; did you mean relu"),
        ({"normalization": "bach"}, "unknown normalization 'bach'; did you mean batch"),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1, got 1.0"),
        ({"hidden": (10**8,)}, "hidden must be finite and at most 1,048,576, got (100000000,)"),
        ({"hidden": (8,) * 1001}, "hidden must have at most 1,000 values, got 1,001"),
        ({"depth": 1001}, "this mlp would have 1,001 layers or blocks; at most 1,000 are built"),
        ({"depth": 1000, "hidden": (8, 8)}, "this mlp would have 2,000 hidden layers; at most 1,000 are built"),
        ({"classes": 10**400}, "classes must be below 2**63, got 1000"),
        ({"input_scale": float("nan")}, "input_scale must be finite and at most 1,048,576, got nan"),
        ({"input_shape": (2**20, 2**20)}, "inputs of shape (1048576, 1048576) have more than 268,435,456 numbers"),
        ({"widht": (3,)}, "unknown field of mlp 'widht'"),
        ({"hiden": (3,)}, "did you mean hidden"),
    ],
)
def test_bad_values_are_refused_in_one_line(changes, message):
    with pytest.raises(keras_dl.UsageError) as error:
        MLP.replace(**changes)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("resnet20", {"blocks": 10**8}, "blocks must be finite and at most"),
        ("resnet50", {"blocks": (900, 90, 9, 9)}, "this resnet would have 1,008 layers or blocks"),
        ("resnet50", {"pixel_scale": float("inf")}, "pixel_scale must be finite"),
        ("resnet50", {"pixel_offset": (0.0, float("nan"), 1.0)}, "pixel_offset must be finite"),
        ("resnet50", {"input_shape": (100_000, 100_000, 3)}, "have more than 268,435,456 numbers"),
        ("efficientnet_b0", {"depth_coefficient": 1e300}, "depth_coefficient must be finite and at most"),
        ("vit_b16", {"mlp_ratio": float("nan")}, "mlp_ratio must be"),
        ("unet", {"levels": 2**20}, "levels must be above 0 and at most 16"),
    ],
)
def test_what_no_machine_could_build_is_refused(name, changes, message):
    with pytest.raises(keras_dl.UsageError) as error:
        keras_dl.get_config(name, **changes)
    assert message in str(error.value)


def test_good_values_are_normalised():
    config = MLP.replace(hidden=[3, 4], max_norm=2, normalization=None)
    assert config.hidden == (3, 4)
    assert config.max_norm == 2.0 and isinstance(config.max_norm, float)
    assert hash(config) == hash(MLP.replace(hidden=(3, 4), max_norm=2.0))
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.classes = 3


def test_every_field_of_an_axis_scales():
    config = MLP.replace(hidden=(10, 3), depth=2).scaled(width=2.5, depth=1.5)
    assert (config.hidden, config.depth) == ((25, 8), 3)
    assert MLP.scaled(width=1e-9, depth=1e-9).hidden == (1, 1)
    assert MLP.scaled() == MLP


@pytest.mark.parametrize(
    ("scale", "value", "factor", "expected"),
    [
        (Scale("width", 1, 9), 12, 0.5, 6),
        (Scale("width", 8, 64, multiple_of=8), 24, 1.7, 40),
        (Scale("width", 8, 64, multiple_of=8), 8, 0.1, 8),
        (Scale("depth", 1, 9), (1, 3), 2, (2, 6)),
        (Scale("width", 0.25, 2.0), 1.4, 0.5, 0.7),
    ],
)
def test_scaled_values_stay_valid(scale, value, factor, expected):
    assert scale.apply(value, factor) == expected


def test_scaling_that_means_nothing_is_refused():
    with pytest.raises(keras_dl.UsageError, match="the factor of width must be above 0 and finite, got -4"):
        MLP.scaled(width=-4)
    with pytest.raises(keras_dl.UsageError, match="lecun1989 has no depth to scale; it has h1_maps, h2_maps, h3_units"):
        keras_dl.get_config("lecun1989_zip").scaled(depth=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not the JSON of a config"),
        ("[]", "not the JSON of a config"),
        ('{"classes": 3}', "not the JSON of a config"),
        ('{"family": "mpl"}', "unknown family 'mpl'; did you mean mlp"),
        ('{"family": "mlp", "eval": 1}', "unknown field of mlp 'eval'"),
        ('{"family": "mlp", "classes": "1"}', "classes must be int, got '1'"),
    ],
)
def test_other_json_is_refused(text, message):
    with pytest.raises(keras_dl.UsageError, match=message):
        read_config(text)


def test_json_names_the_family_and_every_field():
    fields = json.loads(MLP.to_json())
    assert fields.pop("family") == "mlp"
    assert set(fields) == {field.name for field in dataclasses.fields(MLP)}


def test_data_give_shape_and_classes():
    spec = Spec.labelled(name="s", kind="image", shape=(8, 9, 1), classes=4, class_names=tuple("abcd"), counts={})
    config = MLP.for_data(spec)
    assert (config.input_shape, config.classes, config.input_scale) == ((8, 9, 1), 4, 1 / 255)
