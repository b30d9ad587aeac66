"""What stands in a message: names that fit on one line, and choices that help."""

import pickle

import pytest

from keras_dl.errors import UsageError, check_place, choose, nearest, shown, some


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("photos", "photos"),
        ("tête à tête 猫", "tête à tête 猫"),
        ("two\nlines\tand a tab", r"two\nlines\tand a tab"),
        ("alb\udcfcm", r"alb\udcfcm"),
        ("\x1b[31mred", r"\x1b[31mred"),
        (r"back\slash", r"back\slash"),
    ],
)
def test_names_are_shown_on_one_line_in_any_encoding(name, seen):
    assert shown(name) == seen
    assert shown(seen) == seen
    error = UsageError(f"there is no {name}")
    assert str(error) == f"there is no {seen}"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_choices():
    assert choose("fruit", "apple", ("pear", "apple")) == "apple"
    with pytest.raises(UsageError, match="unknown fruit 'APPEL'; did you mean Apple"):
        choose("fruit", "APPEL", ("Apple", "Banana"))
    assert nearest("xyz", ("b", "c")) == "choose one of b, c"
    assert nearest("!", [f"n{number}" for number in range(30)]).endswith("n19 and 10 more")
    assert some(["a", "b", "c"], joint="; ", most=2) == "a; b and 1 more"


def test_a_place_where_tensorflow_can_write():
    check_place("out", "tête")
    with pytest.raises(UsageError, match=r"out must be UTF-8, got alb\\udcfcm"):
        check_place("out", "alb\udcfcm")
    for path in ("", "a\0b"):
        with pytest.raises(UsageError, match="out must be the path of a folder, got '"):
            check_place("out", path)
