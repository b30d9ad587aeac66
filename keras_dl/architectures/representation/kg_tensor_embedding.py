"""Knowledge graphs as products of vectors: how true it is that an entity stands in a relation to another one.

Nickel, Tresp & Kriegel, "A Three-Way Model for Collective Learning on Multi-Relational Data", ICML 2011 (RESCAL).
Input: `triple`, (batch, 3) whole numbers, head, relation and tail; outputs: `heads` and `tails`, (batch, entities), the
scores of all entities in the place of the head, and in that of the tail.

    name                 parameters  graph                                 width  a relation is
    kg_tensor_embedding      67,700  Kinships: 104 entities, 25 relations     50  a matrix

The score of a triple with the vectors h and t of its entities is, by the field `form`,

    rescal    h'R t, a matrix for each relation                    Nickel, Tresp & Kriegel 2011
    distmult  sum of h r t, the same for (h, r, t) and (t, r, h)   Yang et al. 2015, ICLR: 6,450 parameters on Kinships
    transe    -|h + r - t|, the Euclidean distance                 Bordes et al. 2013, NIPS
    complex   Re(sum of h r conj(t)), complex numbers              Trouillon et al. 2016, ICML

RESCAL was fitted to the whole tensor of zeros and ones by alternating least squares; here triples are learned step by
step, by the task link_prediction. Bordes et al. keep the vectors of entities at the length 1, which their loss needs
and that of the task does not. The dropout is that of Dettmers et al. 2018, AAAI, for the same vectors.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from keras_dl import config as settings
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Share, at_least
from keras_dl.lazy import keras, layers

if TYPE_CHECKING:
    from keras_dl.data import Spec


@dataclasses.dataclass(frozen=True, kw_only=True)
class KGTensorEmbedding(Config):
    """Vectors of entities, and a matrix or vector for each relation."""

    task: ClassVar[str] = "link_prediction"
    training: ClassVar[Mapping[str, Any]] = {"learning_rate": 0.01, "batch_size": 512, "epochs": 30}

    entities: Annotated[int, at_least(2)] = 104
    """entities that there are"""
    relations: Count = 25
    """relations that there are"""
    width: int = settings.width(50, low=8, high=512)
    """numbers in the vector of an entity, complex ones in the form complex"""
    form: Literal["rescal", "distmult", "transe", "complex"] = "rescal"
    """how a triple is scored"""
    dropout: Share = 0.3
    """fraction of the numbers that is dropped of what entities are compared with"""

    def for_data(self, spec: Spec) -> Self:
        if spec.find("triple") is None:
            raise UsageError(f"{self.family} takes triples of a knowledge graph, {spec.name} is {spec.kind}")
        return super().for_data(spec)


def build(config: KGTensorEmbedding) -> keras.Model:
    triples = keras.Input((3,), dtype="int32", name="triple")
    size = (config.entities, config.relations, config.width)
    heads, tails = layers.TripleScores(*size, config.form, config.dropout, name="embedding")(triples)
    return keras.Model(triples, {"heads": heads, "tails": tails}, name="kg_tensor_embedding")


VARIANTS = {"kg_tensor_embedding": KGTensorEmbedding()}
PAPERS = {
    "kg_tensor_embedding": ("A Three-Way Model for Collective Learning on Multi-Relational Data", "2011"),
}
