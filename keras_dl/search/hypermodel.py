"""A user's own `keras_tuner.HyperModel` as a network that can be searched like any other."""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from keras_dl import catalogue
from keras_dl.catalogue.describe import Description, describe, describe_model
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.lazy import LazyModule, keras
from keras_dl.search import exploring, user_model

if TYPE_CHECKING:
    from keras_dl.data import Spec

keras_tuner = LazyModule("keras_tuner")


@dataclasses.dataclass(frozen=True, kw_only=True)
class HyperNetwork(Config):
    """What the HyperModel at `source`, "module:Name", builds for the `values` of its hyperparameters.

    Only `build` and `classifier_activation` run its code, which is for children alone.

    The data decide `input_shape`, pictures 0..255 or features, and `classes`, the outputs that it must have.
    """

    task: ClassVar[str] = "classification"
    foreign: ClassVar[bool] = True

    source: str
    explored: str
    """what is known of it, as `keras_dl.search.exploring` found it"""
    input_shape: tuple[int, ...] = ()
    classes: int = 0
    values: tuple[tuple[str, bool | int | float | str], ...] = ()
    """by name; what is left out has its default"""

    @property
    def classifier_activation(self) -> Literal["softmax", "sigmoid"] | None:
        """That of the last layer, as far as the loss of an uncompiled model depends on it; found by building it."""
        last = getattr(_without_weights(self).layers[-1], "activation", None)
        return name if (name := getattr(last, "__name__", None)) in ("softmax", "sigmoid") else None

    @property
    def family(self) -> str:
        """The name of the HyperModel."""
        return self.source

    @property
    def compiles_itself(self) -> bool:
        return json.loads(self.explored)["compiled"]

    @property
    def own_space(self) -> dict[str, Any]:
        return json.loads(self.explored)["space"]

    def with_values(self, values: dict[str, Any]) -> Self:
        return self.replace(values=tuple(values.items()))

    def for_data(self, spec: Spec) -> Self:
        """A copy for this data; pictures are resized to the input of the model where that is fixed.

        Raises `UsageError` if nothing that the HyperModel builds has such inputs and outputs.
        """
        spec.check_numbers(self.source)
        refusals = []
        for theirs, outputs in json.loads(self.explored)["looks"]:
            shape = tuple(own or size for own, size in zip(theirs, spec.shape, strict=False))
            if len(theirs) != len(spec.shape) or (spec.kind != "image" and shape != spec.shape):
                refusals.append(f"takes inputs of shape {tuple(theirs)}, {spec.name} has {spec.shape}")
            elif outputs != [None, spec.outputs]:
                wanted = "classes" if spec.find("number") is None else "numbers"
                refusals.append(f"gives outputs of shape {tuple(outputs)}, {spec.outputs} {wanted} are wanted")
            else:
                return self.replace(input_shape=shape, classes=spec.outputs)
        raise UsageError(f"{self.source} {refusals[0]}")


def network(source: str) -> HyperNetwork:
    """The network of the HyperModel called `source`, "module:Name"; the module may lie in the present folder.

    Raises `UsageError` if there is none, or nothing of it can be built.
    """
    return HyperNetwork(source=source, explored=exploring.explored(source))


def read_config(text: str) -> Config:
    """The config that `to_json` wrote, of the catalogue or of a HyperModel: of a search's own files, not of strangers'.

    A HyperModel's module is imported when it is built. `keras_dl.catalogue.read_config` reads the catalogue's alone.
    """
    fields = json.loads(text)
    if fields.get("family") != fields.get("source"):
        return catalogue.read_config(text)
    return HyperNetwork(**{name: value for name, value in fields.items() if name != "family"})


def description(config: Config) -> Description:
    """The sizes of what a HyperModel builds, found by building it here. Raises `UsageError` if that fails."""
    keras.utils.clear_session()
    try:
        return describe(config)
    except UsageError:
        return describe_model(config.build())


def build(config: HyperNetwork) -> keras.Model:
    """What the HyperModel builds, as a functional model, compiled or not. Raises `UsageError` if it does not fit."""
    space = keras_tuner.HyperParameters.from_config(config.own_space)
    model = user_model.built(config.source, user_model.set_values(space, dict(config.values)))
    outputs, inputs = model.output_shape, model.input_shape[1:]
    if outputs != (None, config.classes):
        raise UsageError(f"{config.source} gives outputs of shape {outputs}, {config.classes} classes are wanted")
    if len(inputs) != len(config.input_shape) or any(
        size not in (None, own) for size, own in zip(inputs, config.input_shape, strict=True)
    ):
        raise UsageError(f"{config.source} takes inputs of shape {inputs}, the search began with {config.input_shape}")
    return model


@functools.lru_cache(maxsize=8)
def _without_weights(config: HyperNetwork) -> keras.Model:
    return user_model.without_weights(functools.partial(build, config))
