"""Knowledge graphs: triples of a head, a relation and a tail, in text files with tabs between them."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np

from keras_dl.data.dataset import SPLITS, Data
from keras_dl.data.fingerprint import of_folder
from keras_dl.data.hashing import of_array
from keras_dl.data.holdout import complete
from keras_dl.data.source import Source
from keras_dl.data.spec import Column, Spec
from keras_dl.data.split import Split
from keras_dl.errors import UsageError, shown, some

TRIPLE, HEADS, TAILS = "triple", "known_heads", "known_tails"
"""the columns: a triple, and the entities known to complete (?, relation, tail) and (head, relation, ?)"""
FILES = {"train": ("train",), "validation": ("valid", "validation", "dev"), "test": ("test",)}
ENDINGS = (".txt", ".txt.gz")


def holds_triples(folder: Path) -> bool:
    """Whether `folder` holds a file of triples to learn from."""
    return folder.is_dir() and _file(folder, "train") is not None


def load_triples(folder: Path, validation: float, seed: int) -> Data:
    """The triples of `folder`/train.txt, valid.txt and test.txt, or the same with .gz behind it.

    A line is a head, a relation and a tail with tabs between them. Entities and relations are those of the training
    triples, by name; others that have an unknown one are left out, which a notice tells. Splits that are missing are
    made as `complete` does. Raises `UsageError` for lines of another form, and for a split that is empty.
    """
    files = {split: file for split in SPLITS if (file := _file(folder, split)) is not None}
    lines = {split: _read(file) for split, file in files.items()}
    parts, notices = complete({split: len(found) for split, found in lines.items()}, validation, seed, ())
    rows = {split: [lines[source][place] for place in places] for split, (source, places) in parts.items()}
    entities = sorted({name for head, _, tail in rows["train"] for name in (head, tail)})
    relations = sorted({relation for _, relation, _ in rows["train"]})
    if len(entities) < 2:
        raise UsageError(f"the triples of {folder} name {len(entities)} entity; 2 or more are wanted")
    triples = {}
    for split, found in rows.items():
        triples[split] = numbered(found, entities, relations)
        known = (triples[split] >= 0).all(axis=1)
        if not known.all():
            lacking = f"{len(known) - known.sum():,} of {len(known):,} {split} triples"
            notices.append(f"{lacking} name entities or relations that no training triple has, and were left out")
        triples[split] = triples[split][known]
        if not len(triples[split]):
            raise UsageError(f"no {split} triple of {folder} names entities and relations of training triples alone")
    return of_triples(
        triples,
        tuple(entities),
        tuple(relations),
        name=shown(folder.resolve().name),
        notices=tuple(notices),
        origin=of_folder(folder, files.values()),
    )


def of_triples(
    triples: dict[str, np.ndarray], entities: tuple[str, ...], relations: tuple[str, ...], *, name: str, **told
) -> Data:
    """The data of `triples` by split, (n, 3) numbers of a head, a relation and a tail; `told` as `Data` takes it."""
    every = np.concatenate([*triples.values()]).astype("int32")
    splits, shapes = {}, {}
    for split, found in triples.items():
        found = found.astype("int32")
        known = {column: Completions(every, found, place) for column, place in ((HEADS, 0), (TAILS, 2))}
        splits[split] = Split({TRIPLE: found, **known})
        shapes |= {column: source.shape for column, source in known.items()}
    columns = {
        TRIPLE: Column(kind="triple", shape=(3,), classes=len(entities), class_names=entities, names=relations),
        **{column: Column(kind="entities", shape=shape) for column, shape in shapes.items()},
    }
    return Data(spec=Spec(name=name, columns=columns), **splits, **told)


def numbered(rows: list[list[str]], entities: list[str], relations: list[str]) -> np.ndarray:
    """The triples `rows` of names as numbers (n, 3) int32, -1 for names that are not among the others."""
    entity, relation = ({name: place for place, name in enumerate(names)} for names in (entities, relations))
    found = [(entity.get(head, -1), relation.get(link, -1), entity.get(tail, -1)) for head, link, tail in rows]
    return np.array(found, "int32").reshape(-1, 3)


class Completions(Source):
    """For each of the `asked` triples (n, 3) the entities that make it one of `every` (m, 3) when put in a `place`.

    The place is 0 for heads and 2 for tails; the entities come in order, padded by -1, the triple's own among them.
    """

    in_memory = True
    dtype = np.dtype("int32")

    def __init__(self, every: np.ndarray, asked: np.ndarray, place: int):
        rest = [column for column in range(3) if column != place]
        order = np.lexsort((every[:, place], every[:, rest[1]], every[:, rest[0]]))
        ordered, new = every[order], np.ones(len(every), bool)
        new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
        ordered = ordered[new]
        pairs, self._starts, counts = np.unique(ordered[:, rest], axis=0, return_index=True, return_counts=True)
        self._entities, self._ends = ordered[:, place], self._starts + counts
        found = {tuple(pair): number for number, pair in enumerate(pairs.tolist())}
        self._pairs = np.array([found[tuple(pair)] for pair in asked[:, rest].tolist()], "int64")
        self.shape = (int(counts.max()),)

    def __len__(self) -> int:
        return len(self._pairs)

    def take(self, indices: np.ndarray) -> np.ndarray:
        pairs = self._pairs[indices]
        places = self._starts[pairs, None] + np.arange(self.shape[0])
        inside = places < self._ends[pairs, None]
        return np.where(inside, self._entities[np.minimum(places, len(self._entities) - 1)], -1).astype("int32")

    def fingerprint(self) -> str:
        parts = (of_array(one) for one in (self._entities, self._starts, self._ends, self._pairs))
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def _file(folder: Path, split: str) -> Path | None:
    """The file of a split; None where there is none."""
    names = [f"{name}{ending}" for name in FILES[split] for ending in ENDINGS]
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _read(file: Path) -> list[list[str]]:
    """The triples of `file`, as names."""
    try:
        with (gzip.open if file.suffix == ".gz" else open)(file, "rt", encoding="utf-8") as lines:
            rows = [line.rstrip("\r\n").split("\t") for line in lines if line.strip()]
    except (OSError, UnicodeDecodeError, EOFError) as error:
        raise UsageError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not rows:
        raise UsageError(f"{file} is empty; a triple a line is wanted, head, relation and tail with tabs between them")
    for number, row in enumerate(rows, start=1):
        if len(row) != 3 or not all(map(str.strip, row)):
            said = some(row)
            raise UsageError(f"triple {number} of {file} is no head, relation and tail with tabs between them: {said}")
    return rows
