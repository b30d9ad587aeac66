"""A network on one screen, drawn stage by stage."""

import re

from keras_dl import get_config
from keras_dl.cli.show import show


def rows(capsys):
    return {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}


def test_draws_the_stages(capsys):
    show(get_config("resnet20"), "resnet20")
    drawn = rows(capsys)
    assert re.fullmatch(r"image +█{10} +0 +3 +32x32x3 +0 +0 *", drawn["image"])
    assert re.fullmatch(r"stage2 +█{5} +7 +32 +2 +16x16x32 +52,192 +13,107,200 *", drawn["stage2"])
    assert re.fullmatch(r"head +1 +10 +10 +650 +640 *", drawn["head"])
    assert "normalization" not in drawn


def test_names_published_weights(capsys):
    show(get_config("resnet50"), "resnet50")
    assert "published weights: imagenet" in capsys.readouterr().out
