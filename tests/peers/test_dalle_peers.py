"""DALL-E against the authors' DALL-E 0.1 and dalle_pytorch 1.6.6: outputs, losses and gradients."""

import sys
import types

import numpy as np
import pytest
from peers import pictures, randomise, relative_error

import keras_dl

torch = pytest.importorskip("torch")


def channels_first(x):
    return torch.from_numpy(np.moveaxis(x, -1, 1).copy())


def channels_last(x):
    return np.moveaxis(x.detach().numpy(), 1, -1)


def give(values, weight, bias):
    """Put the kernel, and the bias, of a Keras layer into theirs."""
    kernel = torch.from_numpy(values[0])
    weight.data = kernel.permute(3, 2, 0, 1).contiguous() if kernel.ndim == 4 else kernel.T.contiguous()
    if bias is not None:
        bias.data = torch.from_numpy(values[1])


def our_name(theirs):
    """What a convolution of theirs, such as blocks.group_1.block_2.res_path.conv_3, is called in ours."""
    _, *place = theirs.split(".")
    if place[0] in ("input", "output"):
        return {"input": "stem", "output": "head"}[place[0]]
    layer = "shortcut" if place[2] == "id_path" else place[3].replace("_", "")
    return f"stage{place[0][-1]}_block{place[1][-1]}_{layer}"


@pytest.fixture(scope="module")
def openai():
    dall_e = pytest.importorskip("dall_e")
    ours = randomise(
        keras_dl.build("dalle_dvae_openai", input_shape=(32, 32, 3), codes=512, filters=64, first_filters=8)
    )
    theirs = {
        "encoder": dall_e.Encoder(n_hid=64, vocab_size=512),
        "decoder": dall_e.Decoder(n_hid=64, n_init=8, vocab_size=512),
    }
    for part, model in theirs.items():
        for name, module in model.named_modules():
            if hasattr(module, "w"):
                give(ours.get_layer(part).get_layer(f"{part}_{our_name(name)}").get_weights(), module.w, module.b)
    return ours, theirs


def test_the_autoencoder_of_openai(openai):
    from dall_e import map_pixels, unmap_pixels

    from keras_dl.learning.discrete import pictures as made

    ours, theirs = openai
    images = pictures(2, 32, 32)
    logits = theirs["encoder"](map_pixels(channels_first(images / 255)))
    assert relative_error(ours.get_layer("encoder")(images), channels_last(logits)) < 1e-5
    shares = np.random.default_rng(0).dirichlet(np.ones(512), (2, 4, 4)).astype("float32")
    statistics = theirs["decoder"](channels_first(shares))
    found = ours.get_layer("decoder")(shares)
    assert relative_error(found, channels_last(statistics)) < 1e-5
    pixels = 255 * unmap_pixels(torch.sigmoid(statistics[:, :3]))
    assert relative_error(made(found, 3), channels_last(pixels)) < 1e-5


STUBBED = ("taming", "taming.models", "taming.models.vqgan", "omegaconf", "youtokentome", "pkg_resources", "ftfy",
           "webdataset", "tokenizers", "transformers")  # fmt: skip


@pytest.fixture(scope="module")
def lucidrains():
    """Our dalle_small and theirs, with the same weights."""
    with pytest.MonkeyPatch.context() as patch:
        for name in STUBBED:
            stub = types.ModuleType(name)
            stub.__getattr__ = lambda _: type("Stub", (), {})
            if name not in sys.modules:
                patch.setitem(sys.modules, name, stub)
        dalle = pytest.importorskip("dalle_pytorch.dalle_pytorch")
    ours = randomise(keras_dl.build("dalle_small"))
    vae = dalle.DiscreteVAE(
        image_size=32, num_layers=2, num_tokens=512, codebook_dim=128, hidden_dim=64, num_resnet_blocks=1
    )
    settings = {"dim": 128, "num_text_tokens": 64, "text_seq_len": 16, "depth": 4, "heads": 4, "dim_head": 32}
    whole = dalle.DALLE(vae=vae, shift_tokens=False, **settings).eval()
    assert sum(one.numel() for one in vae.parameters()) == 463_235
    for name, model in (("encoder", vae.encoder), ("decoder", vae.decoder)):
        part = [layer for layer in ours.get_layer(name).layers if layer.weights and layer.name != "decoder_table"]
        modules = [one for one in model.modules() if hasattr(one, "weight")]
        for layer, module in zip(part, modules, strict=True):
            give(layer.get_weights(), module.weight, module.bias)
    vae.codebook.weight.data = torch.from_numpy(ours.get_layer("decoder").get_layer("decoder_table").get_weights()[0])
    fill(ours.get_layer("transformer"), whole)
    return ours, vae, whole


def fill(ours, theirs):
    def values(name):
        return [torch.from_numpy(one) for one in ours.get_layer(f"transformer_{name}").get_weights()]

    (table,) = values("embedding")
    theirs.text_emb.weight.data, theirs.image_emb.weight.data = table[:80], table[80:]
    for index, (attention, feed) in enumerate(theirs.transformer.layers.layers, start=1):
        name = f"stage{index}"
        for wrapped, place in ((attention, 1), (feed, 2)):
            wrapped.scale.data = values(f"{name}_scale{place}")[0][None, None]
            wrapped.fn.norm.weight.data, wrapped.fn.norm.bias.data = values(f"{name}_norm{place}")
        inner = attention.fn.fn.fn
        inner.to_qkv.weight.data = values(f"{name}_queries_keys_values")[0].T.contiguous()
        give(ours.get_layer(f"transformer_{name}_mixed").get_weights(), inner.to_out[0].weight, inner.to_out[0].bias)
        net = feed.fn.fn.net
        kernels, biases = zip(values(f"{name}_values"), values(f"{name}_gates"), strict=True)
        net[0].weight.data, net[0].bias.data = torch.cat(kernels, dim=1).T.contiguous(), torch.cat(biases)
        give(ours.get_layer(f"transformer_{name}_dense").get_weights(), net[3].weight, net[3].bias)
    theirs.to_logits[0].weight.data, theirs.to_logits[0].bias.data = values("norm")
    give(ours.get_layer("transformer_head").get_weights(), theirs.to_logits[1].weight, theirs.to_logits[1].bias)


def test_the_autoencoder_of_dalle_pytorch(lucidrains):
    import keras

    from keras_dl.learning.discrete import kl, reconstruction

    ours, vae, _ = lucidrains
    images = pictures(3, 32, 32)
    logits = vae(channels_first(images / 255), return_logits=True)
    found = ours.get_layer("encoder")(images)
    assert relative_error(found, channels_last(logits)) < 1e-5
    codes = logits.argmax(dim=1).flatten(1)
    again = vae.decode(codes)
    made = ours({"image": images, "token_ids": np.zeros((3, 80), "int32")})["image"]
    assert relative_error(made, 127.5 * channels_last(again) + 127.5) < 1e-5
    expected = torch.nn.functional.mse_loss(channels_first(images / 127.5 - 1), again).item()
    assert float(keras.ops.mean(reconstruction(images, made))) == pytest.approx(expected, rel=1e-5)
    log_shares = torch.log_softmax(logits.flatten(2).transpose(1, 2), dim=-1)
    uniform = torch.log(torch.tensor([1 / 512]))
    summed = torch.nn.functional.kl_div(uniform, log_shares, None, None, "batchmean", log_target=True).item()
    assert float(keras.ops.sum(kl(found))) * 64 == pytest.approx(summed, rel=1e-5)


def test_the_transformer_of_dalle_pytorch(lucidrains):
    import keras
    import tensorflow as tf

    from keras_dl.layers.picture_attention import token_angles
    from keras_dl.learning.captioned_codes import CaptionedCodes, placed

    ours, _, theirs = lucidrains
    angles = np.repeat(token_angles(17, 8, 5), 2, axis=1)
    np.testing.assert_allclose(theirs.transformer.pos_emb[0].numpy(), angles, rtol=1e-6, atol=1e-5)
    theirs.transformer.pos_emb = torch.from_numpy(angles[None])  # 8192 rounded to float32 is some 1e-4 radians off
    generator = np.random.default_rng(0)
    text = np.where(np.arange(16) < generator.integers(3, 17, (3, 1)), generator.integers(1, 64, (3, 16)), 0)
    codes = generator.integers(0, 512, (3, 64))
    logits = theirs(torch.from_numpy(text), torch.from_numpy(codes)).detach().numpy()
    begun = np.pad(text, ((0, 0), (1, 0))).astype("int32")
    words = placed(begun, 80).numpy()
    words[:, 0] = 0  # theirs begins with the token that ours has for pads
    tokens = np.concatenate([words, 80 + codes[:, :-1]], axis=1).astype("int32")
    found = ours.get_layer("transformer")(tokens).numpy()
    allowed = logits > -1e30
    assert allowed.sum() == 3 * (16 * 80 + 64 * 512)
    assert relative_error(found[allowed], logits[allowed]) < 1e-5

    learner = CaptionedCodes(ours, 80, share=0.5, warmest=1.0, coldest=0.1, seed=0)
    begun[:, 0] = 2  # no pad, unlike 0, and a word that theirs gets too
    theirs.zero_grad()
    pad = torch.nn.functional.pad

    def with_begin(text, size, value=0):
        return pad(text, size, value=2 if size == (1, 0) else value)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dalle_pytorch.dalle_pytorch.F.pad", with_begin)
        loss = theirs(torch.from_numpy(text), torch.from_numpy(codes), return_loss=True)
    loss.backward()
    table = ours.get_layer("transformer").get_layer("transformer_embedding").embeddings
    with tf.GradientTape() as tape:
        text_loss, picture_loss = learner.told(begun, codes.astype("int32"), True)
        total = keras.ops.mean((text_loss + 7 * picture_loss) / 8)
    assert float(total) == pytest.approx(loss.item(), rel=1e-5)
    gradient = tf.convert_to_tensor(tape.gradient(total, table.value)).numpy()
    expected = torch.cat([theirs.text_emb.weight.grad, theirs.image_emb.weight.grad]).numpy()
    assert np.abs(gradient - expected).max() <= 1e-4 * np.abs(expected).max()
