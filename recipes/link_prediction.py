"""Link prediction: what is true in a knowledge graph beside what it says, by four ways to score a triple.

The lecture's knowledge graphs for machines, and tensor models as representations: an entity is a vector, a relation a
matrix or a vector, and how true a triple is is a product of them. Nickel, Tresp & Kriegel 2011 (RESCAL) report an area
under precision and recall of 0.95 on Kinships, quoted from memory; Dettmers et al. 2018 report for ConvE, a network of
convolutions, a filtered MRR of 0.83 on Kinship and 0.94 on UMLS.

All forms have as many numbers an entity and learn by the task link_prediction, as many steps on the same triples.
DistMult gives (h, r, t) and (t, r, h) the same score, so that it cannot tell who is older; ComplEx, which differs from
it in that alone, can. The distance of TransE has a place for one tail of each head and relation, where there are many.
The area is that of a RESCAL that learned by drawn wrong entities: the softmax over entities compares no triples of
other heads and relations.

Run it by `keras-dl run link-prediction`: 60 people whose terms for each other follow a rule; `--graph FOLDER` takes a
folder with train.txt, valid.txt and test.txt, for the area a small one, such as kinship or umls.
"""

from __future__ import annotations

import dataclasses
import functools
import os
from pathlib import Path
from typing import Self

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.data import Data, fingerprint, load
from keras_dl.data.kin import load_kin
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import Experiment, Results
from keras_dl.fields import Count, Positive, Share
from keras_dl.figures import plain, save_figure
from keras_dl.learning.link_ranking import HITS, precision_recall_area, ranks, summary
from keras_dl.tasks import get_task
from keras_dl.training import Options

FORMS = {"rescal": "RESCAL", "complex": "ComplEx", "distmult": "DistMult", "transe": "TransE"}
DRAWN, GUESSED = "rescal, drawn", "untrained"
FALSE = 0.1
"""share of the false triples that the true ones of the test are among, as many as of all triples are in the test"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LinkPrediction(Experiment):
    """Rank the heads and tails of test triples by four forms of scores."""

    graph: str | None = None
    """folder of triples, train.txt, valid.txt and test.txt; default 60 people and their terms for each other"""
    seeds: Count = 3
    """how often each measurement is repeated, with other initial vectors"""
    width: Count = 50
    """numbers in the vector of an entity, half of it complex ones for ComplEx"""
    dropout: Share = 0.3
    """fraction of the numbers that is dropped of what entities are compared with"""
    negatives: Count = 50
    """entities that are drawn for each head and tail, for the area under precision and recall"""
    steps: Count = 600
    """training steps"""
    batch_size: Count = 512
    """triples per step"""
    learning_rate: Positive = 0.01
    """Adam's"""

    def placed(self) -> Self:
        placed = super().placed()
        return placed if self.graph is None else dataclasses.replace(placed, graph=os.path.abspath(self.graph))

    def run(self) -> Results:
        fingerprint.keep(self.dataset, self.folder())
        return super().run()

    @functools.cached_property
    def dataset(self) -> Data:
        return load_kin() if self.graph is None else load(Path(self.graph))

    def cells(self) -> list[dict]:
        return [{"method": method} for method in (*FORMS, DRAWN, GUESSED)]

    def measure(self, *, seed: int, method: str) -> dict:
        """The filtered scores of the test triples, and the "area" under precision and recall, in %."""
        data, drawn = self.dataset, method == DRAWN
        task = get_task("link_prediction", negatives=self.negatives if drawn else None).for_data(data.spec)
        form = method if method in FORMS else "rescal"
        width = max(1, self.width // 2) if form == "complex" else self.width
        config = get_config("kg_tensor_embedding", form=form, width=width, dropout=self.dropout).for_data(data.spec)
        training = self.quiet(config, Options(learning_rate=self.learning_rate), self.steps, task=task)
        network = training.begin(seed)
        if method != GUESSED:
            arrange = task.arrange(network)
            training.fit(data.train.stream(self.batch_size, steps=self.steps, seed=seed, arrange=arrange))
        found = summary(np.concatenate([*ranks(network, data.test).values()]))
        area = 100 * precision_recall_area(network, data, FALSE, seed) if drawn else None
        return {name: value if name == "mean_rank" else 100 * value for name, value in found.items()} | {"area": area}

    def claims(self, results: Results) -> list[Claim]:
        mrr = {method: results.values("mrr", method=method) for method in (*FORMS, GUESSED)}
        return [
            Claim(
                text="Vectors and matrices that tell known triples tell others that are true (Nickel et al. 2011)",
                quantity="filtered MRR of RESCAL on test triples",
                measured=mrr["rescal"],
                at_least=60,
                unit="%",
                published="83 % on Kinship, 94 % on UMLS, by ConvE (Dettmers et al. 2018)",
            ),
            Claim(
                text="True triples stand before false ones in the whole tensor (Nickel et al. 2011, section 5.2)",
                quantity="area under precision and recall of RESCAL, learned by drawn entities",
                measured=results.values("area", method=DRAWN),
                at_least=80,
                unit="%",
                published="95 % on Kinships, from memory, by least squares on the whole tensor",
            ),
            Claim(
                text="A form that knows a direction beats one that has none (Trouillon et al. 2016, section 2)",
                quantity="filtered MRR of ComplEx less that of DistMult",
                measured=mrr["complex"] - mrr["distmult"],
                at_least=10,
                unit="points",
            ),
            Claim(
                text="A distance has no place for several tails (Bordes et al. 2013, section 4.3)",
                quantity="filtered MRR of RESCAL less that of TransE",
                measured=mrr["rescal"] - mrr["transe"],
                at_least=10,
                unit="points",
            ),
            Claim(
                text="It is learned: vectors at the start tell nothing",
                quantity="filtered MRR of RESCAL less that before training",
                measured=mrr["rescal"] - mrr[GUESSED],
                at_least=30,
                unit="points",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(8, 4.2), layout="constrained")
        axes = figure.subplots()
        names = {"mrr": "MRR", **{f"hits_at_{most}": f"hits at {most}" for most in HITS}}
        methods = {**FORMS, DRAWN: "RESCAL,\ndrawn entities", GUESSED: "untrained"}
        for shift, (key, label) in enumerate(names.items()):
            values = np.stack([results.values(key, method=method) for method in methods])
            place = np.arange(len(methods)) + 0.2 * shift - 0.3
            axes.bar(place, values.mean(axis=1), 0.18, yerr=values.std(axis=1), capsize=2, label=label)
        axes.set_xticks(range(len(methods)), methods.values())
        counts = f"{len(self.dataset.test):,} test triples, head and tail"
        axes.set(ylabel="filtered, %", ylim=(0, 102), title=f"{plain(self.dataset.spec.name)}: {counts}")
        axes.grid(alpha=0.3, axis="y")
        axes.legend(ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.14))
        save_figure(figure, folder / "link_prediction.png")
