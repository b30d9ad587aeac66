"""How well each entity of a knowledge graph completes a triple."""

from typing import Literal

import keras
from keras import ops

Form = Literal["rescal", "distmult", "transe", "complex"]


@keras.saving.register_keras_serializable(package="keras_dl")
class TripleScores(keras.layers.Layer):
    """The scores of all entities in the place of the head, and in that of the tail.

    Takes triples (batch, 3) of whole numbers, head, relation and tail, gives two tensors (batch, entities): scores of
    (?, relation, tail) and of (head, relation, ?). An entity has a vector of `width` numbers, complex ones in the
    `form` "complex": their real parts, then the imaginary ones. A relation is a matrix in the form "rescal", in the
    others a vector like those of entities. Scores are products of an entity with a vector that the rest of the triple
    makes, or minus their Euclidean distance in the form "transe". In training a share `dropout` of the numbers of that
    vector is dropped.
    """

    def __init__(
        self, entities: int, relations: int, width: int, form: Form = "rescal", dropout: float = 0.0, **kwargs
    ):
        super().__init__(**kwargs)
        self.entities, self.relations, self.width, self.form = entities, relations, width, form
        self.dropout = keras.layers.Dropout(dropout, name="dropout")

    def build(self, input_shape):
        numbers = 2 * self.width if self.form == "complex" else self.width
        matrix = (numbers, numbers) if self.form == "rescal" else (numbers,)
        start = keras.initializers.RandomNormal(stddev=self.width**-0.5)
        self.entity = self.add_weight(shape=(self.entities, numbers), initializer=start, name="entity")
        self.relation = self.add_weight(shape=(self.relations, *matrix), initializer=start.clone(), name="relation")

    def call(self, triples, training=None):
        entity = ops.convert_to_tensor(self.entity)
        head, tail = (ops.take(entity, triples[:, place], axis=0) for place in (0, 2))
        relation = ops.take(ops.convert_to_tensor(self.relation), triples[:, 1], axis=0)
        vectors = self._vectors(head, relation, tail)
        return [self._products(self.dropout(vector, training=training), entity) for vector in vectors]

    def _vectors(self, head, relation, tail):
        """What the heads are compared with, and what the tails: (batch, numbers) each."""
        match self.form:
            case "rescal":  # no matmul: batched products of matrices and vectors may crash TensorFlow 2.21
                return (
                    ops.sum(relation * tail[:, None, :], axis=2),
                    ops.sum(relation * head[:, :, None], axis=1),
                )
            case "distmult":
                return relation * tail, head * relation
            case "transe":
                return tail - relation, head + relation
            case "complex":
                return _product(relation, tail, -1.0), _product(relation, head, 1.0)

    def _products(self, vectors, entity):
        products = ops.matmul(vectors, ops.transpose(entity))
        if self.form != "transe":
            return products
        lengths = ops.sum(ops.square(vectors), axis=1, keepdims=True) + ops.sum(ops.square(entity), axis=1)
        return -ops.sqrt(ops.maximum(lengths - 2 * products, keras.config.epsilon() ** 2))

    def compute_output_shape(self, input_shape):
        return [(input_shape[0], self.entities)] * 2

    def get_config(self):
        names = ("entities", "relations", "width", "form")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}, "dropout": self.dropout.rate}

    def multiply_adds(self, output_shape) -> int:
        """Multiplications for one input: two vectors are made, and each compared with all entities."""
        numbers = self.entity.shape[1]
        made = {"rescal": numbers**2, "distmult": numbers, "transe": 0, "complex": 2 * numbers}[self.form]
        return 2 * (made + numbers * self.entities)

    def links(self, output_shape) -> int:
        """Connections of weights for one input: each multiplication has one, or two numbers that are added."""
        return self.multiply_adds(output_shape) + (2 * self.width if self.form == "transe" else 0)


def _product(relation, vector, sign: float):
    """The products of complex numbers, `relation` conjugated where the `sign` is -1: parts behind each other."""
    (a, b), (c, d) = (ops.split(one, 2, axis=-1) for one in (relation, vector))
    return ops.concatenate([a * c - sign * b * d, a * d + sign * b * c], axis=-1)
