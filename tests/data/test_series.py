"""One long series: parted in time, windows that know the past, the scale of training."""

import numpy as np
import pytest

from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.data.csv_file import read_columns
from keras_dl.data.series import from_series, numbers, windowed
from keras_dl.tasks import get_task
from keras_dl.use.reading import read

VALUES = np.stack([np.arange(100.0), 5 + np.sin(np.arange(100.0))], axis=1)


def write(path):
    dates = (np.datetime64("2001-01-01") + np.arange(len(VALUES))).astype(str)
    rows = [f"{date},{a},{b}" for date, (a, b) in zip(dates, VALUES, strict=True)]
    path.write_text("\n".join(["date,up,wave", *rows]))
    return path


def test_the_splits_follow_each_other_in_time(tmp_path):
    data = load(write(tmp_path / "s.csv"), seed=3)
    parts = [getattr(data, name).columns["moment"].values for name in ("train", "validation", "test")]
    assert [*map(len, parts)] == [72, 8, 20]
    np.testing.assert_allclose(np.concatenate(parts), VALUES, rtol=1e-6)
    assert data.spec.columns["moment"].names == ("up", "wave")
    assert "the test split is its last 20 of 100 moments" in data.notices[0]


def test_every_moment_with_a_past_is_told_once_and_never_seen_before(tmp_path):
    data = windowed(load(write(tmp_path / "s.csv")), 10)
    column = data.spec.columns["series"]
    raw = VALUES[:72]
    np.testing.assert_allclose(column.offsets, raw.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(column.scales, raw.std(axis=0), rtol=1e-6)
    start = {"train": 10, "validation": 72, "test": 80}
    for name, count in {"train": 62, "validation": 8, "test": 20}.items():
        split = getattr(data, name)
        windows, following = (
            split.columns[key].values * column.scales + column.offsets for key in ("series", "number")
        )
        assert len(split) == count
        for place in range(count):
            now = start[name] + place
            np.testing.assert_allclose(windows[place], VALUES[now - 10 : now], atol=1e-4)
            np.testing.assert_allclose(following[place], VALUES[now], atol=1e-4)


def test_other_forms_are_the_same_series(tmp_path):
    first = from_series(VALUES[:, 1]).train.columns["moment"].values
    (tmp_path / "one.csv").write_text("\n".join(["wave", *map(repr, VALUES[:, 1].tolist())]))
    np.savez(tmp_path / "s.npz", series=VALUES[:, 1])
    for name in ("one.csv", "s.npz"):
        np.testing.assert_array_equal(load(tmp_path / name).train.columns["moment"].values, first)
    assert load(tmp_path / "s.npz").spec.columns["moment"].names == ("value",)
    table = load(write(tmp_path / "s.csv"), target="up")
    assert "label" in table.spec.columns or "number" in table.spec.columns


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.arange(5), "series has 5 moments; a series needs more than 10"),
        (np.array([1.0] * 20 + [np.nan]), "not finite|finite"),
        (np.zeros((3, 4, 5)), r"must be numbers \(n,\) or \(n, numbers\), got float64 \(3, 4, 5\)"),
        (np.array(["a"] * 20), "must be numbers"),
    ],
)
def test_what_is_no_series(values, words):
    with pytest.raises(UsageError, match=words):
        from_series(values)


def test_gaps_and_other_columns_are_refused(tmp_path):
    file = write(tmp_path / "s.csv")
    columns = read_columns(file)
    assert numbers(file, columns, ["wave"])[0].shape == (100, 1)
    with pytest.raises(UsageError, match="has no numbers down; it has up, wave"):
        numbers(file, columns, ["down"])
    lines = file.read_text().splitlines()
    lines[5] = lines[5].rpartition(",")[0] + ","
    file.write_text("\n".join(lines))
    with pytest.raises(UsageError, match=r"row 5 of .*s.csv has no number in wave, but ''; a series has no gaps"):
        load(file)
    with pytest.raises(UsageError, match="the train split of series ends at moment 14; take fewer steps"):
        windowed(from_series(np.arange(20)), 48)
    with pytest.raises(UsageError, match=r"forecasting needs a column of moment; digits has image"):
        get_task("forecasting").adapt(get_config("next_step_predictor"), load("digits"))


def test_the_last_rows_of_a_table_are_read_by_name(tmp_path):
    spec = windowed(load(write(tmp_path / "s.csv")), 10).spec
    new = tmp_path / "new.csv"
    new.write_text("\n".join(["wave,other,up", *(f"{number},x,{-number}" for number in range(15))]))
    sources, inputs = read([new], spec)
    column = spec.columns["series"]
    back = inputs["series"][0] * column.scales + column.offsets
    np.testing.assert_allclose(back, np.stack([-np.arange(5.0, 15), np.arange(5.0, 15)], axis=1), atol=1e-4)
    assert sources == [str(new)] and inputs["series"].dtype == np.float32
    new.write_text("up,wave\n1,2\n3,4\n")
    with pytest.raises(UsageError, match="has 2 rows; the network goes on with a series of 10 or more"):
        read([new], spec)
