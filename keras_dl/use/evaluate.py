"""The command `keras-dl evaluate`: how good the answers of a saved model are on labelled data."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tyro
from rich.table import Table

from keras_dl import storage
from keras_dl.console import plain_console
from keras_dl.data import Data, Split, load
from keras_dl.data.dataset import SPLITS
from keras_dl.data.naming import find_folder
from keras_dl.data.spec import INPUTS
from keras_dl.errors import UsageError, choose, shown, some
from keras_dl.fields import check_fields
from keras_dl.figures import only_a_note, plain
from keras_dl.names import new_place, note
from keras_dl.tasks.classification import Classification
from keras_dl.training.loop import Training
from keras_dl.training.objective import compile_model
from keras_dl.training.options import Options
from keras_dl.use.drawings import draw_calibration, draw_confusion, draw_mistakes
from keras_dl.use.predictor import Predictor
from keras_dl.use.scores import calibration, scores, worst_mistakes

ROWS = 20
"""classes of the printed table, the worst"""
MISTAKES = 24


@dataclasses.dataclass(frozen=True)
class Evaluate:
    """Measure a saved model: a classifier by class, with its confusions and worst mistakes, others by their task."""

    model: Annotated[str, tyro.conf.Positional]
    """the saved model: its folder, that of a run or a search, or its name in saved_models/"""
    data: str
    """"digits", a name of tensorflow-datasets, a folder or file of examples, or an environment, as in training"""
    split: Literal["test", "validation", "train", "all"] = "test"
    """which examples; where the data have no test split, test is the fixed fifth that trainings keep aside"""
    data_dir: str | None = None
    """where tensorflow-datasets keeps its data; default TFDS_DATA_DIR, then its own"""
    target: Annotated[str | None, tyro.conf.arg(aliases=("--label",))] = None
    """what is to be predicted, where the data have several answers; for the data of its training as it was there"""
    source: str | None = None
    """which feature the network takes, where there are several; for the data of its training as it was there"""
    skip_bad: bool = False
    """leave out pictures that cannot be read"""
    out: str | None = None
    """folder for scores.json and the pictures; default a new one under evaluations/"""

    def __post_init__(self):
        check_fields(self)

    def run(self) -> dict[str, Any]:
        """Print, draw and return the scores: of a classifier as `keras_dl.use.scores.scores` has them, else its task's.

        Raises `UsageError` for data that do not have the classes or the columns of the model, and for an `out` that is
        there already.
        """
        find_folder(self.data, self.data_dir)
        out = new_place(self.out, "evaluations/{}")
        predictor = Predictor(self.model)
        loading = {"data_dir": self.data_dir, "skip_bad": self.skip_bad, "image_size": predictor.spec.image_size}
        loading["whole"] = predictor.task.whole_tables
        data = fitting(load(self.data, **loading, **self._chosen(predictor)), predictor)
        there = data.test.fingerprint["columns"].get("label", {}).get("sha256")
        if predictor.facts.get("test_labels", there) != there:
            note("other examples than its training kept aside: if it has learned some of them, the scores are too good")
        found = _measured(predictor, data, self.split)
        out.mkdir(parents=True)
        storage.write_json(
            out / "scores.json", {"model": shown(self.model), "data": shown(self.data), "split": self.split, **found}
        )
        title = f"{plain(Path(self.model).name)} on {plain(data.spec.name)}"
        console = plain_console()
        if "confusion" in found:
            with only_a_note("the pictures"):
                _draw(predictor, data, self.split, found, out, title)
            console.print(_table(found["classes"]))
            console.print(
                f"accuracy {100 * found['accuracy']:.2f} % on {found['examples']:,} {self.split} examples, log loss "
                f"{found['log_loss']:.3f}, macro F1 {found['macro_f1']:.3f}, calibration error "
                f"{found['calibration_error']:.3f}",
                soft_wrap=True,
            )
        else:
            with only_a_note("answers.png"):
                part = data.test if self.split == "all" else getattr(data, self.split)
                predictor.task.draw(predictor.model, predictor.config, part, predictor.spec, out / "answers.png")
            words = ", ".join(
                f"{name.replace('_', ' ')} {value:.4f}" for name, value in found.items() if name != "examples"
            )
            console.print(f"{words} on {found['examples']:,} {self.split} examples", soft_wrap=True)
        console.print(f"scores and pictures are in {out}", soft_wrap=True)
        return found

    def _chosen(self, predictor: Predictor) -> dict[str, str]:
        """Which features are the input and the answer, and which split is trained on: as said, else as in training."""
        chosen = {}
        match predictor.facts.get("data"):
            case {"name": self.data, **trained}:
                chosen = {name: trained[name] for name in ("target", "source", "split") if name in trained}
        said = {name: value for name in ("target", "source") if (value := getattr(self, name)) is not None}
        return chosen | said


def evaluate(model: str | os.PathLike | Predictor, data: Data, *, split: str = "test") -> dict[str, Any]:
    """The scores of a saved model on a split of `data`, or on "all".

    Those of a classifier are the ones of `keras_dl.use.scores.scores`; any other model has "examples" and what its
    training reports too. Raises `UsageError` for data that do not have the classes or the columns of the model.
    """
    choose("split", split, (*SPLITS, "all"))
    predictor = model if isinstance(model, Predictor) else Predictor(model)
    return _measured(predictor, fitting(data, predictor), split)


def _measured(predictor: Predictor, data: Data, split: str) -> dict[str, Any]:
    """The scores on a split of `data`, which are as `fitting` gives them.

    Batches have the size of its training: some losses, such as those that compare examples, depend on it. Losses that
    the network alone does not decide are left out.
    """
    if isinstance(predictor.task, Classification):
        inputs, labels = _examples(data, split)
        probabilities = predictor.task.probabilities(predictor.model, predictor.config, inputs)
        return scores(probabilities, labels, predictor.class_names)
    if split == "all":
        raise UsageError(f"{predictor.task.name} is measured on one split; choose train, validation or test")
    part = getattr(data, split)
    match predictor.facts:
        case {"training": {"batch_size": int(size)}}:
            options = Options(batch_size=size)
        case _:
            options = Options()
    training = Training(predictor.model, predictor.config, predictor.task, data, options, Path())
    training.prepare()
    compile_model(training.learner, predictor.config, options, 1, predictor.task)
    return {"examples": len(part), **training.evaluate_alone(part)}


def fitting(data: Data, predictor: Predictor) -> Data:
    """`data` as the network takes them. Raises `UsageError` where it cannot."""
    task, config, spec = predictor.task, predictor.config, predictor.spec
    encoding = spec.columns[spec.input].vocabulary
    if data.recode is not None and encoding is not None:
        data = data.recode(encoding)
    data = task.sized(config, task.encoded(config, data, spec))
    for name, column in spec.columns.items():
        found = data.spec.columns.get(name)
        if found is None:
            continue
        if found.shape != column.shape and column.kind in ("image", "features", "tokens", "audio"):
            raise UsageError(f"the model takes inputs of shape {column.shape}, {data.spec.name} has {found.shape}")
    if spec.input not in data.spec.columns:
        raise UsageError(f"the model takes {spec.input}; {data.spec.name} has {some([*data.spec.columns])}")
    return data


def _examples(data: Data, split: str) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The inputs by column, and the labels, of a split or of all."""
    parts: list[Split] = [getattr(data, name) for name in (SPLITS if split == "all" else (split,))]
    inputs = {data.spec.input: np.concatenate([part.inputs() for part in parts])}
    for name, column in data.spec.columns.items():
        if column.kind in INPUTS and name not in inputs:
            inputs[name] = np.concatenate([part.columns[name].values for part in parts])
    return inputs, np.concatenate([part.labels for part in parts])


def _draw(predictor: Predictor, data: Data, split: str, found: dict[str, Any], out: Path, title: str) -> None:
    """The confusions, the calibration, and the worst mistakes where they are of pictures."""
    inputs, labels = _examples(data, split)
    probabilities = predictor.task.probabilities(predictor.model, predictor.config, inputs)
    draw_confusion(np.array(found["confusion"]), predictor.class_names, out / "confusion.png", title)
    draw_calibration(*calibration(probabilities, labels), out / "calibration.png", title)
    worst = worst_mistakes(probabilities, labels, MISTAKES)
    if not predictor.takes_pictures or not len(worst):
        return
    names, sure = [plain(name) for name in predictor.class_names], 100 * probabilities.max(axis=1)
    captions = [
        f"says {names[probabilities[place].argmax()]}, {sure[place]:.0f} %\nis {names[labels[place]]}"
        for place in worst
    ]
    pictures = inputs[data.spec.input][worst]
    draw_mistakes(pictures, captions, out / "mistakes.png", f"{title}: the surest wrong answers")


def _table(classes: dict[str, dict[str, Any]]) -> Table:
    table = Table("class", "precision", "recall", "F1", "examples", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    there = {name: row for name, row in classes.items() if row["examples"]}
    for name, row in sorted(there.items(), key=lambda item: item[1]["f1"])[:ROWS]:
        table.add_row(name, *(f"{row[key]:.3f}" for key in ("precision", "recall", "f1")), f"{row['examples']:,}")
    return table
