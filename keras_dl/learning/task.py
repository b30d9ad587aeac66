"""What a network learns: from which columns of the data, by which loss, how it is judged, and what it answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from keras_dl.data.spec import Kind
from keras_dl.data.spectra import pictures, series
from keras_dl.errors import UsageError, some
from keras_dl.fields import check_fields
from keras_dl.lazy import keras
from keras_dl.learning.objective import Objective

if TYPE_CHECKING:
    from keras_dl.config import Config
    from keras_dl.data import Data, Spec, Split
    from keras_dl.data.split import Arrange
    from keras_dl.lazy import tf
    from keras_dl.training import Options

LEARNED_BY = {
    "class": "classification",
    "number": "regression",
    "mask": "segmentation",
    "boxes": "object_detection",
    "span": "question_answering",
    "moment": "forecasting",
    "texts": "captioning",
}
"""the tasks for kinds of columns that networks are to find out"""
BATCH = 32
"""examples that a network answers at once"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task:
    """Base of all tasks: frozen dataclasses, one a module of `keras_dl.tasks`, whose fields are options.

    A subclass has `prepare(batch, key)`, which makes (x, y) or (x, y, weights) of a `batch` by column in the input
    pipeline, x with the names of `inputs`; `key` is a stateless seed (2,), None in evaluation. It says by what the
    network is compiled, or which `learner` trains it. Raises `UsageError` for options of other kinds than their
    annotations say.
    """

    objective: ClassVar[Objective]
    """what searches, plots and cards judge a network by"""
    monitor: ClassVar[Objective | None] = None
    """what patience watches; by default the objective"""
    wants: ClassVar[tuple[tuple[Kind, ...], ...]] = ()
    """kinds of columns, one of each group, that data must have"""

    scored_each_epoch: ClassVar[bool] = False
    """whether `scores` of the validation split are found after each epoch, since the objective is one of them"""
    makes_pictures: ClassVar[bool] = False
    """whether whoever asks trained networks gives seeds, in a column of that name, "seed", for pictures of noise"""
    answers_pictures: ClassVar[bool] = False
    """whether answers hold pictures, such as "image": rows of pixels 0..255"""
    whole_tables: ClassVar[bool] = False
    """whether all cells of a table are learned, gaps and all, in place of a target"""
    several_targets: ClassVar[bool] = False
    """whether data may have more columns of the kinds that it learns than one"""
    needs_classes: ClassVar[bool] = False
    """whether networks without `classes` are refused"""
    head: ClassVar[str | None] = None
    """what networks tell that have several heads"""
    parts: ClassVar[tuple[str, ...]] = ()
    """the models that a network must be made of, by name, since they are trained or used one by one"""
    adam: ClassVar[dict[str, float]] = {}
    """settings of Adam and AdamW that this way to learn needs, such as beta_1"""

    def __post_init__(self):
        check_fields(self)

    @property
    def name(self) -> str:
        """The name of its module."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def watched(self) -> Objective:
        """What patience watches."""
        return self.monitor or self.objective

    def to_json(self) -> dict[str, Any]:
        """Its name and every option."""
        return {"name": self.name, **dataclasses.asdict(self)}

    def encoded(self, config: Config, data: Data, like: Spec | None = None) -> Data:
        """`data` with the columns that networks such as `config` take; as in `like`, that of a trained one, if given.

        Sounds stay as they are for networks that read samples, become series of spectra for those that read these, and
        pictures of spectra for all others.

        Raises `UsageError` for data that lack a column.
        """
        for kinds in self.wants:
            if data.spec.find(*kinds) is None:
                found = some([f"{name} ({column.kind})" for name, column in data.spec.columns.items()])
                others = [f"--task {task}" for kind, task in LEARNED_BY.items() if data.spec.find(kind) is not None]
                hint = f"; {' or '.join(others)} learns these" if others else ""
                raise UsageError(
                    f"{self.name} needs a column of {' or '.join(kinds)}; {data.spec.name} has {found}{hint}"
                )
        learns = {kind for kinds in self.wants for kind in kinds} & {"class", "number"}
        targets = [name for name, column in data.spec.columns.items() if column.kind in ("class", "number")]
        if learns and len(targets) > 1 and not self.several_targets:
            raise UsageError(
                f"{data.spec.name} has several targets, {some(targets)}; --task multi_task learns them all, "
                f"--target {targets[0]} is one of them"
            )
        if data.spec.kind == "audio" and not hasattr(config, "samples"):
            return (series if hasattr(config, "series") else pictures)(data, like)
        return data

    def for_data(self, spec: Spec) -> Self:
        """The task for encoded data of `spec`, where its learner has to know them."""
        return self

    def adapt(self, config: Config, data: Data) -> tuple[Config, Data]:
        """The network for the data, and the data as it takes them. Raises `UsageError` where they do not fit."""
        if self.needs_classes and not hasattr(config, "classes"):
            raise UsageError(f"{config.family} tells no classes; it learns by --task {config.task}")
        data = self.encoded(config, data)
        if self.head is not None and hasattr(config, "head"):
            config = config.replace(head=self.head)
        config = config.for_data(data.spec)
        return config, self.sized(config, data)

    def sized(self, config: Config, data: Data) -> Data:
        """`data`, encoded, with pictures of the size that `config` takes. Raises `UsageError` where it takes none."""
        if data.spec.kind != "image":
            return data
        if not hasattr(config, "input_shape"):
            raise UsageError(f"{config.family} takes no pictures, as {data.spec.name} has them")
        return data.resized(config.input_shape)

    def inputs(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """What networks may take of a `batch` by column: more than one of them takes, targets apart."""
        return batch

    def arrange(self, network: keras.Model) -> Arrange:
        """`prepare` for `network`: x are the inputs that it takes, a single one bare, and each output has its y."""

        def arranged(batch, key):
            x, *targets = self.prepare(batch, key)
            if isinstance(network.output, dict):
                targets = [y if isinstance(y, dict) else dict.fromkeys(network.output, y) for y in targets]
            return (self.taken(network, x), *targets)

        return arranged

    def taken(self, network: keras.Model, x: dict[str, Any]) -> Any:
        """Of the inputs `x` by name those that `network` takes, a single one bare. Raises `UsageError` if one lacks."""
        if not isinstance(x, dict):
            return x
        several = isinstance(network.input, dict)
        wanted = [*network.input] if several else [network.inputs[0].name]
        if not several and len(x) == 1:
            return next(iter(x.values()))
        if missing := set(wanted) - x.keys():
            raise UsageError(f"{network.name} takes {', '.join(sorted(missing))}; {self.name} gives {', '.join(x)}")
        return {name: x[name] for name in wanted} if several else x[wanted[0]]

    def entrances(self, network: keras.Model) -> list[keras.KerasTensor]:
        """The inputs, symbolic, of `network` or a part of it that take what an example of the data is."""
        return network.inputs

    def outputs(self, network: keras.Model, inputs: dict[str, np.ndarray]) -> Any:
        """The outputs of `network`, arrays, for examples `inputs` by column."""
        x = self.taken(network, keras.tree.map_structure(np.asarray, self.inputs(inputs)))
        return network.predict(x, batch_size=BATCH, verbose=0)

    def learner(self, network: keras.Model, config: Config, options: Options) -> keras.Model:
        """What trains `network`: itself, compiled, or a `Learner` around it. Its state is variables."""
        return network

    def compiling(self, network: keras.Model, config: Config, options: Options) -> dict[str, Any]:
        """The loss and metrics, as arguments of Keras's `compile`; none for a `Learner`, which has its own."""
        return {}

    def example(self, network: keras.Model, count: int) -> tuple:
        """A batch of zeros, (x, y), as the learner of `network` takes it."""
        x = keras.tree.map_structure(
            lambda tensor: np.zeros((count, *tensor.shape[1:]), keras.backend.standardize_dtype(tensor.dtype)),
            network.input,
        )
        y = keras.tree.map_structure(lambda tensor: np.zeros((count, *tensor.shape[1:-1]), "int64"), network.output)
        return x, y

    def scores(self, network: keras.Model, config: Config, split: Split, spec: Spec) -> dict[str, float]:
        """What is no mean over batches, of all examples of `split`, by name: added to what Keras evaluates."""
        return {}

    def answers(
        self, network: keras.Model, config: Config, inputs: dict[str, np.ndarray], spec: Spec
    ) -> list[dict[str, Any]]:
        """What `network` says of each example of `inputs` by column, as JSON holds it."""
        raise UsageError(f"networks that have learned by {self.name} answer no questions; use keras_dl.load")

    def questions(self, spec: Spec) -> Spec:
        """What those who ask a network for data of `spec` give: by default its input."""
        return spec

    def exported(self, network: keras.Model) -> keras.Model:
        """What of `network` another runtime is to have, a model of one input and one output."""
        return network

    def made(self, network: keras.Model, config: Config, seeds: Sequence[int]) -> np.ndarray:
        """Pictures (n, height, width, channels) of pixels 0..255, float32, that `network` makes of noise by `seeds`."""
        raise UsageError(f"networks that have learned by {self.name} make no pictures of noise")

    def asked(self, network: keras.Model, inputs: dict[str, np.ndarray]) -> tuple[Any, np.ndarray]:
        """Where the logits of the answers to texts `inputs` stand, and the token of each text, (n,), that tells it.

        The first is as the methods of `keras_dl.explain.words` take it, whose heat maps say why. Raises `UsageError`.
        """
        raise UsageError(f"answers of {self.name} have no heat maps of words")

    def draw(self, network: keras.Model, config: Config, split: Split, spec: Spec, path: Path) -> bool:
        """Draw what `network` makes of some examples of `split` into a PNG at `path`; False if nothing is to see."""
        return False

    def replace(self, **changes: Any) -> Self:
        """A copy with some options changed."""
        return dataclasses.replace(self, **changes)


def noise(seeds: Sequence[int], width: int) -> np.ndarray:
    """Normal numbers (n, width) float32, a row for each of the `seeds`."""
    return np.stack([np.random.default_rng(int(seed)).normal(size=width) for seed in seeds]).astype("float32")


def pixels(picture: np.ndarray) -> list:
    """`picture` (height, width, channels), values about 0..255, as rows of whole numbers 0..255."""
    return np.clip(picture, 0, 255).round().astype(int).tolist()
