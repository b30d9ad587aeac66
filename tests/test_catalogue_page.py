"""The page of the catalogue says what the registry holds."""

from keras_dl import catalogue_page, list_models


def test_is_not_stale():
    page = catalogue_page.PATH.read_text(encoding="utf-8")
    assert page == catalogue_page.page(), "run `python -m keras_dl.catalogue_page`"


def test_has_a_row_for_every_name():
    lines = catalogue_page.PATH.read_text(encoding="utf-8").splitlines()
    for name in list_models():
        assert sum(line.startswith(f"| [`{name}`](") for line in lines) == 1
