"""What is frozen stays to the bit, what is not learns, and an interrupted comparison goes on where it was."""

import numpy as np
import pytest
from PIL import Image

from keras_dl import UsageError, get_config, saved_model, storage
from keras_dl.data import load
from keras_dl.surgery import stage_of
from recipes.transfer_learning import METHODS, Student, TransferLearning, few

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


@pytest.fixture(scope="module")
def digits():
    return load("digits").resized((12, 12, 1))


def changed(before, after, kind):
    """The stages of which any weight of `kind`, "" for all, is not the same to the bit."""
    pairs = zip(before.layers, after.layers, strict=True)
    return {
        stage_of(old)
        for old, new in pairs
        for a, b in zip(old.weights, new.weights, strict=True)
        if kind in a.path and not np.array_equal(a.numpy(), b.numpy())
    }


def taught(folder, method, data, classes=10):
    """The base, and the student after learning from a few examples."""
    model, config = saved_model.load(folder), saved_model.read_contract(folder)["config"]
    student = Student(TransferLearning(**SMALL), model, config.replace(classes=classes), method)
    accuracy = student.learn(few(data.train, 2, seed=0), data.test.batches(256), seed=0)
    assert 0 <= accuracy <= 1
    return model, student._model


@pytest.mark.parametrize(
    ("method", "stages"),
    [
        ("frozen", {"stage3", "head"}),
        ("last", {"stage2", "stage3", "head"}),
        ("all", {"stage1", "stage2", "stage3", "head"}),
    ],
)
def test_only_what_a_method_fine_tunes_changes(gray, digits, method, stages):
    assert changed(*taught(gray, method, digits), "") == stages


def test_from_scratch_starts_from_other_weights(gray, digits):
    ours, theirs = (model.get_layer("stage1_conv1").kernel.numpy() for model in taught(gray, "scratch", digits))
    assert np.abs(ours - theirs).mean() > 0.05


@pytest.mark.parametrize(("method", "stages"), [("frozen", set()), ("all", {"stem", "stage1", "stage2", "stage3"})])
def test_statistics_of_batch_normalisation_stay_put_while_frozen(coloured, method, stages):
    data = load("digits").resized((8, 8, 3))
    model, student = taught(coloured, method, data)
    assert changed(model, student, "moving_") == stages


def test_a_fit_does_not_depend_on_the_one_before(gray, digits):
    model = saved_model.load(gray)
    student = Student(TransferLearning(**SMALL), model, LENET, "all")
    outcomes = []
    for seed in (0, 1, 0):
        student.learn(few(digits.train, 2, seed), digits.test.batches(256), seed)
        outcomes.append([weight.numpy() for weight in student._model.weights])
    assert all(np.array_equal(a, b) for a, b in zip(outcomes[0], outcomes[2], strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(outcomes[0], outcomes[1], strict=True))


def test_few_examples_of_each_class(digits):
    chosen = few(digits.train, 3, seed=0)
    assert np.bincount(chosen.labels).tolist() == [3] * 10
    assert len({picture.tobytes() for picture in chosen.inputs()}) == 30
    assert not np.array_equal(chosen.inputs(), few(digits.train, 3, seed=1).inputs())


def test_the_table_and_no_fit_done_twice(gray, tmp_path, capsys, monkeypatch):
    recipe = TransferLearning(base=gray, out=str(tmp_path / "run"), **SMALL)
    rows = recipe.run()
    assert [(row["method"], row["labels"]) for row in rows] == [(m, n) for m in METHODS for n in (1, 2)]
    assert (tmp_path / "run" / "transfer.png").read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert all(description in printed for description in METHODS.values())
    assert "held" in printed or "did not hold" in printed

    ledger = tmp_path / "run" / "results.jsonl"
    lines = ledger.read_text().splitlines(keepends=True)
    ledger.write_text("".join(lines[:-2]) + lines[-2][:20])
    repeated, learn = [], Student.learn
    monkeypatch.setattr(Student, "learn", lambda self, *args: repeated.append(args) or learn(self, *args))
    assert recipe.run() == rows == storage.read_lines(ledger)
    assert len(repeated) == 2


def test_a_folder_of_photos(coloured, tmp_path):
    generator = np.random.default_rng(0)
    for name, colour in (("red", (200, 20, 20)), ("green", (20, 200, 20)), ("blue", (20, 20, 200))):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(6):
            pixels = np.clip(generator.normal(colour, 20, (14 + number, 20, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.jpg")
    recipe = TransferLearning(data=str(tmp_path / "photos"), base=coloured, out=str(tmp_path / "run"), **SMALL)
    assert len(recipe.run()) == len(METHODS) * 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seeds": 0}, "seeds must be at least 1, got 0"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"labels_per_class": ()}, "labels_per_class must be numbers of at least 1"),
        ({"labels_per_class": (1, 0)}, "labels_per_class must be numbers of at least 1"),
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
