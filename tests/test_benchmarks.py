"""The benchmarks of networks and of the package run, and their ratios and tables are what they say; no time counts."""

import math
import sys
from pathlib import Path
from typing import ClassVar

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
SECONDS = {"keras_dl": {"train": 3.0, "infer": 1.0}, "keras_dl+xla": {"train": 2.0, "infer": 1.5}}
SECONDS["timm"] = {"train": 4.0, "infer": 0.5}


@pytest.fixture
def scripts(monkeypatch):
    """The modules of benchmarks/, as a script there imports them."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    import measured
    import networks
    import package

    yield networks, package, measured
    for name in ("libraries", "measured", "networks", "package"):
        sys.modules.pop(name, None)


class Pretended:
    """A contender without a process, whose steps take what SECONDS says, the first one longer."""

    started: ClassVar[list[str]] = []

    def __init__(self, library, network, size, batch):
        self.library, self._steps = library, 0
        self.facts = {"build": 1.0, "first step": 9.0, "memory": 100.0 + len(library), "parameters": 7}
        self.started.append(library)

    def seconds(self, step):
        self._steps += 1
        seconds = SECONDS[self.library][step] * (100 if self._steps == 1 else 1)
        return seconds, 2 * seconds

    def close(self):
        self._steps = None


def test_the_fastest_setting_of_each_step_competes(scripts, monkeypatch):
    networks, _, measured = scripts
    monkeypatch.setattr(networks, "Contender", Pretended)
    monkeypatch.setattr(Pretended, "started", [])
    settings = ["keras_dl", "keras_dl+xla"]
    row = networks.compare("resnet50", ["timm"], settings, 32, 2, rounds=3, tries=2, starts=2)
    assert row["best"] == {"train": "keras_dl+xla", "infer": "keras_dl"}
    assert row["ratios"]["timm"]["train"] == [0.5, 0.5, 0.5]
    assert row["ratios"]["timm"]["infer"] == [2.0, 2.0, 2.0]
    assert row["ratios"]["timm"]["memory"] == pytest.approx([112 / 104] * 3)
    assert row["contenders"]["keras_dl+xla"]["work train"] == 4.0
    assert Pretended.started == ["keras_dl", "keras_dl+xla", "timm", "keras_dl+xla", "timm"]
    half, twice = "0.50 (0.50-0.50)", "2.00 (2.00-2.00)"
    page = measured.page([{"kind": "network", "name": "resnet50", **row, "machine": measured.machine()}])
    assert f"| resnet50 | timm | {half} | {half} | {twice} | {twice} | 1.00 | 1.00 | 1.08 |" in page


def test_rounds_begin_with_another_contender_each(scripts, monkeypatch):
    networks, *_ = scripts
    order = []

    class Noted(Pretended):
        def seconds(self, step):
            order.append(self.library)
            return super().seconds(step)

    times = networks.by_turns([Noted("keras_dl", "", 1, 1), Noted("timm", "", 1, 1)], "train", 2)
    assert order == ["keras_dl", "timm", "timm", "keras_dl", "keras_dl", "timm"]
    assert times == ([[3.0, 3.0], [4.0, 4.0]], [[6.0, 6.0], [8.0, 8.0]])


def test_a_process_answers(scripts):
    networks, *_ = scripts
    process = networks.Contender("keras_dl+onednn", "nakkiran_cnn5", 32, 2)
    assert process.facts["parameters"] > 0
    assert process.facts["memory"] >= 0  # so small a network may need less than the imports did
    for step in ("train", "infer"):
        assert all(0 < seconds < math.inf for seconds in process.seconds(step))
    process.close()
    assert process._process.returncode == 0


def test_pipelines_give_the_same_number_of_pictures(scripts, tmp_path, monkeypatch):
    _, package, _ = scripts
    package.make_folder(tmp_path, pictures=6, size=16)
    found = package.pipelines(tmp_path, 16)
    assert list(found) == ["first epoch", "later epochs", "later epochs, flip", "later epochs, rand_augment"]
    for ours, theirs in list(found.values())[:3]:
        assert ours() == theirs() == 6


def test_the_last_measurement_of_a_name_counts(scripts, tmp_path):
    *_, measured = scripts
    row = {"theirs": "2 s", "ratio": measured.quartiles([0.4, 0.5, 0.6]), "rounds": 3, "load": 1.0}
    for ours in ("3 s", "1 s"):
        measured.record("package", "import", {"ours": ours, **row}, tmp_path)
    text = (tmp_path / "README.md").read_text()
    assert "| import | 1 s | 2 s | 0.50 (0.40-0.60) | 3 | 1.0 |" in text
    assert "3 s" not in text
