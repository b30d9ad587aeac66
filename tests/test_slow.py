"""What is called slow is there, so that nothing comes back into the quick suite by another name."""

import fnmatch
from pathlib import Path

import pytest
from slow import QUICK, SLOW

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("pattern", [*SLOW, *QUICK])
def test_every_pattern_means_something(pattern):
    file, _, name = pattern.partition("[[]")[0].partition("::")
    files = list(ROOT.glob(file))
    assert files
    if name.strip("*"):
        defined = [line.split("(")[0].removeprefix("def ") for line in files[0].read_text().splitlines()]
        assert fnmatch.filter(defined, name)
