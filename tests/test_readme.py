"""Every command and snippet of the README runs."""

import os
import re
import shlex
import sys
from pathlib import Path

import pytest
from PIL import Image

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SESSIONS = [text for kind, text in BLOCKS if kind == "console"]
PRELOAD = ["tensorflow", "keras_dl.cli.commands", "keras_dl.recipes.train", "sklearn.datasets", "matplotlib.pyplot"]
SNIPPETS = [text for kind, text in BLOCKS if kind == "python"]


def test_starts_with_exactly_two_commands():
    first, second = next(text for kind, text in BLOCKS if kind == "bash").splitlines()
    assert first.endswith("keras-dl run transfer-learning")
    assert second == "pytest"


def test_its_picture_exists():
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", README, re.DOTALL):
        assert (Path(__file__).parent.parent / picture).read_bytes().startswith(b"\x89PNG")


def test_every_kind_of_block_is_run_by_a_test():
    assert {kind for kind, _ in BLOCKS} == {"bash", "console", "python"}


def work(arguments, folder, said):
    """Run `keras-dl` with `arguments` in `folder`; what it prints goes to the files `said`/out and `said`/err."""
    from keras_dl.cli import main

    os.chdir(folder)
    for stream, name in ((sys.stdout, "out"), (sys.stderr, "err")):
        os.dup2(os.open(said / name, os.O_WRONLY | os.O_CREAT), stream.fileno())
    sys.argv = ["keras-dl", *arguments]
    main()


@pytest.mark.parametrize("session", SESSIONS)
def test_commands(session, tmp_path, tmp_path_factory, processes):
    (tmp_path / "pictures").mkdir()
    Image.new("L", (28, 28), 200).save(tmp_path / "pictures" / "gray.png")
    rows = [f"{place % 7},{place % 3},{100 + 5 * (place % 7)}" for place in range(60)]
    (tmp_path / "houses.csv").write_text("\n".join(["rooms,floors,price", *rows]))
    rows = [f"the film is very {('bad', 'good')[place % 2]} {place},{('no', 'yes')[place % 2]}" for place in range(60)]
    (tmp_path / "reviews.csv").write_text("\n".join(["text,label", *rows]))
    for line in session.splitlines():
        dollar, program, *arguments = shlex.split(line)
        assert (dollar, program) == ("$", "keras-dl")
        said = tmp_path_factory.mktemp("said")
        process = processes.Process(target=work, args=(arguments, tmp_path, said))
        process.start()
        process.join()
        assert process.exitcode == 0, (said / "err").read_text()
        assert (said / "out").read_text()


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_snippet(snippet):
    exec(compile(snippet, "README.md", "exec"), {})
