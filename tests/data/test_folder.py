"""Folders of pictures by class: what is found, how it is decoded, and what the user is told."""

import numpy as np
import pytest
from data_on_disk import fill, picture
from PIL import Image

from keras_dl import UsageError
from keras_dl.data import load


def notice(data, words):
    return next((notice for notice in data.notices if words in notice), None)


def decoded(folder, image, name="x.png", size=8, **options):
    """The pixels that the picture `image`, saved as `name` among plain red ones, comes out with."""
    fill(folder, classes=("other",), count=3)
    (folder / "wanted").mkdir()
    image.save(folder / "wanted" / name, **options)
    for number in range(2):
        Image.new("RGB", (8, 8), "red").save(folder / "wanted" / f"red{number}.png")
    data = load(str(folder), image_size=size)
    pictures = np.concatenate([s.stored[s.labels == 1] for s in (data.train, data.validation, data.test)])
    return next(p for p in pictures if not (p == (255, 0, 0)).all()), data


def test_a_folder_by_class(tmp_path):
    data = load(str(fill(tmp_path / "pets")))
    assert (data.spec.name, data.spec.kind, data.spec.shape) == ("pets", "image", (96, 96, 3))
    assert data.spec.class_names == ("cat", "dog")
    assert data.spec.counts == {"train": 8, "validation": 2, "test": 2}
    assert notice(data, "scaled to cover 96x96")
    assert notice(data, "no test split")


def test_a_folder_with_splits(tmp_path):
    for split, count in (("train", 5), ("val", 2), ("test", 3)):
        fill(tmp_path / split, count=count)
    data = load(str(tmp_path), image_size=16)
    assert data.spec.counts == {"train": 10, "validation": 4, "test": 6}
    assert data.spec.shape == (16, 16, 3)
    assert not notice(data, "no test split")


@pytest.mark.parametrize("names", [("Train", "Test"), ("TRAIN", "Valid", "TEST"), ("train", "Val")])
def test_split_folders_in_capitals(tmp_path, names):
    for name in names:
        fill(tmp_path / name, count=5)
    data = load(str(tmp_path), image_size=8)
    assert data.spec.class_names == ("cat", "dog")
    assert bool(notice(data, "no test split")) == ("test" not in {name.lower() for name in names})


def test_classes_that_are_called_like_splits_and_others(tmp_path):
    data = load(str(fill(tmp_path, classes=("Test", "bus"), count=3)), image_size=8)
    assert data.spec.class_names == ("Test", "bus")


def test_classes_are_in_natural_order(tmp_path):
    data = load(str(fill(tmp_path, classes=("10", "1", "2"), count=3)))
    assert data.spec.class_names == ("1", "2", "10")


def test_names_may_have_spaces_and_any_script(tmp_path):
    data = load(str(fill(tmp_path / "meine Bilder", classes=("größe 1", "猫"), count=3)))
    assert set(data.spec.class_names) == {"größe 1", "猫"}


def test_gray_pictures_have_one_channel(tmp_path):
    data = load(str(fill(tmp_path, mode="L")), image_size=8)
    assert data.spec.shape == (8, 8, 1)
    assert data.resized((8, 8, 3)).train.inputs().shape == (8, 8, 8, 3)


def test_pictures_are_read_anew_at_another_size(tmp_path):
    fill(tmp_path, size=(60, 60))
    small, large = load(str(tmp_path), image_size=8), load(str(tmp_path), image_size=60)
    again = small.resized((60, 60, 3))
    np.testing.assert_array_equal(again.train.inputs(), large.train.inputs())
    np.testing.assert_array_equal(again.train.labels, small.train.labels)
    assert notice(again, "60x60") and not notice(again, "8x8")


def test_sides_are_cropped_and_nothing_is_squeezed(tmp_path):
    wide = Image.new("RGB", (24, 8), "blue")
    wide.paste((0, 255, 0), (8, 0, 16, 8))
    pixels, _ = decoded(tmp_path, wide)
    np.testing.assert_array_equal(pixels, np.full((8, 8, 3), (0, 255, 0)))


def test_exif_orientation_is_applied(tmp_path):
    image = Image.new("RGB", (16, 16), "black")
    image.paste((255, 255, 255), (0, 0, 16, 8))
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned clockwise by a quarter: the top comes to the right
    pixels, data = decoded(tmp_path, image, "x.jpg", size=16, exif=exif, quality=100)
    assert pixels[:, 12:].min() > 240 and pixels[:, :4].max() < 15
    assert notice(data, "1 pictures turned as their EXIF orientation says")


def test_transparent_parts_lie_on_white(tmp_path):
    image = Image.new("RGBA", (8, 8), (10, 20, 30, 0))
    image.putpixel((0, 0), (10, 20, 30, 255))
    pixels, data = decoded(tmp_path, image)
    assert pixels[0, 0].tolist() == [10, 20, 30] and pixels[5, 5].tolist() == [255, 255, 255]
    assert notice(data, "transparent parts laid on white")


def test_sixteen_bits_are_scaled_to_eight(tmp_path):
    values = np.linspace(0, 65535, 64).round().astype(np.uint16).reshape(8, 8)
    pixels, data = decoded(tmp_path, Image.fromarray(values))
    np.testing.assert_allclose(pixels[..., 0], values / 257, atol=0.51)
    assert notice(data, "16 bits")


def test_the_first_frame_of_an_animation_is_taken(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("blue", "lime")]
    pixels, data = decoded(tmp_path, frames[0], "x.gif", save_all=True, append_images=frames[1:])
    assert pixels[0, 0].tolist() == [0, 0, 255]
    assert notice(data, "several frames")


@pytest.mark.parametrize("name", ["x.webp", "x.tiff", "x.bmp", "X.PNG", "x.ppm", "x.jfif", "x.JPE", "x.avif"])
def test_other_formats_are_read(tmp_path, name):
    _, data = decoded(tmp_path, picture(size=(8, 8)), name)
    assert sum(data.spec.counts.values()) == 6
    assert not notice(data, "ignored")


def test_a_png_may_be_called_jpg(tmp_path):
    pixels, _ = decoded(tmp_path, Image.new("RGB", (8, 8), "blue"), "x.jpg", format="PNG")
    assert pixels[0, 0].tolist() == [0, 0, 255]


def test_hidden_files_do_not_count_and_others_are_told(tmp_path):
    fill(tmp_path)
    for name in (".DS_Store", "cat/._0.png", "cat/.hidden", "cat/notes.txt", "dog/a.heic", "dog/b.heic", "README.md"):
        (tmp_path / name).write_bytes(b"not a picture")
    data = load(str(tmp_path))
    assert sum(data.spec.counts.values()) == 12
    assert notice(data, "3 files are not pictures and were ignored: 2 .heic, 1 .txt")


def test_bad_pictures_are_left_out_when_asked(tmp_path):
    fill(tmp_path)
    (tmp_path / "cat" / "bad.png").write_bytes(b"")
    data = load(str(tmp_path), skip_bad=True, image_size=8)
    assert sum(data.spec.counts.values()) == 12
    assert "1 of 13" in notice(data, "left out") and "cat/bad.png" in notice(data, "left out")
    assert sum(data.resized((9, 9, 3)).spec.counts.values()) == 12


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_what_does_not_fit_is_read_from_its_files(tmp_path, monkeypatch, mode):
    from keras_dl.data import folder

    fill(tmp_path, mode=mode, count=12, size=(40, 30))
    (tmp_path / "cat" / "3.png").write_bytes(b"no picture")
    (tmp_path / "dog" / "2.png").unlink()
    picture(mode=mode, size=(9, 50)).save(tmp_path / "dog" / "2.jpg")
    held = load(tmp_path, image_size=16, skip_bad=True)
    monkeypatch.setattr(folder, "fits", lambda *_: False)
    left = load(tmp_path, image_size=16, skip_bad=True)
    assert left.spec == held.spec and left.spec.shape[2] == len(mode)
    assert left.notices[0] == held.notices[0] and "cannot be read and were left out" in left.notices[0]
    assert any("24 pictures do not fit into memory" in notice for notice in left.notices)
    for split in ("train", "validation", "test"):
        one, other = getattr(left, split), getattr(held, split)
        assert not one.columns["image"].in_memory
        np.testing.assert_array_equal(one.stored, other.stored)
        np.testing.assert_array_equal(one.labels, other.labels)
        for (x, y), (wanted_x, wanted_y) in zip(one.batches(5), other.batches(5), strict=True):
            np.testing.assert_array_equal(x, wanted_x)
            np.testing.assert_array_equal(y, wanted_y)
    with pytest.raises(UsageError, match="1 of 24 pictures cannot be read: .*3.png"):
        load(tmp_path, image_size=16)
