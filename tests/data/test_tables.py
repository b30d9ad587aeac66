"""Tables, arrays and data sets of other libraries: which of their columns are inputs, and which the answer."""

import types

import numpy as np
import pytest
import tensorflow as tf

from keras_dl import UsageError
from keras_dl.data import load
from keras_dl.data.examples import from_examples
from keras_dl.data.holdout import complete
from keras_dl.data.table import Numbers, Table, Words
from keras_dl.use.reading import read

ROWS = 60
COLOURS = ("blue", "green", "red")


def write(path, **columns):
    """A table of these columns."""
    lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n")
    return path


def table(**more):
    numbers = np.arange(ROWS)
    return {"width": numbers * 1.5, "colour": [COLOURS[number % 3] for number in numbers], **more}


def told(data, words):
    return any(words in notice for notice in data.notices)


def test_a_number_is_predicted_from_numbers_and_categories(tmp_path):
    data = load(write(tmp_path / "t.csv", **table(price=np.arange(ROWS) * 0.5)), target="price")
    features, number = data.spec.columns.values()
    assert (features.kind, features.shape, number.kind, number.shape) == ("features", (4,), "number", (1,))
    assert [*data.spec.columns] == ["features", "number"] and told(data, "price is a number, 0..29.5")
    rows, prices = data.train.columns["features"].values, data.train.columns["number"].values
    np.testing.assert_allclose(rows[:, 0].mean(), 0, atol=1e-6)
    np.testing.assert_allclose(rows[:, 0].std(), 1, atol=1e-6)
    places = (prices[:, 0] * 2).astype(int)
    np.testing.assert_array_equal(rows[:, 1:], np.eye(3)[places % 3])
    assert np.corrcoef(rows[:, 0], prices[:, 0])[0, 1] > 0.9999
    widths = places * 1.5
    every = data.test.columns["features"].values[:, 0] * widths.std() + widths.mean()
    np.testing.assert_allclose(every, data.test.columns["number"].values[:, 0] * 3, atol=1e-4)


@pytest.mark.parametrize(
    ("answers", "names"),
    [
        (["no", "yes"] * 30, ("no", "yes")),
        ([3, 5, 4] * 20, ("3", "4", "5")),
        ([*range(11, 1, -1)] * 6, tuple(map(str, range(2, 12)))),
    ],
)
def test_words_and_neighbouring_whole_numbers_are_classes(tmp_path, answers, names):
    data = load(write(tmp_path / "t.csv", **table(answer=answers)), target="answer")
    assert data.spec.class_names == names and told(data, f"answer is one of {len(names)} classes")
    assert set(data.train.labels) == set(range(len(names)))


@pytest.mark.parametrize("answers", [[3.0, 5.0] * 30, [*range(ROWS)], [1, 2, 9] * 20, [-1, 0, 1] * 20])
def test_other_numbers_are_numbers(tmp_path, answers):
    data = load(write(tmp_path / "t.csv", **table(answer=answers)), target="answer")
    assert [*data.spec.columns] == ["features", "number"]


def test_what_is_missing_is_told(tmp_path):
    widths, answers = [*map(str, range(ROWS))], [*map(str, np.arange(ROWS) / 2)]
    widths[5], widths[9], answers[2] = "?", "", "NA"
    data = load(write(tmp_path / "t.csv", **table(width=widths, answer=answers)), target="answer")
    assert told(data, "1 of 60 rows have no answer and were left out")
    assert told(data, "of 59 rows, cells are missing: 2 in width; numbers became the median")
    assert sum(data.spec.counts.values()) == 59
    there = [width for place, width in enumerate(widths) if place != 2]
    trained = [there[place] for place in complete({"train": 59}, 0.1, 0, ())[0]["train"][1]]
    middle = Table.from_json(data.spec.columns["features"].vocabulary).columns["width"].middle
    assert middle == np.median([float(width) for width in trained if width not in ("?", "")])


def test_scales_are_of_the_training_rows_alone():
    cells = ["1", "2", "3", "1000"]
    column = Table.of({"x": cells}, np.array([0, 1, 2])).columns["x"]
    assert (column.middle, column.mean) == (2.0, 2.0) and column.deviation == pytest.approx(np.std([1, 2, 3]))
    assert Table.of({"x": ["7", "7"]}, np.array([0, 1])).encode({"x": ["7", "?"]}).tolist() == [[0.0], [0.0]]


@pytest.mark.parametrize(
    ("content", "target", "words"),
    [
        ("a,b\n1,2\n", None, "say which of its columns is the target; it has a, b"),
        ("a,b\n1,2\n", "c", "it has no column c; it has a, b"),
        ("a\n1\n", "a", "has no column beside a"),
        ("a,2\n3,4\n", "1", "the first line of .* must name the columns; it holds a, 2"),
        ("1,2\n3,4\n", "1", "it has no column 1; it has column 1, column 2"),
        ("a,b\n", "a", "has 1 lines"),
        ("", "a", "has 0 lines"),
        ("a,a\n1,2\n", "a", "there is more than one 'a'"),
        ("a,b\n1,2\n1\n", "a", "row 2 of .* has 1 cells; 2 are wanted: 1"),
        ("a,b\n1,?\n2,\n", "b", "column b of .* is empty"),
        ("a,b\n1,x\n2,x\n", "b", "holds 'x' alone"),
        ("a,b\n1,2\n2,x\n3,4\n", "b", "column b holds numbers, and 'x'"),
        ("a,b\n1,0.5\n2,0.5\n3,0.5\n4 kg,0.5\n", "b", "column a holds numbers, and '4 kg' in row 4"),
        ("a,b\n" + "".join(f"w{n},0.5\n" for n in range(101)), "b", "column a holds 101 different words"),
        ("a,b\n,0.5\n,1.5\n,2.5\n,3.5\n", "b", "column a is empty"),
    ],
)
def test_tables_that_say_nothing_are_refused(tmp_path, content, target, words):
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(UsageError, match=words):
        load(tmp_path / "t.csv", target=target)


def test_a_first_line_of_numbers_is_a_row(tmp_path):
    (tmp_path / "t.csv").write_text("1, blue, ?\n2, blue, 4\n3, red,\n" * 4)
    data = load(tmp_path / "t.csv", target="column 2")
    assert sum(data.spec.counts.values()) == 12 and data.spec.class_names == ("blue", "red")
    assert told(data, "the columns are called column 1, column 2 ..")


def test_a_whole_table_keeps_its_gaps(tmp_path):
    columns = table(same=["7"] * 55 + ["?"] * 5)
    columns["width"] = [*map(str, columns["width"])]
    columns["width"][4] = columns["colour"][9] = "?"
    data = load(write(tmp_path / "t.csv", **columns), whole=True)
    column = data.spec.columns["features"]
    assert [*data.spec.columns] == ["features"] and (column.shape, column.gaps) == ((4,), True)
    assert told(data, "7 of 180 cells are gaps")
    assert told(data, "columns of one value in the training rows were left out: same")
    rows = np.concatenate([getattr(data, name).columns["features"].values for name in ("train", "validation", "test")])
    assert np.isnan(rows[:, 0]).sum() == 1 and np.isnan(rows[:, 1:]).sum() == 3
    trained = data.train.columns["features"].values[:, 0]
    assert (np.nanmean(trained), np.nanstd(trained)) == pytest.approx((0, 1), abs=1e-5)


@pytest.mark.parametrize(
    ("content", "target", "words"),
    [
        ("a,b\n?,\n,?\n", None, "t.csv holds nothing but gaps"),
        ("a,b\n1,x\n1,?\n1,x\n1,x\n", None, "each column of t.csv holds one value"),
        ("a,b\n1,2\n2,3\n3,4\n4,5\n", "b", "the whole table t.csv is learned, gaps and all; leave the target b out"),
        ("a,b\n1,?\n2,?\n3,?\n4,?\n", None, "column b is empty; take it out of the table"),
    ],
)
def test_whole_tables_that_say_nothing_are_refused(tmp_path, content, target, words):
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(UsageError, match=words):
        load(tmp_path / "t.csv", target=target, whole=True)


def test_a_table_that_was_written_is_read_back(tmp_path):
    found = Table({"a": Numbers(1.0, 2.0, 3.0), "b": Words(("x", "y"))})
    assert Table.from_json(found.to_json()) == found and found.width == 3
    for damaged in ("", "[]", '{"a": {"mean": 1}}', '{"a": {"words": [1]}}', "3"):
        with pytest.raises(UsageError, match="damaged"):
            Table.from_json(damaged)


def test_other_tables_are_read_as_the_one_that_was_learned_from(tmp_path):
    data = load(write(tmp_path / "t.csv", **table(price=np.arange(ROWS) * 0.5)), target="price")
    write(tmp_path / "new.csv", colour=["red", "?"], other=["", "z"], width=[0, 88.5])
    sources, inputs = read([tmp_path / "new.csv"], data.spec)
    assert sources == [f"{tmp_path}/new.csv:2", f"{tmp_path}/new.csv:3"]
    np.testing.assert_array_equal(inputs["features"][:, 1:], [[0, 0, 1], [0, 0, 0]])
    assert inputs["features"][0, 0] < -1.5 and inputs["features"][1, 0] > 1.5
    write(tmp_path / "new.csv", colour=["violet"], width=[1])
    with pytest.raises(UsageError, match="column colour: 'violet' is none of blue, green, red"):
        read([tmp_path / "new.csv"], data.spec)
    write(tmp_path / "new.csv", colour=["red"])
    with pytest.raises(UsageError, match="lacks the columns width; it has colour"):
        read([tmp_path / "new.csv"], data.spec)


def pictures(count=ROWS):
    return np.random.default_rng(0).integers(0, 256, (count, 5, 4, 3), dtype="uint8")


def test_arrays_in_a_file(tmp_path):
    x, y = pictures(), np.arange(ROWS) % 3
    np.savez(tmp_path / "a.npz", x=x, y=y)
    data = load(tmp_path / "a.npz")
    assert (data.spec.kind, data.spec.shape, data.spec.classes) == ("image", (5, 4, 3), 3)
    np.savez(tmp_path / "a.npz", x_train=x[..., 0], y_train=y, x_test=x[:9, ..., 0], y_test=y[:9])
    data = load(tmp_path / "a.npz")
    assert data.spec.shape == (5, 4, 1) and data.spec.counts == {"train": 54, "validation": 6, "test": 9}
    np.testing.assert_array_equal(data.test.stored[..., 0], x[:9, ..., 0])
    np.savez(tmp_path / "a.npz", a=np.arange(ROWS), b=np.ones((ROWS, 2)), price=np.arange(ROWS) / 4)
    data = load(tmp_path / "a.npz", target="price")
    assert (data.spec.kind, data.spec.shape) == ("features", (3,)) and data.spec.columns["number"].shape == (1,)
    with pytest.raises(UsageError, match="a.npz has a, b, price; wanted are x and y"):
        load(tmp_path / "a.npz")
    with pytest.raises(UsageError, match="has no column z; it has a, b, price"):
        load(tmp_path / "a.npz", target="z")
    with pytest.raises(UsageError, match="a.npz leaves no choice of source; leave it out"):
        load(tmp_path / "a.npz", source="a")
    (tmp_path / "a.npz").write_bytes(b"nothing")
    with pytest.raises(UsageError, match="a.npz cannot be read"):
        load(tmp_path / "a.npz")


def test_objects_in_a_file_are_never_made(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.array([types.SimpleNamespace()], object), y=np.zeros(1, int))
    with pytest.raises(UsageError, match="a.npz cannot be read: Object arrays cannot be loaded"):
        load(tmp_path / "a.npz")


def graph():
    return {
        "features": np.eye(6),
        "edges": np.array([[0, 1], [1, 2], [4, 5]]),
        "labels": np.array([0, 1, 2, 0, 1, 2]),
        "train_index": np.array([0, 1]),
        "val_index": np.array([2]),
        "test_index": np.array([3, 5]),
    }


def test_a_graph_is_the_one_example_of_each_split(tmp_path):
    np.savez(tmp_path / "g.npz", **graph())
    data = load(tmp_path / "g.npz")
    assert {name: column.kind for name, column in data.spec.columns.items()} == {
        "x": "nodes",
        "edge_index": "edges",
        "labels": "classes",
    }
    assert data.train.columns["labels"].values.tolist() == [[0, 1, -1, -1, -1, -1]]
    assert data.test.columns["labels"].values.tolist() == [[-1, -1, -1, 0, -1, 2]]
    assert data.train.columns["edge_index"].values.tolist() == [[[0, 1, 4, 1, 2, 5], [1, 2, 5, 0, 1, 4]]]
    sparse = {key: value for key, value in graph().items() if key != "features"}
    starts, places = np.arange(7), np.arange(6)
    np.savez(
        tmp_path / "s.npz", **sparse, features_indptr=starts, features_indices=places, features_shape=np.array([6, 6])
    )
    np.testing.assert_array_equal(load(tmp_path / "s.npz").train.columns["x"].values, np.eye(6)[None])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"labels": None}, "has no labels"),
        ({"features": None}, "has no features, nor features_indptr"),
        ({"edges": np.array([[0, 6]])}, "has 6 nodes; its edges or labels are of others"),
        ({"edges": np.array([0, 1])}, "must be whole numbers"),
    ],
)
def test_graphs_that_are_none_are_refused(tmp_path, changes, words):
    np.savez(tmp_path / "g.npz", **{key: value for key, value in (graph() | changes).items() if value is not None})
    with pytest.raises(UsageError, match=words):
        load(tmp_path / "g.npz")


def test_examples_of_a_program():
    x, y = pictures(), np.arange(ROWS) % 3
    expected = from_examples((x, y), class_names=("a", "b", "c"), test=(x[:7], y[:7]))
    assert expected.spec.counts == {"train": 54, "validation": 6, "test": 7} and expected.spec.class_names[2] == "c"
    pipeline = tf.data.Dataset.from_tensor_slices((x, y))
    named = tf.data.Dataset.from_tensor_slices({"image": x, "label": y})
    words = np.array(["a", "b", "c"])[y]
    for train in (pipeline, named, {"image": x, "label": y}, (x, words)):
        data = from_examples(train)
        np.testing.assert_array_equal(data.train.stored[:9], from_examples((x, y)).train.stored[:9])
        np.testing.assert_array_equal(data.train.labels, from_examples((x, y)).train.labels)
    floats = from_examples((x / 255.0, y / 2))
    assert [*floats.spec.columns] == ["image", "number"] and "pixel values 0..1 were mapped to 0..255" in floats.notices
    texts = from_examples((["good", "bad"] * 30, [1, 0] * 30))
    assert (texts.spec.kind, texts.spec.classes) == ("text", 2)


@pytest.mark.parametrize(
    ("train", "words"),
    [
        (3, "the train split of data must be"),
        ({"a": [1], "b": [2]}, "has the columns a, b; one input, and the target, are wanted"),
        (([1.0], [1]), r"have shape \(1,\)"),
        ((pictures(4), np.array([0, 1, -1, 1])), "is outside 0..1"),
        ((pictures(4), np.arange(3)), "4 inputs but 3 labels"),
    ],
)
def test_examples_of_another_form_are_refused(train, words):
    with pytest.raises(UsageError, match=words):
        from_examples(train)


def test_hugging_face_data_sets(monkeypatch):
    datasets = pytest.importorskip("datasets")
    texts = datasets.Dataset.from_dict(
        {"text": ["good", "bad"] * 30, "label": [1, 0] * 30},
        features=datasets.Features(
            {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])}
        ),
    )
    data = from_examples(texts)
    assert (data.spec.kind, data.spec.class_names) == ("text", ("neg", "pos"))
    assert [data.train.labels[0], data.train.stored[0]] in ([0, "bad"], [1, "good"])
    from PIL import Image

    drawn = [Image.fromarray(picture) for picture in pictures()]
    shown = datasets.Dataset.from_dict(
        {"img": drawn, "fine": [number % 4 for number in range(ROWS)]},
        features=datasets.Features({"img": datasets.Image(), "fine": datasets.ClassLabel(num_classes=4)}),
    )
    data = from_examples(shown, test=shown)
    np.testing.assert_array_equal(data.test.stored, pictures())
    assert data.spec.class_names == ("0", "1", "2", "3")


def test_a_column_of_sentences_is_text(tmp_path):
    rows = [f"the film is very {('bad', 'good')[place % 2]},{('no', 'yes')[place % 2]}" for place in range(40)]
    (tmp_path / "reviews.csv").write_text("\n".join(["text,label", *rows]))
    data = load(tmp_path / "reviews.csv", target="label")
    assert (data.spec.kind, data.spec.class_names) == ("text", ("no", "yes"))
    assert sorted(set(data.train.stored)) == ["the film is very bad", "the film is very good"]


def test_two_columns_of_sentences_are_two_texts(tmp_path):
    rows = [
        f"it rains {place} times,it does {('not', 'so')[place % 2]},{('no', 'yes')[place % 2]}" for place in range(40)
    ]
    (tmp_path / "pairs.csv").write_text("\n".join(["premise,hypothesis,label", *rows]))
    data = load(tmp_path / "pairs.csv", target="label")
    assert {name: column.kind for name, column in data.spec.columns.items()} == {
        "text": "text",
        "second_text": "text",
        "label": "class",
    }
    first, second = (data.train.columns[name].values for name in ("text", "second_text"))
    for one, other, label in zip(first, second, data.train.labels, strict=True):
        assert int(one.split()[2]) % 2 == label and other == f"it does {('not', 'so')[label]}"
