"""Average precision on cases that can be counted by hand."""

import numpy as np
import pytest
from plain_boxes import PAD

from keras_dl import UsageError
from keras_dl.boxes.average_precision import average_precision


def objects(*rows, scores=None):
    """Those of one picture, from (left, top, right, bottom, label)."""
    rows = np.array(rows, "float64").reshape(-1, 5)
    known = {"boxes": rows[:, :4], "labels": rows[:, 4].astype(int)}
    return known if scores is None else {**known, "scores": np.array(scores)}


SQUARE, FAR = (10, 10, 30, 30, 0), (50, 50, 90, 90, 0)


def test_what_is_exact_is_perfect_and_nothing_is_printed(capsys):
    wanted = [objects(SQUARE, FAR), objects((5, 5, 9, 12, 1))]
    found = [objects(SQUARE, FAR, scores=[0.9, 0.8]), objects((5, 5, 9, 12, 1), scores=[0.6])]
    assert average_precision(found, wanted) == pytest.approx({"AP": 1.0, "AP50": 1.0, "AP75": 1.0})
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "")


def test_half_of_the_boxes_give_half_of_the_recall():
    found = average_precision([objects(SQUARE, scores=[0.9])], [objects(SQUARE, FAR)])
    assert found == pytest.approx(dict.fromkeys(("AP", "AP50", "AP75"), 51 / 101))  # at recall 0, 0.01 .. 0.5


def test_a_wrong_box_before_the_right_one_halves_the_precision():
    found = average_precision([objects((60, 0, 80, 20, 0), SQUARE, scores=[0.9, 0.8])], [objects(SQUARE)])
    assert found["AP50"] == pytest.approx(0.5)
    after = average_precision([objects((60, 0, 80, 20, 0), SQUARE, scores=[0.7, 0.8])], [objects(SQUARE)])
    assert after["AP50"] == pytest.approx(1.0)


def test_the_overlap_decides_at_which_thresholds_a_box_is_right():
    """20 of 24 columns: an overlap of 0.833, right at 0.5 .. 0.8, which are 7 of 10 thresholds."""
    found = average_precision([objects((10, 10, 34, 30, 0), scores=[0.9])], [objects(SQUARE)])
    assert found == pytest.approx({"AP": 0.7, "AP50": 1.0, "AP75": 1.0})


def test_classes_count_alike_and_labels_must_agree():
    wanted = [objects(SQUARE, FAR, (0, 0, 8, 8, 2))]
    found = [objects(SQUARE, FAR, (0, 0, 8, 8, 1), scores=[0.9, 0.8, 0.7])]
    assert average_precision(found, wanted)["AP50"] == pytest.approx(0.5)  # class 0 is perfect, 2 is missed


def test_pads_and_pictures_without_boxes_are_no_objects():
    wanted = [objects(SQUARE, (*PAD, -1)), objects((*PAD, -1))]
    found = [objects(SQUARE, (*PAD, -1), scores=[0.9, -1]), objects((*PAD, -1), scores=[-1])]
    assert average_precision(found, wanted)["AP"] == pytest.approx(1.0)
    nothing = [objects(scores=[]), objects(scores=[])]
    assert average_precision(nothing, wanted) == {"AP": 0.0, "AP50": 0.0, "AP75": 0.0}
    late = [objects(SQUARE, scores=[0.5]), objects(SQUARE, scores=[0.9])]
    assert average_precision(late, wanted)["AP50"] == pytest.approx(0.5)


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(UsageError, match="boxes were found in 1 pictures, 2 are to be compared with"):
        average_precision([objects(scores=[])], [objects(SQUARE), objects()])
    with pytest.raises(UsageError, match="none of the pictures has a box"):
        average_precision([objects(SQUARE, scores=[0.9])], [objects()])
