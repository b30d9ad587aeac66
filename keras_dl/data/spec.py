"""What a network needs to know about a data set: its columns, and what each of them holds."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated, Any, Literal, Self

from keras_dl.errors import UsageError
from keras_dl.fields import HELD, Count, NaturalNumber, at_least, check_fields

Kind = Literal[
    "image",
    "features",
    "text",
    "texts",
    "span",
    "audio",
    "tokens",
    "series",
    "moment",
    "nodes",
    "edges",
    "triple",
    "entities",
    "class",
    "number",
    "mask",
    "boxes",
    "classes",
    "states",
    "episode",
    "index",
    "weight",
]
FORMS = {
    "image": ("height", "width", "channels"),
    "features": ("features",),
    "text": (),
    "texts": ("texts",),
    "span": ("start and end",),
    "audio": ("samples",),
    "tokens": ("length",),
    "series": ("steps", "numbers"),
    "moment": ("numbers",),
    "nodes": ("nodes", "features"),
    "edges": ("two ends", "edges"),
    "triple": ("head, relation and tail",),
    "entities": ("entities",),
    "class": (),
    "number": ("numbers",),
    "mask": ("height", "width"),
    "boxes": ("boxes", "four edges"),
    "classes": ("items",),
    "states": ("numbers",),
    "episode": (),
    "index": (),
    "weight": (),
}
"""the axes of one example of each kind"""
INPUTS = ("image", "features", "text", "audio", "tokens", "series", "moment", "nodes", "triple", "states")
"""kinds that networks take; the others are what they are to find out, or belong to one of these"""
NAMED = ("class", "mask", "classes")
"""kinds whose whole numbers stand for names"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Column:
    """What one column of a data set holds; `shape` is that of one example, ragged ones padded.

    Pixels of an "image" have values 0..255; "texts" are several about one thing, empty ones behind the others; a
    "span" is where in a text the first of them starts and ends; samples
    of "audio" -1..1, `rate` of them a second. A "series" has numbers at each step, 0 where it has ended. An "image" or
    a "series" with a `rate` is the spectra of a sound of so many `samples`, as `keras_dl.data.spectra` makes them. A
    "moment" has the numbers, called `names`, of one time of a series that goes on from example to example. "tokens" are
    whole numbers below `classes`, padded by 0, for networks that go on with texts by -1, made by `vocabulary` as
    `Vocabulary.to_json` has it, with tokens of the beginning and the end around each text if they are `bounded`;
    `counts` are how often each stands in the training texts, where that is told. "class", "mask" (a class a pixel) and
    "classes" (of the items of an example, such as boxes; -1 is the pad) are whole numbers 0 .. `classes` - 1, called
    `class_names`. "boxes" are (left, top, right, bottom) in pixels, padded by -1. "edges" go from the first node to the
    second, padded by -1. A "triple" is the numbers of a head, a relation and a tail: its `classes` are the entities,
    called `class_names`, and its `names` the relations; "entities" are the numbers of some of them, padded by -1.
    Of "states" the `classes` are the actions of an agent; an "episode" is the seed that begins
    it, an "index" the number of an example. A "number", or several, is to be predicted: it is `scales` times what is
    stored and `offsets` more, where these are given, as are those of a series.

    Of a "class" those in training may be `seen`, where validation and test have others; each may have one of `vectors`.
    With `gaps` a class, a number or features are not known of some examples, and are -1 or NaN there.

    Raises `UsageError` for anything else.
    """

    kind: Kind
    shape: tuple[Count, ...] = ()
    classes: Annotated[int, at_least(1), HELD] | None = None
    class_names: tuple[str, ...] = ()
    rate: Count | None = None
    samples: Count | None = None
    vocabulary: str | None = None
    bounded: bool = False
    seen: tuple[NaturalNumber, ...] = ()
    vectors: tuple[tuple[float, ...], ...] = ()
    names: tuple[str, ...] = ()
    counts: tuple[NaturalNumber, ...] = ()
    gaps: bool = False
    offsets: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()

    def __post_init__(self):
        check_fields(self)
        form = FORMS[self.kind]
        if len(self.shape) != len(form):
            raise UsageError(f"the shape of {self.kind} must be ({', '.join(form)}), got {self.shape}")
        if self.kind in NAMED and self.classes is None:
            object.__setattr__(self, "classes", len(self.class_names) or None)
        if self.kind in (*NAMED, "tokens") and self.classes is None:
            raise UsageError(f"a column of kind {self.kind} needs its number of classes")
        if self.kind in ("class", "mask") and self.classes < 2:
            raise UsageError(f"classes must be at least 2, got {self.classes}")
        if self.class_names and len(set(self.class_names)) != self.classes:
            raise UsageError(f"{self.classes} classes need as many different class_names, got {self.class_names}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spec:
    """The contract between a data set and a network: its `columns` by name, the inputs first.

    `counts` gives the examples per split: "train", "validation", "test", and is filled in by `Data`. `image_size` is
    the height and width that was asked for, if one was. Raises `UsageError` for anything else.
    """

    name: str
    columns: dict[str, Column]
    counts: dict[str, NaturalNumber] = dataclasses.field(default_factory=dict)
    image_size: Count | None = None

    def __post_init__(self):
        check_fields(self)
        if not self.columns:
            raise UsageError(f"{self.name} has no columns")

    @classmethod
    def labelled(
        cls,
        *,
        name: str,
        kind: Literal["image", "features", "text", "audio"],
        shape: tuple[int, ...],
        classes: int,
        class_names: tuple[str, ...] = (),
        counts: dict[str, int] | None = None,
        rate: int | None = None,
        image_size: int | None = None,
    ) -> Self:
        """The spec of inputs of one `kind`, the column of that name, each with one class, the column "label"."""
        columns = {
            kind: Column(kind=kind, shape=shape, rate=rate),
            "label": Column(kind="class", classes=classes, class_names=class_names),
        }
        return cls(name=name, columns=columns, counts=counts or {}, image_size=image_size)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The spec that `to_json` has written, its counts apart. Raises `UsageError` for anything else."""
        match value:
            case {"name": str(name), "columns": dict(columns), "image_size": None | int() as image_size} if len(
                value
            ) == 3 and all(isinstance(column, dict) for column in columns.values()):
                known = {field.name for field in dataclasses.fields(Column)}
                if unknown := {key for column in columns.values() for key in column} - known:
                    raise UsageError(f"columns have no {', '.join(sorted(map(str, unknown)))}")
                columns = {key: Column(**{"kind": None, **column}) for key, column in columns.items()}
                return cls(name=name, columns=columns, image_size=image_size)
        raise UsageError("the description of the data has no name, columns and image_size, or more")

    def to_json(self) -> dict[str, Any]:
        """As JSON holds it, all but the counts; what is not set is left out."""
        columns = {
            name: {key: value for key, value in dataclasses.asdict(column).items() if value not in (None, (), False)}
            for name, column in self.columns.items()
        }
        return json.loads(json.dumps({"name": self.name, "columns": columns, "image_size": self.image_size}))

    @property
    def input(self) -> str:
        """The name of the column that networks take, the first of them."""
        return next((name for name, column in self.columns.items() if column.kind in INPUTS), next(iter(self.columns)))

    @property
    def kind(self) -> Kind:
        """The kind of the input."""
        return self.columns[self.input].kind

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one input."""
        return self.columns[self.input].shape

    @property
    def rate(self) -> int | None:
        """Samples a second of the input, if it is sound."""
        return self.columns[self.input].rate

    @property
    def target(self) -> Column | None:
        """The column of named classes, of examples, pixels or items; None where there is none."""
        return next((column for column in self.columns.values() if column.kind in NAMED), None)

    @property
    def classes(self) -> int | None:
        """How many classes the target has; None where it has none."""
        return None if self.target is None else self.target.classes

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the classes of the target are called."""
        return () if self.target is None else self.target.class_names

    @property
    def outputs(self) -> int | None:
        """How many outputs a network for the target has: its classes, the numbers to be predicted, or the actions."""
        numbers, states = self.find("number"), self.find("states")
        if states is not None:
            return self.columns[states].classes
        return self.classes if numbers is None else self.columns[numbers].shape[0]

    def find(self, *kinds: Kind) -> str | None:
        """The name of the first column of one of these `kinds`; None if there is none."""
        return next((name for name, column in self.columns.items() if column.kind in kinds), None)

    def replace(self, name: str, **changes: Any) -> Self:
        """A copy with some fields of the column `name` changed."""
        column = dataclasses.replace(self.columns[name], **changes)
        return dataclasses.replace(self, columns={**self.columns, name: column})

    def with_input(self, column: Column) -> Self:
        """A copy whose input is another `column`, and is called by its kind."""
        columns = {
            (column.kind if name == self.input else name): (column if name == self.input else other)
            for name, other in self.columns.items()
        }
        return dataclasses.replace(self, columns=columns)

    def check_pictures(self) -> None:
        """Raise `UsageError` for anything but pictures."""
        if self.kind != "image":
            raise UsageError(f"pictures are wanted, {self.name} is {self.kind}")

    def check_size(self, shape: tuple[int, ...], taker: str) -> None:
        """Raise `UsageError` if a size was asked for and `taker`, of fixed input `shape`, takes another."""
        if self.image_size is not None and shape[:2] != (self.image_size, self.image_size):
            raise UsageError(
                f"{taker} takes pictures of {shape[0]}x{shape[1]} pixels, not image_size={self.image_size}; "
                "leave image_size out"
            )

    def check_numbers(self, network: str) -> None:
        """Raise `UsageError` for texts and sounds, which `network` cannot take as they are."""
        functions = {"text": "keras_dl.data.prepare.bag_of_words", "audio": "keras_dl.data.spectra.pictures"}
        if self.kind in functions:
            raise UsageError(f"{network} takes numbers, {self.name} is {self.kind}; use {functions[self.kind]}")
