"""What Keras needs is checked before it is imported."""

import importlib.metadata

import pytest

from keras_dl import UsageError, lazy


def test_a_keras_with_known_holes_is_refused(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "3.9.2")
    with pytest.raises(UsageError, match=r"needs keras >= 3.15.1 \(security fixes\), found 3.9.2"):
        lazy._import("keras")


def test_a_backend_that_is_not_installed_is_named(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(UsageError, match="needs torch, which is not installed; set KERAS_BACKEND=tensorflow"):
        lazy._import("keras")
