"""The wheel holds all that users need: installed outside the checkout, recipes and saved models included."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder into which the built wheel is unpacked, as an installer does."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(site, *command):
    environment = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run([sys.executable, *command], cwd=site.parent, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_holds_the_packages_and_the_models_and_nothing_else(site):
    assert [path.name for path in site.iterdir() if not path.name.endswith(".dist-info")] == ["keras_dl"]
    shipped = {path.parent.name for path in (ROOT / "saved_models").glob("*/manifest.json")}
    assert {path.parent.name for path in (site / "keras_dl" / "saved_models").glob("*/manifest.json")} == shipped


def test_lists_loads_and_runs_outside_the_checkout(site):
    program = (
        "import keras_dl, keras_dl.experiments.recipe as r; print(keras_dl.__file__); print(*r.names());"
        "print(keras_dl.load('lenet5_mnist').count_params())"
    )
    file, recipes, parameters = run(site, "-c", program).splitlines()
    assert Path(file).parent.parent == site
    assert set(recipes.split()) >= {"esl_nets", "search", "train", "transfer_learning"}
    assert parameters == "61706"
    assert "resnet56" in run(site, "-c", "from keras_dl.cli import main; main(['list'])")


def test_shipped_models_answer_outside_the_checkout(site):
    program = "from keras_dl.cli import main; main(['predict', 'transformer_multi30k', 'Ein Mann spielt Gitarre.'])"
    assert "A man playing the guitar." in run(site, "-c", program)
