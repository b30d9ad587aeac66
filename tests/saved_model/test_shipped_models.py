"""The models in saved_models/: small, whole, and as good as their page says."""

import re

import pytest

from keras_dl.saved_model import SHIPPED, read_contract

NAMES = sorted(path.parent.name for path in SHIPPED.glob("*/manifest.json"))
PAGE = (SHIPPED / "README.md").read_text(encoding="utf-8")


def test_they_are_small():
    sizes = {name: sum(file.stat().st_size for file in (SHIPPED / name).iterdir()) for name in NAMES}
    assert max(sizes.values()) < 5e6
    assert sum(sizes.values()) < 25e6


@pytest.mark.parametrize("name", NAMES)
def test_the_page_says_what_was_measured(name):
    facts = read_contract(name)["facts"]
    row = re.search(rf"^\| `{name}` \| [^|]+ \| ([\d,]+) \| [^|]+ \| ([\d.]+) \|", PAGE, re.MULTILINE)
    assert row, f"saved_models/README.md has no row for {name}"
    measured = facts["test_accuracy"] if "test_accuracy" in facts else facts["mean_iou"]
    assert (row[1], row[2]) == (f"{facts['parameters']:,}", f"{100 * measured:.1f}")


def test_the_page_names_nothing_else():
    assert re.findall(r"^\| `(\w+)` ", PAGE, re.MULTILINE) == NAMES
