"""Graph convolutional networks: each node learns from its features and those of its neighbours.

Kipf & Welling, "Semi-Supervised Classification with Graph Convolutional Networks", ICLR 2017, section 3.
Inputs: `x`, (batch, nodes, features), and `edge_index`, (batch, 2, edges), from the first node to the second, padded by
-1; output: (batch, nodes, classes) logits. A whole graph is one example.

    name  parameters  layers      graph
    gcn       23,063  1433-16-7   Cora: 2,708 papers of 1,433 words, 5,278 citations, which are edges both ways

A layer is D^-1/2 (A + I) D^-1/2 x W + b. The features of a node are divided by their sum, dropout is before each layer,
and the kernel of the first is penalised, as in the paper. The authors' code has no biases; those of the later
libraries, after the propagation, are taken. The authors trained 200 epochs at most by Adam with the rate 0.01.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from keras_dl.config import Config, depth, width
from keras_dl.errors import UsageError
from keras_dl.fields import Count, NotNegative, Share, at_least
from keras_dl.lazy import keras, layers

if TYPE_CHECKING:
    from keras_dl.data import Spec


@dataclasses.dataclass(frozen=True, kw_only=True)
class GCN(Config):
    """A graph convolutional network."""

    task: ClassVar[str] = "node_classification"
    training: ClassVar[Mapping[str, Any]] = {"learning_rate": 0.01, "epochs": 200}

    input_shape: tuple[Count, Count] = (2708, 1433)
    """nodes of a graph, and features of a node"""
    edges: Count = 10556
    """edges of a graph, pads included; undirected ones count twice"""
    classes: Annotated[int, at_least(2)] = 7
    """number of outputs of a node"""
    hidden: int = width(16, low=4, high=256)
    """units of each layer before the last"""
    layers: int = depth(2, low=2, high=10)
    """graph convolutions, the last one included"""
    dropout: Share = 0.5
    """fraction of what a layer takes that is dropped"""
    weight_penalty: NotNegative = 5e-4
    """penalty on the kernel of the first layer, times half the sum of its squares"""

    def for_data(self, spec: Spec) -> Self:
        if spec.find("nodes") is None or spec.find("edges") is None:
            raise UsageError(f"{self.family} takes graphs of nodes and edges, {spec.name} is {spec.kind}")
        return super().for_data(spec)


def build(config: GCN) -> keras.Model:
    nodes = keras.Input(config.input_shape, name="x")
    edges = keras.Input((2, config.edges), dtype="int32", name="edge_index")
    x = layers.RowNormalization(name="normalization")(nodes)
    for index in range(1, config.layers + 1):
        last = index == config.layers
        name = "head" if last else f"stage{index}"
        if config.dropout:
            x = keras.layers.Dropout(config.dropout, name=f"{name}_dropout")(x)
        x = layers.GraphConvolution(
            config.classes if last else config.hidden,
            activation=None if last else "relu",
            kernel_regularizer=keras.regularizers.L2(config.weight_penalty / 2) if index == 1 else None,
            name=name,
        )([x, edges])
    return keras.Model({"x": nodes, "edge_index": edges}, x, name="gcn")


VARIANTS = {"gcn": GCN()}
