"""The one exception for mistakes that a user can make, and the words that go with it."""

import difflib
import os
from collections.abc import Iterable, Sequence

LONGEST = 1500
"""characters of a line that people can still read"""


class UsageError(ValueError):
    """A mistake that the user can put right: one line saying what was received and what would work.

    The command line prints the line alone and exits with status 2. Names of the user in it stand as `shown` has them,
    and of a line that is too long the middle is left out.
    """

    def __init__(self, line: object):
        line = shown(line)
        half = LONGEST // 2
        super().__init__(line if len(line) <= LONGEST else f"{line[:half]} [...] {line[-half:]}")


def choose(kind: str, word: str, choices: Iterable[str]) -> str:
    """`word` if it is one of `choices`; otherwise a `UsageError` that names the nearest of them."""
    choices = sorted(choices)
    if word in choices:
        return word
    raise UsageError(f"unknown {kind} {word!r}; {nearest(word, choices)}")


def nearest(word: str, choices: Iterable[str]) -> str:
    """The end of a message about a wrong `word`: the choices that look like it, or all, where they are not too many."""
    by_letters = {choice.lower(): choice for choice in choices}
    near = difflib.get_close_matches(str(word).lower(), by_letters, n=3, cutoff=0.5)
    if near:
        return f"did you mean {', '.join(by_letters[choice] for choice in near)}?"
    return f"choose one of {some([*by_letters.values()], most=20)}"


def some(names: Sequence[str], joint: str = ", ", most: int = 5) -> str:
    """The first of `names`, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return joint.join(names[:most]) + more


def check_place(what: str, path: str | os.PathLike) -> None:
    """Raise `UsageError` for a path where nothing can be written, or not by TensorFlow; `what` is what it is for."""
    if not os.fspath(path) or "\0" in os.fspath(path):
        raise UsageError(f"{what} must be the path of a folder, got {os.fspath(path)!r}")
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError:
        raise UsageError(f"{what} must be UTF-8, got {path}; TensorFlow writes nowhere else") from None


def shown(name: object) -> str:
    """A name of the user as it can be printed and written anywhere, on one line: what cannot becomes \\n, \\udcfc .."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(name))
