"""A folder of runs becomes one page, and a real browser shows all of it."""

import io
import json
import shutil

import pytest
from PIL import Image

from keras_dl import UsageError
from keras_dl.cli import main
from keras_dl.experiments.claims import Claim
from keras_dl.pages.report import Report
from keras_dl.recipes.esl_nets import EslNets

CLAIMS = [
    Claim(text="x < y & <b>z</b>", quantity="ratio", measured=[1.0, 2.0], at_least=1.0, published="1.5"),
    Claim(text="a second", quantity="share", measured=3.0, at_most=2.0, unit="%", reason="too few <examples>"),
]


@pytest.fixture
def runs(tmp_path):
    """Two runs: one with two claims and a picture, one that left neither."""
    for name, steps in (("esl nets & more", 20), ("other", 40)):
        EslNets(out=str(tmp_path / name), steps=steps, seeds=1).folder()
    folder = tmp_path / "esl nets & more"
    (folder / "claims.json").write_text(json.dumps([claim.to_json() for claim in CLAIMS]))
    picture = io.BytesIO()
    Image.new("RGB", (3000, 20), "red").save(picture, format="png")
    (folder / "curves.png").write_bytes(picture.getvalue())
    return tmp_path


def test_the_page_holds_every_claim(runs, capsys):
    page = Report(str(runs)).run().read_text()
    assert "1 of 2 claims held, in 2 runs" in capsys.readouterr().out
    for words in ("x &lt; y &amp; &lt;b&gt;", "1.5 ± 0.5", "published: 1.5", "did not hold: too few &lt;examples&gt;"):
        assert words in page
    assert "keras-dl run esl-nets --seeds 1 --steps 20" in page
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")


def test_one_run_alone(runs):
    folder = runs / "other"
    assert "makes none" in Report(str(folder)).run().read_text()
    assert [path.name for path in folder.glob("*.html")] == ["report.html"]


def test_networks_among_the_options_are_shown_as_json(tmp_path):
    from keras_dl.recipes.train import Train

    Train(out=str(tmp_path)).folder()
    assert "&#34;family&#34;: &#34;lenet&#34;" in Report(str(tmp_path)).run().read_text()


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("claims.json", "[{]", "claims.json is damaged"),
        ("claims.json", "3", "is not a list of claims"),
        ("claims.json", '[{"text": "t"}]', "this is not a claim"),
        ("config.json", "{", "config.json is damaged"),
        ("config.json", '{"recipe": "esl_net"}', "did you mean esl_nets"),
        ("config.json", '{"recipe": "train", "network": {"family": "perceptron"}}', "unknown family 'perceptron'"),
        ("config.json", '{"recipe": "esl_nets", "seeds": "x"}', "seeds must be int, got 'x'"),
        ("claims.json", '[{"text": "t", "quantity": 3, "measured": "x", "at_least": 1}]', "this is not a claim"),
    ],
)
def test_damaged_runs(runs, capsys, file, content, message):
    (runs / "other" / file).write_text(content)
    with pytest.raises(UsageError, match=message):
        Report(str(runs / "other")).run()
    page = Report(str(runs)).run().read_text()
    output, errors = capsys.readouterr()
    assert "1 of 2 claims held, in 1 runs" in output and "esl nets &amp; more" in page
    assert errors.startswith(f"note: {runs / 'other'} is left out: ") and message in errors and errors.count("\n") == 1
    shutil.rmtree(runs / "esl nets & more")
    with pytest.raises(UsageError, match="holds no run that can be read"):
        Report(str(runs)).run()


def test_folders_of_any_name(tmp_path):
    EslNets(out=str(tmp_path / "run"), seeds=1).folder()
    runs = tmp_path / "caf\udce9 [b]{$"
    runs.mkdir()
    (tmp_path / "run").rename(runs / "alb\udcfcm")
    assert r"alb\udcfcm" in Report(str(runs)).run().read_text(encoding="utf-8")


def test_no_run_is_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["report", str(tmp_path)])
    assert stop.value.code == 2
    assert capsys.readouterr().err == (
        f"keras-dl: {tmp_path} holds no run: neither it nor a folder in it has a config.json\n"
    )


@pytest.fixture(scope="module")
def browser():
    webdriver = pytest.importorskip("selenium.webdriver")
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("chromium and chromedriver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in ("headless", "no-sandbox", "disable-gpu", "disable-background-networking", "disable-sync"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    yield driver
    driver.quit()


@pytest.mark.parametrize("width", [1200, 400])
def test_a_browser_shows_it(runs, browser, width):
    browser.set_window_size(width, 800)
    browser.get(Report(str(runs)).run().as_uri())
    assert browser.get_log("browser") == []
    widths = browser.execute_script("return [...document.images].map(i => [i.naturalWidth, i.clientWidth])")
    assert widths[0][0] == 3000 and 0 < widths[0][1] <= width and len(widths) == 1
    assert browser.execute_script("return document.documentElement.scrollWidth - innerWidth") <= 0
    links = "return [...document.links].map(a => document.getElementById(a.hash.slice(1))?.innerText)"
    first, second = browser.execute_script(links)
    assert "x < y & <b>z</b>" in first and "did not hold: too few <examples>" in first
    assert "--steps 40" in second
