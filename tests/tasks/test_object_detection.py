"""A detector learns where the squares of a toy are, answers with boxes in pixels, and is judged by COCO's AP."""

import dataclasses

import numpy as np
import pytest
from jobs import JOBS

import keras_dl
from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.tasks import get_task
from keras_dl.training import build
from keras_dl.training.loop import Training
from keras_dl.use.predictor import Predictor


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    config, task, data, options = JOBS["object_detection"]()
    config, data = task.adapt(config.replace(frozen_norms=False), data)
    options = dataclasses.replace(options, epochs=12, batch_size=8)
    training = Training(build(config, options), config, task, data, options, tmp_path_factory.mktemp("d"), verbose=0)
    rows = training.run()
    return training, rows


def test_losses_fall_and_precision_rises(trained):
    _, rows = trained
    for name in ("rpn_objectness", "head_classes", "loss", "val_loss"):
        assert rows[-1][name] < rows[0][name], name
    assert rows[-1]["val_AP50"] > max(0.2, rows[0]["val_AP50"])
    total = sum(rows[-1][name] for name in ("rpn_objectness", "rpn_boxes", "head_classes", "head_boxes"))
    assert rows[-1]["loss"] == pytest.approx(total, rel=1e-5)


def test_answers_of_a_saved_model_lie_on_the_squares(trained, tmp_path):
    training, _ = trained
    folder = keras_dl.save(
        training.network, tmp_path / "model", config=training.config, task=training.task, spec=training.data.spec
    )
    predictor, split = Predictor(folder), training.data.test
    answers = predictor.answers([str(n) for n in range(48)], {"image": split.inputs()})
    found = {answer.source: answer.value["objects"][0] for answer in answers if answer.value["objects"]}
    assert len(found) > 12 and {one["class"] for one in found.values()} <= {"dark", "bright"}
    truth = dict(zip(map(str, range(48)), split.columns["boxes"].values[:, 0], strict=True))
    assert np.median([overlap(one["box"], truth[source]) for source, one in found.items()]) > 0.4
    assert training.task.draw(training.network, training.config, split, training.data.spec, tmp_path / "boxes.png")


def overlap(one, other):
    left, top, right, bottom = (*np.maximum(one[:2], other[:2]), *np.minimum(one[2:], other[2:]))
    inside = max(0, right - left) * max(0, bottom - top)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return inside / (areas - inside)


def test_what_does_not_fit_is_refused():
    task = get_task("object_detection")
    with pytest.raises(UsageError, match="object_detection needs a column of boxes; digits has .* --task classif"):
        task.adapt(get_config("faster_rcnn_r50_fpn"), load("digits"))
    with pytest.raises(UsageError, match="score must be at least 0 and below 1, got 1.5"):
        get_task("object_detection", score=1.5)
