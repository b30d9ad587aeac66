"""What is frozen stays to the bit, what is not learns, and an interrupted comparison goes on where it was."""

import numpy as np
import pytest
from PIL import Image
from short_run import short_run

from keras_dl import UsageError, get_config, saved_model, surgery
from keras_dl.recipes.transfer_learning import METHODS, TransferLearning
from keras_dl.surgery import stage_of

SMALL = {"seeds": 1, "steps": 3, "labels_per_class": (1, 2)}
LENET = get_config("lenet5_modern", filters=(2, 3), units=(4,), input_shape=(12, 12, 1))
RESNET = get_config("resnet20", filters=4, blocks=1, input_shape=(8, 8, 3))


def base(tmp_path, config):
    return str(saved_model.save(config.build(), tmp_path / "base", config=config))


@pytest.fixture(scope="module")
def gray(tmp_path_factory):
    return base(tmp_path_factory.mktemp("gray"), LENET)


@pytest.fixture(scope="module")
def coloured(tmp_path_factory):
    return base(tmp_path_factory.mktemp("coloured"), RESNET)


def changed(before, after, kind):
    """The stages of which any weight of `kind`, "" for all, is not the same to the bit."""
    pairs = zip(before.layers, after.layers, strict=True)
    return {
        stage_of(old)
        for old, new in pairs
        for a, b in zip(old.weights, new.weights, strict=True)
        if kind in a.path and not np.array_equal(a.numpy(), b.numpy())
    }


def taught(folder, method):
    """The base, and the student after learning from a few examples."""
    recipe = TransferLearning(base=folder, **SMALL)
    accuracy = recipe.measure(seed=0, method=method, labels=2)["accuracy"]
    assert 0 <= accuracy <= 100
    return recipe.base_model, recipe._students[method][0].model


@pytest.mark.parametrize(
    ("method", "stages"),
    [
        ("probe", {"head"}),
        ("frozen", {"stage3", "head"}),
        ("last", {"stage2", "stage3", "head"}),
        ("all", {"stage1", "stage2", "stage3", "head"}),
    ],
)
def test_only_what_a_method_fine_tunes_changes(gray, method, stages):
    assert changed(*taught(gray, method), "") == stages


def test_from_scratch_starts_from_other_weights(gray):
    ours, theirs = (model.get_layer("stage1_conv1").kernel.numpy() for model in taught(gray, "scratch"))
    assert np.abs(ours - theirs).mean() > 0.05


@pytest.mark.parametrize(("method", "stages"), [("frozen", set()), ("all", {"stem", "stage1", "stage2", "stage3"})])
def test_statistics_of_batch_normalisation_stay_put_while_frozen(coloured, method, stages):
    model, student = taught(coloured, method)
    assert changed(model, student, "moving_") == stages


def test_a_fit_does_not_depend_on_the_one_before(gray):
    recipe = TransferLearning(base=gray, **SMALL)
    student = recipe.student([])
    start = surgery.transplant(recipe.base_model, recipe.config).get_weights()
    first, other, again = (student.learn(start, recipe.new_task.train.few(2, seed), seed) for seed in (0, 1, 0))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_its_claims_and_its_figure(gray, tmp_path):
    results, claims = short_run(TransferLearning(base=gray, out=str(tmp_path / "run"), **SMALL))
    assert [(row["method"], row["labels"]) for row in results.rows] == [(m, n) for m in METHODS for n in (1, 2)]
    assert [claim.exact for claim in claims] == [False, True, True]
    assert results.values("trained", method="all")[0] > results.values("trained", method="frozen")[0]


def test_a_folder_of_photos(coloured, tmp_path):
    generator = np.random.default_rng(0)
    for name, colour in (("red", (200, 20, 20)), ("green", (20, 200, 20)), ("blue", (20, 20, 200))):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(6):
            pixels = np.clip(generator.normal(colour, 20, (14 + number, 20, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.jpg")
    recipe = TransferLearning(data=str(tmp_path / "photos"), base=coloured, out=str(tmp_path / "run"), **SMALL)
    assert len(recipe.run().rows) == len(METHODS) * 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seeds": 0}, "seeds must be at least 1, got 0"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"labels_per_class": ()}, "labels_per_class must be (one number or more|at least 1)"),
        ({"labels_per_class": (1, 0)}, "labels_per_class must be (one number or more|at least 1)"),
    ],
)
def test_options_that_cannot_run(options, words):
    with pytest.raises(UsageError, match=words):
        TransferLearning(**options)


def test_more_labels_than_there_are_is_said_before_anything_is_trained(gray, tmp_path):
    recipe = TransferLearning(base=gray, labels_per_class=(1, 500), out=str(tmp_path))
    with pytest.raises(UsageError, match=r"asks for 500; a class of digits has \d+ training examples"):
        recipe.run()
    assert not (tmp_path / "results.jsonl").exists()


def test_a_base_without_features_is_refused(tmp_path):
    folder = base(tmp_path, get_config("mlp", hidden=(4,), input_shape=(8, 8, 1)))
    with pytest.raises(UsageError, match="no features to transfer"):
        TransferLearning(base=folder, out=str(tmp_path / "run")).run()


def test_an_unknown_base_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no saved model at 'lenet9000'; choose one of .*lenet5_mnist"):
        TransferLearning(base="lenet9000", out=str(tmp_path)).run()
