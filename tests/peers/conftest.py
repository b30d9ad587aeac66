"""Peers are torch, timm, torchvision, transformers and KerasHub: the `peers` extra. Without them these tests skip."""

import importlib.util

import pytest


@pytest.fixture(scope="session")
def torchvision():
    """torchvision and what builds on it, such as timm, without the compiled operators that some builds cannot load."""
    torch = pytest.importorskip("torch", reason="needs pip install '.[peers]'")
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("needs pip install '.[peers]'")
    with pytest.MonkeyPatch.context() as patch:
        register = torch.library.register_fake
        patch.setattr(
            torch.library,
            "register_fake",
            lambda op, *args, **kwargs: (
                (lambda f: f) if str(op).startswith("torchvision::") else register(op, *args, **kwargs)
            ),
        )
        import torchvision
    return torchvision
