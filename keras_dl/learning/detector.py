"""A detector of two stages, trained as a whole on the boxes of pictures: Ren et al. 2015, section 3.2."""

from __future__ import annotations

from keras_dl.boxes.losses import head_losses, rpn_losses, sampled
from keras_dl.lazy import keras
from keras_dl.learning.learner import Learner

ops = keras.ops


class Detector(Learner):
    """Trains a `network` of the parts "backbone", "rpn", "proposals" and "head_boxes" by the sum of their losses.

    x are pictures, y their "boxes" (batch, m, 4) and "labels" (batch, m), padded by -1. `proposals` a picture are
    sampled for the head to learn from. Which anchors and proposals are sampled is drawn by the learner's own seeds; in
    evaluation the draws are always the same.
    """

    losses_named = ("rpn_objectness", "rpn_boxes", "head_classes", "head_boxes")

    def __init__(self, network: keras.Model, proposals: int):
        super().__init__(network)
        self.sampled_proposals = proposals
        self.sampling = keras.random.SeedGenerator(0)

    def call(self, x, training=None):
        """Pictures -> what the losses need: "maps" by name, "objectness", "deltas" and "proposals"."""
        maps = self.network.get_layer("backbone")(x, training=training)
        found = self.network.get_layer("rpn")(maps, training=training)
        proposals = self.network.get_layer("proposals")(found["objectness"], found["deltas"], training=training)
        return {"maps": maps, **found, "proposals": proposals}

    def named_losses(self, x, y, outputs, weights, training):
        boxes, labels, proposals = y["boxes"], y["labels"], outputs["proposals"]
        anchors = self.network.get_layer("proposals").anchors
        first, second = self._draws(ops.shape(x)[0], len(anchors), proposals.shape[1] + boxes.shape[1], training)
        losses = rpn_losses(outputs["objectness"], outputs["deltas"], anchors, boxes, first)
        targets = sampled(proposals, boxes, labels, second, count=self.sampled_proposals)
        *finest, _coarsest = outputs["maps"]
        maps = {name: outputs["maps"][name] for name in finest}
        answers = self.network.get_layer("head_boxes")({**maps, "boxes": targets.boxes}, training=training)
        return losses | head_losses(answers["class_logits"], answers["box_deltas"], targets)

    def count(self, x, y, weights):
        return ops.shape(x)[0]

    def _draws(self, batch, anchors: int, candidates: int, training: bool):
        seeds = (self.sampling, self.sampling) if training else (1, 2)
        return [
            keras.random.uniform((batch, count), seed=seed)
            for count, seed in zip((anchors, candidates), seeds, strict=True)
        ]
