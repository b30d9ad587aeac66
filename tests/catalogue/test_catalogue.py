"""Names: listed at once, narrowed down, and never misspelt without help."""

import json
import re
import subprocess
import sys

import pytest

import keras_dl
from keras_dl import UsageError, catalogue

WITHOUT_KERAS = """
import json, resource, sys
import keras_dl

names = keras_dl.list_models()
config = keras_dl.get_config("resnet56", classes=100).scaled(width=2)
text = config.to_json()
messages = []
for call in (
    lambda: keras_dl.get_config("ResNet51"),
    lambda: keras_dl.describe("resnet56", clases=3),
    lambda: keras_dl.build("resnet56", classes=0),
    lambda: keras_dl.build("resnet56", weights="nowhere"),
):
    try:
        call()
    except keras_dl.UsageError as error:
        messages.append(str(error))
heavy = sorted({"tensorflow", "keras", "jax", "torch"} & set(sys.modules))
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([names, messages, heavy, usage.ru_utime + usage.ru_stime]))
"""


def test_names_and_mistakes_need_neither_keras_nor_time():
    runs = [
        json.loads(subprocess.run([sys.executable, "-c", WITHOUT_KERAS], capture_output=True, check=True).stdout)
        for _ in range(3)
    ]
    names, messages, heavy, _ = runs[0]
    assert names == keras_dl.list_models()
    assert len(messages) == 4
    assert heavy == []
    assert min(seconds for *_, seconds in runs) < 0.5


def test_lists_are_narrowed_down():
    assert keras_dl.list_models() == sorted(keras_dl.list_models())
    assert keras_dl.list_models("resnet??", family="resnet_cifar") == ["resnet20", "resnet32", "resnet44", "resnet56"]
    assert keras_dl.list_models(family="lecun1989") == ["lecun1989_modern", "lecun1989_zip"]
    assert keras_dl.list_models("esl*", min_parameters=1061, max_parameters=1226) == ["esl_net3", "esl_net4"]
    assert keras_dl.list_models("nothing*") == []
    assert set(keras_dl.list_models(task="classification")) <= set(keras_dl.list_models())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: keras_dl.get_config("resnet51"), "unknown model 'resnet51'; did you mean resnet"),
        (lambda: keras_dl.get_config("resnet51"), "`keras-dl list` shows all"),
        (lambda: keras_dl.get_config("resnet20", chanels=1), "unknown field of resnet_cifar 'chanels'"),
        (lambda: keras_dl.list_models(task="classificaton"), "did you mean classification"),
        (lambda: keras_dl.list_models(family="lenets"), "did you mean lenet"),
    ],
)
def test_misspelt_names_get_the_nearest(call, message):
    with pytest.raises(keras_dl.UsageError) as error:
        call()
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_config_passes_for_its_name():
    config = keras_dl.get_config("lenet_like")
    assert keras_dl.get_config(config, classes=3) == config.replace(classes=3)


def test_two_families_cannot_share_a_name(monkeypatch):
    from keras_dl.architectures.vision import lenet, resnet_cifar

    monkeypatch.setitem(resnet_cifar.VARIANTS, "lenet_like", lenet.VARIANTS["lenet_like"])
    with pytest.raises(UsageError, match=r"lenet_like of \S+resnet_cifar is of \S+lenet already; rename it"):
        catalogue.entries.__wrapped__()


def test_every_count_is_stated():
    for name, entry in catalogue.entries().items():
        assert re.search(rf"^ +{name} +[\d,]+ ", entry.module.__doc__, re.MULTILINE), name


def test_a_count_that_is_not_stated_is_made(monkeypatch):
    entry = catalogue.entries()["lenet_like"]
    stated = entry.parameters
    monkeypatch.setattr(entry.module, "__doc__", "No table.")
    assert entry.parameters == stated


@pytest.mark.parametrize(
    ("name", "paper"),
    [
        ("resnet50", ("Deep Residual Learning for Image Recognition", "2016")),
        ("lenet5_1998", ("Gradient-Based Learning Applied to Document Recognition", "1998")),
        ("alexnet_owt", ("One weird trick for parallelizing convolutional neural networks", "2014")),
    ],
)
def test_papers(name, paper):
    assert catalogue.entries()[name].paper == paper
