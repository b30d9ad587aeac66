"""Vision Transformers against timm, transformers and KerasHub; resized positions against timm."""

import numpy as np
import pytest
from peers import pictures, randomise, randomise_torch, relative_error, torch_file

import keras_dl
from keras_dl import weights
from keras_dl.layers import ClassTokenAndPositions

CONFIG = keras_dl.get_config("vit_ti16", patch=8, blocks=3, input_shape=(32, 48, 3), classes=10)


def outputs_of(module, images):
    import torch

    with torch.no_grad():
        outputs = module(torch.from_numpy(images / 127.5 - 1).permute(0, 3, 1, 2))
    return getattr(outputs, "logits", outputs).numpy()


def ours(path, images):
    model = CONFIG.build()
    weights.load(model, CONFIG, path)
    return model.predict(images, verbose=0)


def test_timm_gives_the_same_outputs(torchvision, tmp_path):
    timm = pytest.importorskip("timm")
    peer = timm.create_model("vit_tiny_patch16_224", img_size=(32, 48), patch_size=8, depth=3, num_classes=10)
    randomise_torch(peer)
    images = pictures(4, 32, 48)
    assert relative_error(ours(torch_file(peer, tmp_path / "vit.safetensors"), images), outputs_of(peer, images)) < 1e-4


def test_transformers_gives_the_same_outputs(torchvision, tmp_path):
    transformers = pytest.importorskip("transformers")
    config = transformers.ViTConfig(
        hidden_size=192,
        num_hidden_layers=3,
        num_attention_heads=3,
        intermediate_size=768,
        image_size=(32, 48),
        patch_size=8,
        layer_norm_eps=1e-6,
        num_labels=10,
    )
    peer = randomise_torch(transformers.ViTForImageClassification(config))
    peer.save_pretrained(tmp_path)
    images = pictures(4, 32, 48)
    assert relative_error(ours(tmp_path / "model.safetensors", images), outputs_of(peer, images)) < 1e-4


def test_keras_hub_gives_the_same_tokens_both_ways():
    import keras

    keras_hub = pytest.importorskip("keras_hub")
    peer = keras_hub.models.ViTBackbone(
        image_shape=(32, 48, 3), patch_size=8, num_layers=3, num_heads=3, hidden_dim=192, mlp_dim=768
    )
    model = CONFIG.build()
    backbone = keras.Model(model.input, model.get_layer("stage3_norm").output)
    images = pictures(4, 32, 48)

    def tokens_agree():
        theirs = peer.predict(images / 127.5 - 1, verbose=0)
        return relative_error(backbone.predict(images, verbose=0), theirs) < 1e-4

    token, kernel, bias, positions, *others = randomise(peer, seed=1).get_weights()
    backbone.set_weights([kernel, bias, token, positions[None], *others])
    assert tokens_agree()
    kernel, bias, token, positions, *others = randomise(backbone, seed=2).get_weights()
    assert not tokens_agree()
    peer.set_weights([token, kernel, bias, positions[0], *others])
    assert tokens_agree()


@pytest.mark.parametrize(("old", "new"), [((7, 7), (12, 12)), ((14, 14), (7, 9)), ((6, 4), (5, 11)), ((5, 5), (5, 5))])
def test_positions_are_resized_as_timm_does(torchvision, old, new):
    import torch

    resample = pytest.importorskip("timm.layers").resample_abs_pos_embed
    donor, target = ClassTokenAndPositions(), ClassTokenAndPositions()
    donor.build((None, *old, 16))
    target.build((None, *new, 16))
    positions = np.random.default_rng(0).normal(size=donor.positions.shape).astype("float32")
    donor.set_weights([donor.class_token, positions])
    expected = resample(torch.from_numpy(positions), list(new), list(old)).numpy()
    resized = target.resized(donor)[1]
    np.testing.assert_allclose(resized, expected, atol=1e-5 if old != new else 0)


def test_a_file_of_another_network_is_refused_by_name(torchvision, tmp_path):
    timm = pytest.importorskip("timm")
    peer = timm.create_model("vit_tiny_patch16_224", img_size=(32, 48), patch_size=8, depth=2, num_classes=10)
    with pytest.raises(keras_dl.UsageError, match=r"lacks the tensor blocks\.2\.norm1\.weight"):
        ours(torch_file(peer, tmp_path / "vit.safetensors"), pictures(1, 32, 48))
