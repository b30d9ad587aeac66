"""The search space of any config, and the way back from values."""

import dataclasses

import pytest

from keras_dl import UsageError, get_config
from keras_dl.config import Config, depth, width
from keras_dl.search import Settings, space
from keras_dl.tasks import get_task

SETTINGS = Settings()
OPTIONS = SETTINGS.training()
PICTURES = get_config("resnet20", input_shape=(32, 32, 3), classes=10)
ALL = Settings(tune_batch_size=True, tune_regularization=True, tune_augmentation=True)


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
    assert space.apply(defaults, Net(), SETTINGS) == (Net(), OPTIONS, ())
    changed = {**defaults, "filters_2": 64.0, "blocks": 3, "learning_rate": 0.05}
    config, options, _augment = space.apply(changed, Net(), SETTINGS)
    assert config == Net(filters=(24, 64, 700), blocks=3)
    assert options == dataclasses.replace(OPTIONS, learning_rate=0.05)


def test_the_learning_rate_can_stay():
    settings = Settings(tune_learning_rate=False, learning_rate=0.02)
    assert "learning_rate" not in parameters(Net(), settings)
    values = space.smallest(space.hyperparameters(Net(), settings), Net())
    assert space.apply(values, Net(), settings).options.learning_rate == 0.02
    with pytest.raises(UsageError, match="is left to vary"):
        space.hyperparameters(Fixed(), settings)


def test_the_smallest_is_the_smallest():
    values = space.smallest(space.hyperparameters(Net(), SETTINGS), Net())
    assert values == {
        "filters_1": 24, "filters_2": 32, "filters_3": 32, "multiplier": 0.25, "blocks": 1, "learning_rate": 1e-4,
    }  # fmt: skip


def test_the_size_can_stay():
    settings = Settings(tune_size=False)
    assert list(parameters(Net(), settings)) == ["learning_rate"]
    assert space.apply({"learning_rate": 0.01}, Net(), settings).config == Net()


@pytest.mark.parametrize(
    ("present", "sizes"), [(32, [8, 16, 32, 64, 128]), (48, [8, 16, 32, 48, 64, 128]), (1, [1, 2, 4])]
)
def test_batch_sizes_are_powers_of_two_and_the_present_one(present, sizes):
    settings = Settings(tune_batch_size=True, batch_size=present)
    parameter = parameters(Net(), settings)["batch_size"]
    assert (list(parameter.values), parameter.default) == (sizes, present)
    defaults = {name: p.default for name, p in parameters(Net(), settings).items()}
    assert space.apply({**defaults, "batch_size": sizes[0]}, Net(), settings).options.batch_size == sizes[0]


def test_regularization_holds_the_present_and_goes_where_it_belongs():
    settings = dataclasses.replace(ALL, tune_augmentation=False, weight_decay=5e-4)
    config = get_config("mlp", dropout=0.3)  # has an input_dropout of its own
    found = parameters(config, settings)
    assert list(found["weight_decay"].values) == [0, 1e-4, 5e-4, 1e-3, 1e-2, 1e-1]
    assert 0.3 in found["dropout"].values
    assert "stochastic_depth" not in found
    values = {name: parameter.default for name, parameter in found.items()}
    assert space.apply(values, config, settings) == (config, settings.training(), ())
    values |= {"dropout": 0.6, "input_dropout": 0.1, "label_smoothing": 0.2, "weight_decay": 0.1}
    theirs, options, _augment = space.apply(values, config, settings)
    assert (theirs.dropout, theirs.input_dropout) == (0.6, 0.1)
    assert (options.input_dropout, options.label_smoothing, options.weight_decay) == (0, 0.2, 0.1)


def test_one_augmentation_or_none():
    settings = Settings(tune_augmentation=True)
    names = parameters(PICTURES, settings)["augmentation"].values
    assert names[0] == "none"
    assert {"flip", "color", "rand_augment", "cutmix"} < set(names)
    values = {name: p.default for name, p in parameters(PICTURES, settings).items()}
    assert space.apply(values, PICTURES, settings).augment == ()
    assert space.apply({**values, "augmentation": "flip"}, PICTURES, settings).augment == ("flip",)
    gray = PICTURES.replace(input_shape=(32, 32, 1))
    assert "color" not in parameters(gray, settings)["augmentation"].values
    with pytest.raises(UsageError, match="tune_augmentation changes pictures"):
        space.hyperparameters(get_config("mlp", input_shape=(4,)), settings)


@pytest.mark.parametrize("name", ["segmentation", "contrastive", "rotation"])
def test_labels_are_mixed_only_where_a_class_is_told(name):
    found = space.hyperparameters(PICTURES, Settings(tune_augmentation=True), get_task(name)).space
    names = {parameter.name: parameter for parameter in found}["augmentation"].values
    assert "flip" in names
    assert not {"mixup", "cutmix"} & set(names)


@pytest.mark.parametrize("kind", ["compound", "tinynet"])
def test_one_number_for_resolution_depth_and_width(kind):
    settings = Settings(space=kind, tune_learning_rate=False)
    (parameter,) = space.hyperparameters(PICTURES, settings).space
    assert space.apply({parameter.name: parameter.default}, PICTURES, settings).config == PICTURES
    smaller = space.apply({parameter.name: parameter.min_value}, PICTURES, settings).config
    assert smaller.input_shape[0] < 32
