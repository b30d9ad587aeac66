"""The rooms of the package import each other in one direction."""

import ast
from collections import defaultdict
from pathlib import Path

import keras_dl

HOUSE = Path(keras_dl.__file__).parent
LINKS = {"recipes", "saved_models"}


def room(path):
    """A folder of the package, or a file in its root."""
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imported(tree):
    """The modules of the package that a file imports, within functions too, but not for annotations alone."""
    annotations = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in annotations:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "keras_dl":
            yield from (f"keras_dl.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def neighbours():
    """For each room those that it imports from."""
    found = defaultdict(set)
    for file in HOUSE.rglob("*.py"):
        if room(file) in LINKS or file == HOUSE / "__init__.py":
            continue
        for module in imported(ast.parse(file.read_text(encoding="utf-8"))):
            first, _, rest = module.partition(".")
            other = rest.partition(".")[0]
            if first == "keras_dl" and other not in ("", room(file)):
                found[room(file)].add(other)
    return found


def test_no_room_leads_back_to_itself():
    doors, done = neighbours(), set()

    def walk(name, path):
        assert name not in path, f"a circle: {' -> '.join([*path[path.index(name) :], name])}"
        if name not in done:
            for other in sorted(doors[name]):
                walk(other, [*path, name])
            done.add(name)

    assert len(doors) > 15
    for name in sorted(doors):
        walk(name, [])


def test_the_root_holds_few_files():
    assert len(list(HOUSE.glob("*.py"))) <= 12
