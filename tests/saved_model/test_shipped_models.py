"""The models in saved_models/: small, whole, and as good as their page says."""

import re

import numpy as np
import pytest

from keras_dl import load, predict
from keras_dl.saved_model import SHIPPED, read_contract
from keras_dl.use.predictor import Predictor

NAMES = sorted(path.parent.name for path in SHIPPED.glob("*/manifest.json"))
PAGE = (SHIPPED / "README.md").read_text(encoding="utf-8")


def test_they_are_small():
    sizes = {name: sum(file.stat().st_size for file in (SHIPPED / name).iterdir()) for name in NAMES}
    assert max(sizes.values()) < 5e6
    assert sum(sizes.values()) < 40e6


@pytest.mark.parametrize("name", NAMES)
def test_the_page_says_what_was_measured(name):
    contract = read_contract(name)
    facts = contract["facts"]
    row = re.search(rf"^\| `{name}` \| [^|]+ \| ([\d,]+) \| [^|]+ \| ([\d.]+) \|", PAGE, re.MULTILINE)
    assert row, f"saved_models/README.md has no row for {name}"
    match contract["task"].name:
        case "language_modeling":
            measured = f"{facts['test_loss']:.2f}"
        case "variational_autoencoding":
            measured = f"{facts['test_loss']:.1f}"
        case "contrastive":
            measured = f"{100 * facts['test_linear_probe']:.1f}"
        case "adversarial_generation" | "cycle_consistency":
            measured = f"{facts['test_frechet_8x8']:.2f}"
        case "translation":
            measured = f"{facts['test_bleu']:.1f}"
        case _:
            measured = f"{100 * facts.get('test_accuracy', facts.get('mean_iou')):.1f}"
    assert (row[1], row[2]) == (f"{facts['parameters']:,}", measured)


def test_the_page_names_nothing_else():
    assert re.findall(r"^\| `(\w+)` ", PAGE, re.MULTILINE) == NAMES


def test_the_gpt_goes_on_with_a_play():
    [answer] = predict("gpt_shakespeare", ["ROMEO:"])
    text = answer.value["text"]
    assert text.startswith("ROMEO:\n") and len(text) == len("ROMEO:") + 200
    words = re.findall("[a-z]+", text.lower())
    assert len({"the", "and", "to", "of", "my", "i", "you", "that", "is", "in", "thou", "a", "not"} & {*words}) > 4


def test_the_classifier_tells_praise_from_blame():
    praise, blame = predict("kim_cnn_mr_polarity", ["a moving and funny film .", "a dull , pointless mess ."])
    assert (praise.value["class"], blame.value["class"]) == ("pos", "neg")


def test_the_translator_translates():
    [answer] = predict("transformer_multi30k", ["Ein Mann spielt Gitarre."])
    assert answer.value["text"] == "A man playing the guitar."


@pytest.mark.parametrize(("name", "side"), [("vae_mnist", 28), ("dcgan_mnist", 32)])
def test_digits_are_made_of_noise(name, side):
    """As bright as those of MNIST, whose mean is 33, and no two alike."""
    made = np.array([answer.value["image"] for answer in Predictor(name).samples(16)])
    assert made.shape == (16, side, side, 1)
    assert 20 < made.mean() < 50
    assert np.abs(made[:, None] - made[None]).mean(axis=(2, 3, 4))[~np.eye(16, dtype=bool)].min() > 5


def test_the_encoder_finds_pictures_alike_that_are():
    """A picture is nearer to itself mirrored than to others."""
    encoder = load("simclr_small_cifar10").get_layer("encoder")
    pictures = np.random.default_rng(0).integers(0, 256, (8, 4, 4, 3)).repeat(8, axis=1).repeat(8, axis=2)
    features = (
        np.asarray(encoder(pictures.astype("float32"))),
        np.asarray(encoder(pictures[:, :, ::-1].astype("float32"))),
    )
    assert features[0].shape == (8, 128)
    first, second = (one / np.linalg.norm(one, axis=1, keepdims=True) for one in features)
    assert np.all((first @ second.T).argmax(axis=1) == np.arange(8))


def test_emoji_of_one_foundry_become_those_of_the_other_and_come_back():
    """A yellow face, drawn here, keeps its place in both."""
    rows, columns = np.mgrid[:32, :32] - 15.5
    face = np.where((rows**2 + columns**2 < 14**2)[..., None], [250.0, 200.0, 40.0], 255.0)
    for column in (8, 20):
        face[10:15, column : column + 4] = [90.0, 60.0, 20.0]
    face = face[None].astype("float32")
    network = load("cyclegan_emoji")
    for there, back in (("ab", "ba"), ("ba", "ab")):
        made = network.get_layer(f"generator_{there}")(face)
        again = network.get_layer(f"generator_{back}")(made)
        assert 2 < np.abs(made - face).mean() < 25
        assert np.abs(again - face).mean() < 15
