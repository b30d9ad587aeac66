import numpy as np
import pytest
from short_run import short_run

from keras_dl.errors import UsageError
from keras_dl.recipes.implicit_margin import ImplicitMargin, widest_margin


def test_short_run(tmp_path):
    results, claims = short_run(ImplicitMargin(out=str(tmp_path), seeds=2, steps=3000))
    held = {claim.quantity.split(",")[0]: claim.held for claim in claims}
    assert held["margin at the end over that at the first step without an error"]
    assert claims[1].measured.min() > 0.98
    norm = results.values("norm", method="plain")
    assert np.all(norm[:, -1] > norm[:, len(norm[0]) // 2])


def test_widest_margin_of_two_points():
    """Between (0, 0, 1) and minus (2, 0, 1) only the first coordinate separates, with the bias in the middle."""
    signed = np.array([[2.0, 0.0, 1.0], [0.0, 0.0, -1.0]])
    found = widest_margin(signed)
    np.testing.assert_allclose(found, np.array([1, 0, -1]) / np.sqrt(2), atol=1e-6)


def test_classes_that_no_plane_separates(tmp_path, monkeypatch):
    recipe = ImplicitMargin(out=str(tmp_path), seeds=1, steps=10)
    inseparable = np.array([[1.0, 0.0, 1.0], [-1.0, 0.0, -1.0]])
    monkeypatch.setattr(ImplicitMargin, "_examples", lambda self, generator: inseparable)
    with pytest.raises(UsageError, match="no plane separates classes 3 and 8"):
        recipe.run()


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("pair", (3, 3), "two different classes, got \\(3, 3\\)"),
        ("share", 0.0, "share must be above 0"),
        ("steps", 5, "steps must be at least 10, got 5"),
    ],
)
def test_options_that_cannot_run(option, value, words):
    with pytest.raises(UsageError, match=words):
        ImplicitMargin(**{option: value})


def test_classes_that_the_data_lack(tmp_path):
    with pytest.raises(UsageError, match="digits has the classes 0 to 9, not 10"):
        ImplicitMargin(out=str(tmp_path), pair=(3, 10), steps=10).run()
