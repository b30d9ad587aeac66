"""Where commands print what they found: names of the user stand as they are, neither markup nor emoji."""

from __future__ import annotations

from rich.console import Console


def plain_console() -> Console:
    """A console for the output of this process; `print` wraps lines and lays out tables."""
    return Console(markup=False, emoji=False)
