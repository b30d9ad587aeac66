"""Word vectors: words that are used alike get like vectors, and differences of vectors mean something.

Mikolov et al., "Distributed Representations of Words and Phrases and their Compositionality", NIPS 2013: king - man +
woman is near queen; thinning out frequent words makes vectors better. Levy & Goldberg, "Neural Word Embedding as
Implicit Matrix Factorization", NIPS 2014: what skip-grams learn is the mutual information of words. Baroni, Dinu &
Kruszewski, "Don't count, predict!", ACL 2014, found such vectors better than those of counts; Levy, Goldberg & Dagan,
TACL 2015, found the counts as good once they are treated alike.

Skip-grams, with and without frequent words thinned out, and CBOW learn the training texts; the vectors of counts are
the singular vectors of the positive mutual information, of the same windows and width. Each answers the same analogies:
plurals, women and men, forms of verbs. `--questions` and `--similarity` take files of questions-words and WordSim-353.

Run it by `keras-dl run word-vectors`; the captions of multi30k are short and plain. Other texts need other analogies.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.analysis import word_vectors as analysis
from keras_dl.data.vocabulary import SPECIAL, Vocabulary
from keras_dl.data.word_windows import WINDOW
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive
from keras_dl.figures import save_figure
from keras_dl.names import expanded
from keras_dl.tasks import get_task
from keras_dl.training import Options

METHODS = {
    "skip_gram": "skip-gram",
    "unthinned": "skip-gram,\nnothing thinned",
    "cbow": "CBOW",
    "counts": "counts\n(PPMI + SVD)",
}
PAIRS = {
    "plurals": "dog dogs cat cats car cars boy boys girl girls tree trees bike bikes horse horses hat hats shirt "
    "shirts player players bird birds building buildings man men woman women child children rock rocks boat boats",
    "women and men": "man woman boy girl men women boys girls he she his her male female father mother son daughter "
    "brother sister gentleman lady",
    "verbs": "running runs walking walks playing plays sitting sits standing stands jumping jumps holding holds riding "
    "rides looking looks eating eats smiling smiles talking talks",
}
KIND = ["red", "blue", "green", "yellow", "orange", "purple", "pink", "black", "white", "brown", "gray"]
"""words that should be near each other"""
FREQUENT = 300
"""words whose mutual information is compared"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class WordVectors(DataExperiment):
    """Compare word vectors that were learned with those of counts."""

    data: str = "multi30k"
    """a data set of texts: a name of tensorflow-datasets, or a .csv file"""
    seeds: Count = 3
    """how often each measurement is repeated, with other first vectors and other pairs"""
    width: Count = 64
    """numbers in a vector"""
    window: Count = 5
    """words to each side that can be near"""
    negatives: Count = 5
    """words that are drawn for each pair"""
    least: Count = 5
    """how often a word must stand in the training texts"""
    steps: Count = 4000
    """training steps"""
    batch_size: Count = 256
    """words that tell, in a step"""
    learning_rate: Positive = 5e-3
    """Adam's at the start; it falls to 0"""
    questions: str | None = None
    """a file of analogies: four words a line"""
    similarity: str | None = None
    """a file of likeness: two words and a number a line, with tabs between them"""

    def cells(self) -> list[dict]:
        return [{"method": method} for method in METHODS]

    def measure(self, *, seed: int, method: str) -> dict:
        """Shares of analogies that are right, of neighbours of colours that are colours, in %, and what files ask."""
        context, sample = "cbow" if method == "cbow" else "skip_gram", None if method == "unthinned" else 1e-3
        task = get_task("word_vectors", context=context, sample=sample, **self._size)
        config, data = task.adapt(get_config("word2vec_sgns", width=self.width), self.dataset)
        column, windows = data.spec.columns[WINDOW], data.train.columns[WINDOW].values
        tokens = Vocabulary.from_json(column.vocabulary).tokens
        ids = {word: number for number, word in enumerate(tokens, start=SPECIAL)}
        found: dict[str, Any] = {}
        if method == "counts":
            counts = analysis.together(windows, column.classes, self.window)
            vectors = analysis.counted_vectors(counts, self.width)
        else:
            options = Options(learning_rate=self.learning_rate, schedule="linear")
            training = self.quiet(config, options, self.steps, task=task)
            network = training.begin(seed)
            arrange = task.for_data(data.spec).arrange(network)
            training.fit(data.train.stream(self.batch_size, steps=self.steps, seed=seed, arrange=arrange))
            vectors, targets = (network.get_layer(name).get_weights()[0] for name in ("embedding", "head"))
        if method == "skip_gram":
            few = np.arange(SPECIAL, min(SPECIAL + FREQUENT, column.classes))
            known = analysis.mutual_information(analysis.together(windows, column.classes, self.window))[few][:, few]
            there = np.isfinite(known)
            found["mutual"] = float(np.corrcoef((vectors[few] @ targets[few].T)[there], known[there])[0, 1])
        answers = {name: _answered(vectors, ids, words.split()) for name, words in PAIRS.items()}
        found |= {"analogies": {name: share for name, share in answers.items() if share is not None}}
        if not found["analogies"]:
            raise UsageError(f"{self.data} has too few of the words that are asked for, such as {PAIRS['plurals'][:8]}")
        colours = np.array([ids[word] for word in KIND if word in ids], "int64")
        cosines = analysis.unit(vectors)[colours] @ analysis.unit(vectors).T
        cosines[np.arange(len(colours)), colours] = -np.inf
        near = np.isin(cosines.argsort(axis=1)[:, -3:], colours)
        found["neighbours"] = 100 * float(near.mean()) if near.size else 0.0
        if self.questions:
            asked = _known(ids, [line.lower().split() for line in _lines(self.questions) if line[0] != ":"], 4)
            found |= {"asked": len(asked), "questions": 100 * float(analysis.analogies(vectors, asked).mean())}
        if self.similarity:
            rows = [line.lower().split("\t") for line in _lines(self.similarity) if line[0] != "#"]
            rows = [row for row in rows if row[0] in ids and row[1] in ids]
            pairs, judged = _known(ids, rows, 2), np.array([float(row[2]) for row in rows])
            found |= {"pairs": len(pairs), "similarity": analysis.likeness(vectors, pairs, judged)}
        words = [word for name in PAIRS for word in PAIRS[name].split()[:12] if word in ids]
        return found | {"words": words, "places": _flat(analysis.unit(vectors)[[ids[word] for word in words]]).tolist()}

    @property
    def _size(self) -> dict[str, int]:
        return {"window": self.window, "negatives": self.negatives, "least": self.least}

    def claims(self, results: Results) -> list[Claim]:
        def right(method: str) -> np.ndarray:
            return np.array([np.mean([*one.values()]) for one in results.values("analogies", method=method)])

        found = [
            Claim(
                text="Differences of vectors mean something: boy - man + woman is girl (Mikolov et al. 2013)",
                quantity="analogies that skip-grams answer right",
                measured=right("skip_gram"),
                at_least=30,
                unit="%",
            ),
            Claim(
                text="Words of one kind are near each other",
                quantity="of the three nearest words of colours, colours",
                measured=results.values("neighbours", method="skip_gram"),
                at_least=50,
                unit="%",
            ),
            Claim(
                text="Frequent words thinned out make better vectors (Mikolov et al. 2013, table 1)",
                quantity="analogies right, less those without it",
                measured=right("skip_gram") - right("unthinned"),
                at_least=0,
                unit="points",
            ),
            Claim(
                text="Skip-grams learn the mutual information of words (Levy & Goldberg 2014)",
                quantity=f"correlation with the products of the vectors, the {FREQUENT} most frequent words",
                measured=results.values("mutual", method="skip_gram"),
                at_least=0.5,
            ),
            Claim(
                text="Vectors that were learned are better than counts (Baroni et al. 2014)",
                quantity="analogies right, skip-grams less counts",
                measured=right("skip_gram") - right("counts"),
                at_least=2,
                unit="points",
            ),
        ]
        asked = {"questions": "analogies of the file right, %", "similarity": "rank correlation with people"}
        for key, quantity in asked.items():
            if getattr(self, key):
                found.append(
                    Claim(
                        text="The same, as the file asks it (Baroni et al. 2014)",
                        quantity=f"{quantity}, skip-grams less counts",
                        measured=results.values(key, method="skip_gram") - results.values(key, method="counts"),
                        at_least=0,
                        reason="few of its words are in these texts; Levy et al. 2015 find counts as good",
                    )
                )
        return found

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(12, 5), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=[3, 2])
        [row, *_] = [row for row in results.rows if row["method"] == "skip_gram"]
        places = dict(zip(row["words"], np.array(row["places"]), strict=True))
        for number, words in enumerate(PAIRS.values()):
            for one, other in _twos(words.split()[:12]):
                if one in places and other in places:
                    left.plot(*np.stack([places[one], places[other]]).T, "-o", markersize=3, color=f"C{number}")
        for word, place in places.items():
            left.annotate(word, place, fontsize=8)
        left.set(title="skip-grams: two main axes of the words of the analogies")
        kinds = [*results.rows[0]["analogies"]]
        for number, kind in enumerate(kinds):
            shares = [[one[kind] for one in results.values("analogies", method=method)] for method in METHODS]
            right.bar(
                np.arange(len(METHODS)) + 0.8 * number / len(kinds) - 0.3,
                np.mean(shares, axis=1),
                0.8 / len(kinds),
                yerr=np.std(shares, axis=1),
                label=kind,
            )
        right.set_xticks(range(len(METHODS)), METHODS.values())
        right.set(title=f"{self.subject}: analogies that are right", ylabel="%")
        right.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3)
        save_figure(figure, folder / "word_vectors.png")


def _twos(words: list[str]) -> list[tuple[str, str]]:
    return list(zip(words[::2], words[1::2], strict=True))


def _answered(vectors: np.ndarray, ids: dict[str, int], words: list[str]) -> float | None:
    """Of the analogies between all pairs of `words` those that are right, in %; None where there are none."""
    pairs = _known(ids, _twos(words), 2).tolist()
    questions = [[*one, *other] for one, other in itertools.permutations(pairs, 2)]
    return 100 * float(analysis.analogies(vectors, np.array(questions)).mean()) if questions else None


def _known(ids: dict[str, int], rows: Iterable[Sequence[str]], count: int) -> np.ndarray:
    """Those of the `rows` of whose first `count` words all have ids: these, (n, `count`)."""
    found = [[ids[word] for word in row[:count]] for row in rows if all(word in ids for word in row[:count])]
    return np.array(found, "int64").reshape(-1, count)


def _lines(file: str) -> list[str]:
    try:
        return [line for line in expanded(file).read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _flat(vectors: np.ndarray) -> np.ndarray:
    """`vectors` (n, width) along their two main axes, (n, 2)."""
    centred = vectors - vectors.mean(axis=0)
    return centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
