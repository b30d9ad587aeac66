"""The page of the catalogue says what the registry holds."""

from keras_dl import list_models
from keras_dl.pages import catalogue as catalogue_page


def test_is_not_stale():
    page = catalogue_page.PATH.read_text(encoding="utf-8")
    assert page == catalogue_page.page(), "run `python -m keras_dl.pages.catalogue`"


def test_has_a_row_for_every_name():
    lines = catalogue_page.PATH.read_text(encoding="utf-8").splitlines()
    for name in list_models():
        assert sum(line.startswith(f"| [`{name}`](") for line in lines) == 1
