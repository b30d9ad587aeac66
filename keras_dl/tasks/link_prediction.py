"""Link prediction: which entity completes a triple of a knowledge graph, as its head and as its tail.

Bordes et al., "Translating Embeddings for Modeling Multi-relational Data", NIPS 2013, section 4: a triple is ranked
among those with any other entity in the place of its head, and in that of its tail, but for those that are known to be
true in any split ("filtered"). Scores are the mean of 1 / rank, "mrr", the shares of ranks of at most 1, 3 and 10, and
the "mean_rank"; both places of all triples count. Where entities have the same score, the rank is the mean of the best
and the worst that the order of equals could give.

A head or a tail is told from all other entities by the cross-entropy of a softmax (Lacroix, Usunier & Obozinski, ICML
2018). With `negatives` it is told from entities that are drawn, by a logistic loss (Trouillon et al., ICML 2016); one
that is drawn though it is the right one counts nothing, others that are true in training count as false.

Answers to "head relation ?" are the entities of the highest scores, those of known triples among them; the answer to a
whole triple is its score, and where its head and its tail stand among all entities.
"""

from __future__ import annotations

import copy
import dataclasses

import numpy as np

from keras_dl.data.triples import TRIPLE
from keras_dl.errors import UsageError, some
from keras_dl.fields import Count
from keras_dl.lazy import tf
from keras_dl.learning.objective import Objective
from keras_dl.learning.task import Task

SIDES = {"heads": 0, "tails": 2}
"""the outputs of networks, and the place in a triple that each is about"""
DRAWN = 20
"""relations of the picture, the frequent ones"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LinkPrediction(Task):
    """Tell the head and the tail of a triple."""

    objective = Objective("mrr", "max", worst=0.0)
    scored_each_epoch = True
    wants = (("triple",),)

    negatives: Count | None = None
    """entities that are drawn for each head and each tail; by default all others are wrong ones"""
    best: Count = 10
    """entities of an answer"""

    def encoded(self, config, data, like=None):
        data = super().encoded(config, data, like)
        if like is not None:
            ours, theirs = like.columns[TRIPLE], data.spec.columns[TRIPLE]
            for what, known, found in (
                ("entities", ours.class_names, theirs.class_names),
                ("relations", ours.names, theirs.names),
            ):
                if known != found:
                    other = sorted({*known} ^ {*found})
                    raise UsageError(f"the model knows other {what} than {data.spec.name}: {some(other)} in one alone")
        return data

    def for_data(self, spec):
        task = copy.copy(self)
        object.__setattr__(task, "_entities", spec.columns[TRIPLE].classes)
        return task

    def inputs(self, batch):
        return {TRIPLE: batch[TRIPLE]}

    def prepare(self, batch, key):
        triples = batch[TRIPLE]
        y = {side: triples[:, place, None] for side, place in SIDES.items()}
        if self.negatives is None:
            return self.inputs(batch), y
        seeds = tf.random.experimental.stateless_split(tf.constant([0, 0], "int64") if key is None else key, 2)
        size = [tf.shape(triples)[0], self.negatives]
        for side, seed in zip(SIDES, tf.unstack(seeds), strict=True):
            drawn = tf.random.stateless_uniform(size, seed, 0, self._entities, "int32")
            y[side] = tf.concat([y[side], drawn], axis=1)
        return self.inputs(batch), y

    def learner(self, network, config, options):
        from keras_dl.learning.links import LinkLearner

        if not isinstance(network.output, dict) or set(network.output) != set(SIDES):
            raise UsageError(f"{self.name} is for networks such as kg_tensor_embedding; not {network.name}")
        return LinkLearner(network)

    def example(self, network, count):
        x = np.zeros((count, 3), "int32")
        return x, {side: np.zeros((count, 1 + (self.negatives or 0)), "int32") for side in SIDES}

    def scores(self, network, config, split, spec):
        from keras_dl.learning.link_ranking import ranks, summary

        return summary(np.concatenate([*ranks(network, split).values()]))

    def answers(self, network, config, inputs, spec):
        triples, names = inputs[TRIPLE], spec.columns[TRIPLE].class_names
        found, answers = self.outputs(network, {TRIPLE: np.maximum(triples, 0)}), []
        for row, triple in enumerate(triples):
            asked = [side for side, place in SIDES.items() if triple[place] < 0]
            scores = {side: np.asarray(found[side][row], "float64") for side in SIDES}
            if asked:
                order = np.argsort(-scores[asked[0]], kind="stable")[: self.best]
                answers.append({asked[0]: {names[place]: round(float(scores[asked[0]][place]), 4) for place in order}})
                continue
            own = {side: scores[side][triple[place]] for side, place in SIDES.items()}
            ranks = {f"rank_of_{side[:-1]}": 1 + int((scores[side] > own[side]).sum()) for side in SIDES}
            answers.append({"score": float(own["tails"]), **ranks})
        return answers

    def draw(self, network, config, split, spec, path):
        from matplotlib.figure import Figure

        from keras_dl.figures import plain, save_figure
        from keras_dl.learning.link_ranking import ranks

        relations, by_side = split.columns[TRIPLE].values[:, 1], ranks(network, split)
        frequent = np.argsort(-np.bincount(relations, minlength=config.relations), kind="stable")[:DRAWN]
        frequent = [relation for relation in frequent if (relations == relation).any()]
        figure = Figure(figsize=(9, 1.5 + 0.3 * len(frequent)), layout="constrained")
        axes = figure.subplots()
        for shift, (side, found) in enumerate(by_side.items()):
            means = [np.mean(1 / found[relations == relation]) for relation in frequent]
            axes.barh(np.arange(len(frequent)) + 0.4 * shift - 0.2, means, 0.38, label=side)
        names = [plain(spec.columns[TRIPLE].names[relation]) for relation in frequent]
        counts = [np.count_nonzero(relations == relation) for relation in frequent]
        axes.set_yticks(range(len(frequent)), [f"{name}, {count}" for name, count in zip(names, counts, strict=True)])
        axes.invert_yaxis()
        axes.set(
            xlim=(0, 1), xlabel="mean reciprocal rank, filtered", title="The frequent relations, and their triples"
        )
        axes.grid(alpha=0.3, axis="x")
        axes.legend()
        save_figure(figure, path)
        return True
