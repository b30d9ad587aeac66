"""Pictures with boxes: files that show both, in the right places."""

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from keras_dl.boxes.drawing import draw_boxes, draw_detections

FOUND = {
    "boxes": np.array([[4, 6, 14, 20], [-1] * 4], "float32"),
    "scores": np.array([0.87, -1]),
    "labels": np.array([1, -1]),
}


def test_boxes_surround_their_pixels_and_say_class_and_score():
    axes = Figure().subplots()
    axes.imshow(np.zeros((24, 30)))
    draw_boxes(axes, FOUND, ("cat", "do$g"))
    (box,), (text,) = axes.patches, axes.texts
    assert (box.get_x(), box.get_y(), box.get_width(), box.get_height()) == (3.5, 5.5, 10, 14)
    assert text.get_text() == r"do\$g 0.87"
    draw_boxes(axes, {key: FOUND[key] for key in ("boxes", "labels")}, ("cat", "dog"))
    assert (len(axes.patches), len(axes.texts)) == (2, 1)


def test_a_sheet_of_pictures_is_a_png(tmp_path):
    generator = np.random.default_rng(0)
    for count, channels in ((1, 1), (6, 3)):
        pictures = generator.integers(0, 256, (count, 24, 30, channels)).astype("float32")
        path = tmp_path / f"{count}.png"
        draw_detections(pictures, [FOUND] * count, [FOUND] * count, ("cat", "dog"), path, "what was found")
        with Image.open(path) as drawn:
            colours = np.asarray(drawn.convert("RGB")).reshape(-1, 3)
        assert (np.abs(colours - [255, 127, 14]).sum(axis=1) < 12).sum() > 100 * count, "no line has the class's colour"
