"""The average precision of a detector, by COCO's own evaluation.

Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014; https://cocodataset.org/#detection-eval.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from keras_dl.errors import UsageError

Objects = dict[str, np.ndarray]
"""of one picture: "boxes" (n, 4) and "labels" (n,), for what was found "scores" (n,) too; labels below 0 are pads"""


def average_precision(found: Sequence[Objects], wanted: Sequence[Objects]) -> dict[str, float]:
    """ "AP", "AP50" and "AP75", 0 .. 1, of what was `found` in each picture, where its true objects are `wanted`.

    AP50 takes a box for right from an overlap of 0.5 on, AP75 from 0.75, AP is the mean over 0.5, 0.55 .. 0.95; each is
    a mean over the classes that there are, and counts the best 100 boxes of a picture. Raises `UsageError` where the
    numbers of pictures differ and where there is no object at all.
    """
    from pycocotools.cocoeval import COCOeval

    if len(found) != len(wanted):
        raise UsageError(f"boxes were found in {len(found)} pictures, {len(wanted)} are to be compared with")
    truth = _annotations(wanted)
    if not truth:
        raise UsageError("none of the pictures has a box: there is nothing to find")
    kinds = sorted({one["category_id"] for one in truth})
    with contextlib.redirect_stdout(io.StringIO()):
        data = [_data(len(wanted), kinds, annotations) for annotations in (truth, _annotations(found))]
        evaluation = COCOeval(*data, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return dict(zip(("AP", "AP50", "AP75"), map(float, evaluation.stats), strict=False))


def _annotations(pictures: Iterable[Objects]) -> list[dict[str, Any]]:
    """All objects as COCO's files list them; ids begin at 1, since the evaluation takes 0 for no match."""
    listed = []
    for picture, objects in enumerate(pictures):
        for place in np.flatnonzero(np.asarray(objects["labels"]) >= 0):
            left, top, right, bottom = map(float, objects["boxes"][place])
            score = {"score": float(objects["scores"][place])} if "scores" in objects else {}
            listed.append(
                {
                    "id": len(listed) + 1,
                    "image_id": picture,
                    "category_id": int(objects["labels"][place]),
                    "bbox": [left, top, right - left, bottom - top],
                    "area": (right - left) * (bottom - top),
                    "iscrowd": 0,
                    **score,
                }
            )
    return listed


def _data(pictures: int, kinds: Sequence[int], annotations: list[dict[str, Any]]):
    """What COCO's evaluation takes for a file of annotations."""
    from pycocotools.coco import COCO

    data = COCO()
    data.dataset = {
        "images": [{"id": picture} for picture in range(pictures)],
        "categories": [{"id": kind} for kind in kinds],
        "annotations": annotations,
    }
    data.createIndex()
    return data
