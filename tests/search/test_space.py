"""The search space of any config, and the way back from values."""

import dataclasses

import pytest

from keras_dl import UsageError, get_config
from keras_dl.config import Config, depth, width
from keras_dl.search import Settings, space

SETTINGS = Settings()
OPTIONS = SETTINGS.training()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Net(Config):
    task = "classification"
    filters: tuple[int, ...] = width((24, 100, 700), low=32, high=512, multiple_of=8)
    multiplier: float = width(1.0, low=0.25, high=0.5)
    blocks: int = depth(12, low=1, high=8)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fixed(Config):
    task = "classification"


def parameters(config, settings=SETTINGS):
    return {parameter.name: parameter for parameter in space.hyperparameters(config, settings).space}


def test_every_number_is_a_hyperparameter():
    assert list(parameters(get_config("mlp"))) == ["hidden_1", "hidden_2", "depth", "learning_rate"]
    assert list(parameters(Net())) == [
        "filters_1", "filters_2", "filters_3", "multiplier", "blocks", "learning_rate",
    ]  # fmt: skip


def test_widths_double_and_depths_count():
    mlp = parameters(get_config("mlp"))
    assert [int(value) for value in mlp["hidden_1"].values] == [8, 16, 32, 64, 128, 256, 512, 1024]
    assert [int(value) for value in mlp["depth"].values] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_ranges_are_widened_to_the_present_value():
    net = parameters(Net(), Settings(learning_rate=1.0))
    assert [int(value) for value in net["filters_1"].values] == [24, 48, 96, 192, 384]
    assert net["filters_3"].max_value == 700
    assert (net["multiplier"].min_value, net["multiplier"].max_value) == (0.25, 1.0)
    assert net["blocks"].max_value == 12
    assert (net["learning_rate"].min_value, net["learning_rate"].max_value) == (1e-4, 1.0)


def test_whole_widths_keep_to_their_multiple():
    for name, parameter in parameters(Net()).items():
        if name.startswith("filters"):
            assert all(value % 8 == 0 for value in parameter.values)


def test_values_make_config_and_options():
    defaults = {name: parameter.default for name, parameter in parameters(Net()).items()}
    assert space.apply(defaults, Net(), OPTIONS) == (Net(), OPTIONS)
    changed = {**defaults, "filters_2": 64.0, "blocks": 3, "learning_rate": 0.05}
    config, options = space.apply(changed, Net(), OPTIONS)
    assert config == Net(filters=(24, 64, 700), blocks=3)
    assert options == dataclasses.replace(OPTIONS, learning_rate=0.05)


def test_the_learning_rate_can_stay():
    settings = Settings(tune_learning_rate=False, learning_rate=0.02)
    assert "learning_rate" not in parameters(Net(), settings)
    values = space.smallest(space.hyperparameters(Net(), settings))
    assert space.apply(values, Net(), settings.training())[1].learning_rate == 0.02
    with pytest.raises(UsageError, match="no width or depth to search"):
        space.hyperparameters(Fixed(), settings)


def test_the_smallest_is_the_smallest():
    values = space.smallest(space.hyperparameters(Net(), SETTINGS))
    assert values == {
        "filters_1": 24, "filters_2": 32, "filters_3": 32, "multiplier": 0.25, "blocks": 1, "learning_rate": 1e-4,
    }  # fmt: skip
