"""Knowledge graphs from folders of triples: their numbers, what completes a triple, and what is refused."""

import gzip

import numpy as np
import pytest

from keras_dl import UsageError
from keras_dl.data import load
from keras_dl.data.triples import HEADS, TAILS, TRIPLE, Completions

TRAIN = [("ann", "likes", "bob"), ("bob", "likes", "eve"), ("ann", "likes", "eve"), ("eve", "knows", "ann")]
VALID = [("bob", "knows", "ann"), ("ann", "likes", "ann")]
TEST = [("eve", "likes", "eve"), ("zoe", "likes", "eve"), ("ann", "owes", "bob")]


def write(folder, **splits):
    folder.mkdir(exist_ok=True)
    for name, triples in splits.items():
        (folder / f"{name}.txt").write_text("".join("\t".join(triple) + "\n" for triple in triples))
    return folder


def test_triples_become_numbers_of_training_names(tmp_path):
    data = load(write(tmp_path / "graph", train=TRAIN, valid=VALID, test=TEST))
    column = data.spec.columns[TRIPLE]
    assert (column.class_names, column.names) == (("ann", "bob", "eve"), ("knows", "likes"))
    assert data.spec.counts == {"train": 4, "validation": 2, "test": 1}
    np.testing.assert_array_equal(data.train.columns[TRIPLE].values, [[0, 1, 1], [1, 1, 2], [0, 1, 2], [2, 0, 0]])
    np.testing.assert_array_equal(data.test.columns[TRIPLE].values, [[2, 1, 2]])
    [notice] = data.notices
    assert notice.startswith("2 of 3 test triples name entities or relations that no training triple has")


def test_what_completes_a_triple_is_known_from_all_splits(tmp_path):
    data = load(write(tmp_path / "graph", train=TRAIN, valid=VALID, test=TEST))
    heads, tails = (data.train.columns[name].values for name in (HEADS, TAILS))
    np.testing.assert_array_equal(tails[0], [0, 1, 2])  # ann likes ann, too, as validation says
    np.testing.assert_array_equal(heads[1], [0, 1, 2])  # eve likes herself in the test
    np.testing.assert_array_equal(heads[3], [1, 2, -1])


def test_completions_are_those_of_a_search_through_all():
    generator = np.random.default_rng(0)
    every = np.stack([generator.integers(0, size, 300) for size in (9, 4, 9)], axis=1)
    asked = every[generator.permutation(300)[:50]]
    for place in (0, 2):
        source = Completions(every, asked, place)
        rest = [column for column in range(3) if column != place]
        for triple, found in zip(asked, source.values, strict=True):
            wanted = {row[place] for row in every.tolist() if [row[c] for c in rest] == triple[rest].tolist()}
            assert sorted(wanted) == found[found >= 0].tolist()
        np.testing.assert_array_equal(source.chosen(np.array([3, 1])).values, source.values[[3, 1]])
        assert source.fingerprint() == Completions(every, asked, place).fingerprint()
        assert source.fingerprint() != Completions(every, asked[::-1], place).fingerprint()


def test_packed_files_are_the_same(tmp_path):
    plain = load(write(tmp_path / "plain", train=TRAIN, valid=VALID, test=TEST))
    folder = write(tmp_path / "packed", valid=VALID, test=TEST)
    with gzip.open(folder / "train.txt.gz", "wt") as file:
        file.write("\r\n".join("\t".join(triple) for triple in TRAIN))
    packed = load(folder)
    assert packed.train.fingerprint == plain.train.fingerprint and packed.spec.columns == plain.spec.columns


def test_splits_that_are_missing_are_made(tmp_path):
    triples = [(f"e{a}", "next", f"e{b}") for a in range(8) for b in range(8)]
    data = load(write(tmp_path / "graph", train=triples), seed=1)
    assert sum(data.spec.counts.values()) == 64 and min(data.spec.counts.values()) > 4
    assert [notice for notice in data.notices if "there is no test split" in notice]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"train": [*TRAIN, ("ann", "likes")]}, "triple 5 of .*train.txt is no head, relation and tail .*: ann, likes"),
        ({"train": [("ann", " ", "bob")]}, "triple 1 of .*train.txt is no head, relation and tail"),
        ({"train": [("ann likes bob",)]}, "triple 1 of .* is no head, relation and tail with tabs"),
        ({"train": TRAIN, "valid": []}, "valid.txt is empty; a triple a line is wanted"),
        (
            {"train": TRAIN, "valid": VALID, "test": [("zoe", "likes", "ann")]},
            "no test triple of .* names entities and",
        ),
        ({"train": [("ann", "likes", "ann")] * 9}, "name 1 entity; 2 or more are wanted"),
    ],
)
def test_graphs_that_say_nothing_are_refused(tmp_path, files, words):
    with pytest.raises(UsageError, match=words):
        load(write(tmp_path / "graph", **files))


def test_files_that_are_no_text_are_refused(tmp_path):
    folder = write(tmp_path / "graph", valid=VALID)
    (folder / "train.txt.gz").write_bytes(b"not packed")
    with pytest.raises(UsageError, match=r"train.txt.gz cannot be read"):
        load(folder)
