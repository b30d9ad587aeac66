"""Compound scaling and TinyNet's rule give the networks of their papers, and multiply-adds as asked for."""

import pytest

from keras_dl import UsageError, get_config
from keras_dl.catalogue.describe import describe
from keras_dl.search import together

B0 = get_config("efficientnet_b0")


@pytest.mark.parametrize(
    ("variant", "phi"), [(1, 0.35), (2, 1.0), (3, 1.95), (4, 3.45), (5, 4.65), (6, 5.6), (7, 6.55)]
)
def test_one_phi_gives_the_published_coefficients_roughly(variant, phi):
    assert _distance(together.compound(B0, phi), get_config(f"efficientnet_b{variant}")) < 0.08


def _distance(ours, theirs):
    """The largest relative difference of width, depth and resolution."""
    pairs = [
        (ours.width_coefficient, theirs.width_coefficient),
        (ours.depth_coefficient, theirs.depth_coefficient),
        (ours.input_shape[0], theirs.input_shape[0]),
    ]
    return max(abs(a / b - 1) for a, b in pairs)


def test_compound_scaling_is_that_of_every_config():
    scaled = B0.scaled(width=together.WIDTH**2, depth=together.DEPTH**2).replace(input_shape=(296, 296, 3))
    assert together.compound(B0, 2.0) == scaled
    assert together.compound(B0, 0.0) == B0


def test_multiply_adds_double_with_phi():
    assert pytest.approx(2, rel=0.05) == together.DEPTH * together.WIDTH**2 * together.RESOLUTION**2
    growth = describe(together.compound(B0, 3.0)).multiply_adds / describe(B0).multiply_adds
    assert growth ** (1 / 3) == pytest.approx(2, rel=0.15)


@pytest.mark.parametrize("share", [0.0631, 0.26, 0.7])
def test_tinynets_have_the_share_of_multiply_adds(share):
    found = describe(together.tinynet(B0, share)).multiply_adds / describe(B0).multiply_adds
    assert found == pytest.approx(share, rel=0.05)


def test_tinynets_lose_resolution_and_depth_as_the_published_ones():
    e = together.tinynet(B0, 0.0631)
    assert e.input_shape[0] == pytest.approx(106, rel=0.05)
    assert e.depth_coefficient == pytest.approx(0.6)
    assert together.tinynet(B0, 1.0) == B0


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("vgg16", {}, "moves the resolution of pictures, which vgg does not let vary"),
        ("mlp", {}, "moves the resolution of pictures, which mlp does not let vary"),
        ("efficientnet_b0", {"input_shape": (64, 96, 3)}, "needs square pictures, these are 64x96; set image_size"),
    ],
)
def test_networks_without_the_three_are_refused(name, changes, message):
    with pytest.raises(UsageError, match=message):
        together.check(get_config(name, **changes), "compound")
