"""SimCLR's loss against lightly; a masked autoencoder against transformers; the other networks against torch."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from peers import pictures, randomise, relative_error

import keras_dl
from keras_dl.architectures.vision import TORCH
from keras_dl.layers.class_token_and_positions import grid_waves
from keras_dl.learning.contrastive import nt_xent
from keras_dl.learning.masked import MaskedPatches
from keras_dl.learning.predictive import info_nce

torch = pytest.importorskip("torch")
nn = torch.nn
GENERATOR = np.random.default_rng(0)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_nt_xent_and_its_gradient_are_those_of_lightly(torchvision, temperature):
    loss = pytest.importorskip("lightly.loss").NTXentLoss(temperature)
    views = GENERATOR.normal(size=(24, 16)).astype("float32")
    theirs = [torch.from_numpy(half).requires_grad_() for half in np.split(views, 2)]
    expected = loss(*theirs)
    expected.backward()
    ours = tf.Variable(views)
    with tf.GradientTape() as tape:
        found = nt_xent(ours, temperature)
    assert float(found) == pytest.approx(expected.item(), rel=1e-6)
    gradient = torch.cat([half.grad for half in theirs]).numpy()
    np.testing.assert_allclose(tape.gradient(found, ours), gradient, atol=1e-6 * np.abs(gradient).max() + 1e-8)


MAE = {
    "input_shape": (16, 16, 3),
    "patch": 4,
    "heads": 2,
    "head_width": 8,
    "blocks": 2,
    "decoder_heads": 3,
    "decoder_head_width": 4,
    "decoder_blocks": 1,
}
IN_A_BLOCK = {
    "norm1": "layernorm_before",
    "norm2": "layernorm_after",
    "dense1": "mlp.fc1",
    "dense2": "mlp.fc2",
    "attention/query": "attention.q_proj",
    "attention/key": "attention.k_proj",
    "attention/value": "attention.v_proj",
    "attention/attention_output": "attention.o_proj",
}
OUTSIDE = {
    "encoder_stem": "vit.embeddings.patch_embeddings.projection",
    "encoder_norm": "vit.layernorm",
    "decoder_stem": "decoder.decoder_embed",
    "decoder_norm": "decoder.decoder_norm",
    "decoder_head": "decoder.decoder_pred",
}
WHOLE = {
    "encoder_tokens/class_token": "vit.embeddings.cls_token",
    "encoder_tokens/positions": "vit.embeddings.position_embeddings",
    "decoder_tokens/mask_token": "decoder.mask_token",
    "decoder_tokens/positions": "decoder.decoder_pos_embed",
}
PARTS = {"encoder": "vit.layers", "decoder": "decoder.decoder_layers"}


def their_name(path):
    """What transformers calls the variable of ours with this path."""
    if path in WHOLE:
        return WHOLE[path]
    layer, _, parameter = path.rpartition("/")
    parameter = "weight" if parameter in ("kernel", "gamma") else "bias"
    if layer in OUTSIDE:
        return f"{OUTSIDE[layer]}.{parameter}"
    part, stage, name = layer.split("_", 2)
    return f"{PARTS[part]}.{int(stage.removeprefix('stage')) - 1}.{IN_A_BLOCK[name]}.{parameter}"


def laid_out(values, path):
    """`values` of our variable with this path, laid out as theirs."""
    if "/query/" in path or "/key/" in path or "/value/" in path:
        values = values.reshape(*values.shape[:-2], -1)
    elif path.endswith("attention_output/kernel"):
        values = values.reshape(-1, values.shape[-1])
    if path == "encoder_stem/kernel":
        return values.transpose(3, 2, 0, 1)
    return values.T if path.endswith("kernel") else values


@pytest.fixture(scope="module")
def autoencoders(torchvision):
    """Our network and theirs with the same weights."""
    from transformers import ViTMAEConfig, ViTMAEForPreTraining

    settings = ViTMAEConfig(
        image_size=16, patch_size=4, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        decoder_hidden_size=12, decoder_num_hidden_layers=1, decoder_num_attention_heads=3,
        decoder_intermediate_size=48, layer_norm_eps=1e-6, norm_pix_loss=True,
    )  # fmt: skip
    theirs = ViTMAEForPreTraining(settings)
    ours = keras_dl.build("masked_autoencoder_vit_b", **MAE)
    waves = {variable.path: variable.numpy() for variable in ours.non_trainable_variables}
    randomise(ours)
    for variable in ours.non_trainable_variables:
        variable.assign(waves[variable.path])
    state = theirs.state_dict()
    for variable in ours.weights:
        name, values = their_name(variable.path), laid_out(variable.numpy(), variable.path)
        assert state[name].shape == values.shape, name
        state[name] = torch.from_numpy(np.ascontiguousarray(values))
    assert len(ours.weights) == len(state)
    theirs.load_state_dict(state)
    return ours, theirs


def test_positions_are_the_waves_of_transformers(torchvision):
    from transformers.models.vit_mae.modeling_vit_mae import build_2d_sinusoidal_position_embedding

    rows, columns = np.split(build_2d_sinusoidal_position_embedding(3, 5, 16, cls_token=True).numpy(), 2, axis=1)
    np.testing.assert_allclose(grid_waves(3, 5, 16), np.concatenate([columns, rows], axis=1), atol=1e-6)


def test_a_masked_autoencoder_is_that_of_transformers(autoencoders):
    ours, theirs = autoencoders
    images, noise = pictures(4, 16, 16), GENERATOR.random((4, 16)).astype("float32")
    pixels = np.moveaxis(images * TORCH["pixel_scale"] + TORCH["pixel_offset"], -1, 1).astype("float32")
    expected = theirs(torch.from_numpy(pixels), noise=torch.from_numpy(noise))
    expected.loss.backward()
    x, learner = {"image": images, "noise": noise}, MaskedPatches(ours, 4, 4)
    with tf.GradientTape() as tape:
        outputs = ours(x, training=True)
        loss = learner.named_losses(x, None, outputs, None, True)["error"]
    assert relative_error(outputs, expected.logits.detach()) < 1e-5
    assert float(loss) == pytest.approx(expected.loss.item(), rel=1e-5)
    gradients = tape.gradient(loss, [variable.value for variable in ours.trainable_variables])
    parameters = dict(theirs.named_parameters())
    for variable, gradient in zip(ours.trainable_variables, gradients, strict=True):
        wanted = parameters[their_name(variable.path)].grad.numpy()
        found = laid_out(gradient.numpy(), variable.path)
        assert np.abs(found - wanted).max() <= 2e-5 * np.abs(wanted).max() + 1e-7, variable.path


def test_a_masked_autoencoder_that_hides_nothing_makes_the_features(autoencoders):
    from transformers import ViTMAEModel

    ours, theirs = autoencoders
    images = pictures(3, 16, 16, seed=1)
    pixels = np.moveaxis(images * TORCH["pixel_scale"] + TORCH["pixel_offset"], -1, 1).astype("float32")
    whole = ViTMAEModel(theirs.config)
    whole.load_state_dict(theirs.vit.state_dict())
    whole.config.mask_ratio = 0.0
    tokens = whole(torch.from_numpy(pixels)).last_hidden_state
    encoder = keras_dl.get_config("masked_autoencoder_vit_b", **MAE).representation(ours)
    assert relative_error(encoder(images), tokens[:, 1:].mean(dim=1).detach()) < 1e-5


def convolution(layer, padding=0, stride=1):
    """The torch convolution of one or two dimensions with the weights of a Keras layer."""
    kernel, *bias = layer.get_weights()
    kind = nn.Conv2d if kernel.ndim == 4 else nn.Conv1d
    module = kind(*kernel.shape[-2:], kernel.shape[:-2], stride, padding, bias=bool(bias))
    module.weight.data = torch.from_numpy(np.moveaxis(kernel, (-1, -2), (0, 1)).copy())
    if bias:
        module.bias.data = torch.from_numpy(bias[0])
    return module


def dense(layer):
    kernel, bias = layer.get_weights()
    module = nn.Linear(*kernel.shape)
    module.weight.data, module.bias.data = torch.from_numpy(kernel.T.copy()), torch.from_numpy(bias)
    return module


def normalization(layer):
    module = nn.BatchNorm2d(layer.gamma.shape[0], eps=1e-5)
    names = ("weight", "bias", "running_mean", "running_var")
    for name, value in zip(names, layer.get_weights(), strict=True):
        getattr(module, name).data = torch.from_numpy(value)
    return module


def channels_first(x, config):
    scaled = x * np.float32(config.pixel_scale) + np.float32(config.pixel_offset)
    return torch.from_numpy(np.moveaxis(scaled, -1, 1).astype("float32").copy())


def test_rotnet_is_that_of_the_authors():
    config = keras_dl.get_config("rotnet", first=(6, 5, 4), filters=7)
    model = randomise(config.build())
    modules, sizes = [], {1: 5, 2: 5, 3: 3, 4: 3}
    poolings = {1: nn.MaxPool2d(3, 2, 1), 2: nn.AvgPool2d(3, 2, 1)}
    for stage, size in sizes.items():
        for number, padding in ((1, size // 2), (2, 0), (3, 0)):
            modules += [
                convolution(model.get_layer(f"stage{stage}_conv{number}"), padding),
                normalization(model.get_layer(f"stage{stage}_norm{number}")),
                nn.ReLU(),
            ]
        modules += [poolings[stage]] if stage in poolings else []
    network = nn.Sequential(*modules, nn.AdaptiveAvgPool2d(1), nn.Flatten(), dense(model.get_layer("head"))).eval()
    x = pictures(3, 32, 32)
    assert relative_error(model(x), network(channels_first(x, config)).detach()) < 1e-5


def test_deepcluster_is_that_of_the_authors():
    config = keras_dl.get_config("deepcluster", filters=(4, 5, 6, 7, 8), units=9, classes=5, input_shape=(95, 95, 3))
    model = randomise(config.build())
    grey, sobel = nn.Conv2d(3, 1, 1, bias=False), nn.Conv2d(1, 2, 3, padding=1, bias=False)
    grey.weight.data.fill_(1 / 3)
    across = torch.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])
    sobel.weight.data = torch.stack([across, across.T])[:, None]
    modules = [grey, sobel]
    for stage, padding, stride in ((1, 2, 4), (2, 2, 1), (3, 1, 1), (4, 1, 1), (5, 1, 1)):
        modules += [convolution(model.get_layer(f"stage{stage}_conv"), padding, stride)]
        modules += [normalization(model.get_layer(f"stage{stage}_norm")), nn.ReLU()]
        modules += [nn.MaxPool2d(3, 2)] if stage in (1, 2, 5) else []
    features = nn.Sequential(*modules).eval()
    x = pictures(2, 95, 95)
    maps = features(channels_first(x, config)).permute(0, 2, 3, 1).flatten(1)
    names = ("stage6_dense", "stage7_dense", "head")
    found = maps
    for name in names:
        found = dense(model.get_layer(name))(found)
        found = found if name == "head" else torch.relu(found)
    assert relative_error(model(x), found.detach()) < 1e-5


def test_the_siamese_network_is_its_definition():
    config = keras_dl.get_config("siamese_koch", filters=(3, 4, 5, 6), units=7, input_shape=(70, 65, 1))
    model = randomise(config.build())
    encoder, comparison = model.get_layer("encoder"), model.get_layer("comparison")
    modules = []
    for stage in (1, 2, 3, 4):
        modules += [convolution(encoder.get_layer(f"stage{stage}_conv")), nn.ReLU()]
        modules += [nn.MaxPool2d(2)] if stage < 4 else []
    maps = nn.Sequential(*modules)
    last, head = dense(encoder.get_layer("stage5_dense")), dense(comparison.get_layer("head"))
    x = {name: pictures(4, 70, 65, 1, seed=seed) for seed, name in enumerate(("image", "second_image"))}
    codes = [torch.sigmoid(last(maps(channels_first(v, config)).permute(0, 2, 3, 1).flatten(1))) for v in x.values()]
    expected = head((codes[0] - codes[1]).abs())
    assert relative_error(model(x), expected.detach()) < 1e-5


def test_the_residual_network_of_simclr_is_that_of_torchvision(torchvision):
    config = keras_dl.get_config("simclr_small", filters=8)
    model = randomise(config.build())
    theirs = torchvision.models.ResNet(torchvision.models.resnet.BasicBlock, [2, 2, 2, 2])
    ours = model.get_layer("encoder")
    assert [layer.units for layer in model.get_layer("projection").layers[1:]] == [64, 128]
    stem = nn.Sequential(
        convolution(ours.get_layer("stem_conv"), 1), normalization(ours.get_layer("stem_norm")), nn.ReLU()
    )
    stages = []
    for stage in (1, 2, 3, 4):
        for block in (1, 2):
            name, stride = f"stage{stage}_block{block}", 2 if stage > 1 and block == 1 else 1
            found = theirs.get_submodule(f"layer{stage}.{block - 1}")
            found.conv1 = convolution(ours.get_layer(f"{name}_conv1"), 1, stride)
            found.conv2 = convolution(ours.get_layer(f"{name}_conv2"), 1)
            found.bn1, found.bn2 = (normalization(ours.get_layer(f"{name}_norm{n}")) for n in (1, 2))
            if stride == 2:
                found.downsample = nn.Sequential(
                    convolution(ours.get_layer(f"{name}_shortcut_conv"), 0, 2),
                    normalization(ours.get_layer(f"{name}_shortcut_norm")),
                )
            stages.append(found)
    network = nn.Sequential(stem, *stages, nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    x = pictures(2, 32, 32)
    assert relative_error(ours(x), network(channels_first(x, config)).detach()) < 1e-5


def test_predictive_coding_and_its_loss_are_their_definition():
    config = keras_dl.get_config("cpc", samples=3200, filters=6, units=5, steps=4)
    model = randomise(config.build())
    encoder = model.get_layer("encoder")
    x = GENERATOR.normal(size=(5, 3200)).astype("float32")
    signal = torch.from_numpy(x)[:, None]
    for stage, (kernel, stride) in enumerate(zip((10, 8, 4, 4, 4), (5, 4, 2, 2, 2), strict=True), start=1):
        more = kernel - stride  # what divides its stride is padded by so much
        signal = nn.functional.pad(signal, (more // 2, more - more // 2))
        signal = torch.relu(convolution(encoder.get_layer(f"stage{stage}"), 0, stride)(signal))
    latents = signal.transpose(1, 2)
    recurrent = nn.GRU(6, 5, batch_first=True)
    kernel, inner, biases = model.get_layer("context").get_layer("recurrence").get_weights()
    order = np.r_[5:10, 0:5, 10:15]  # torch has the reset gate first
    values = (kernel[:, order].T, inner[:, order].T, biases[0, order], biases[1, order])
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    for name, value in zip(names, values, strict=True):
        getattr(recurrent, name).data = torch.from_numpy(np.ascontiguousarray(value))
    context, _ = recurrent(latents)
    [weights] = model.get_layer("head").get_weights()
    predictions = (context @ torch.from_numpy(weights)).reshape(5, 20, 4, 6)
    outputs = model(x)
    assert relative_error(outputs["latents"], latents.detach()) < 1e-5
    assert relative_error(outputs["predictions"], predictions.detach()) < 1e-5

    ends = np.array([20, 20, 11, 7, 20])
    going = np.arange(20) < ends[:, None]
    losses, found, chances = [], [], []
    for ahead in (1, 2, 3, 4):
        for step in range(20 - ahead):
            there = np.flatnonzero(going[:, step + ahead])
            logits = predictions[there, step, ahead - 1] @ latents[there, step + ahead].T
            target = torch.arange(len(there))
            losses += nn.functional.cross_entropy(logits, target, reduction="none").tolist()
            found += (logits.argmax(dim=1) == target).tolist()
            chances += [1 / len(there)] * len(there)
    values = info_nce(outputs["latents"], outputs["predictions"], keras.ops.convert_to_tensor(going))
    for value, expected in zip(values, (losses, found, chances), strict=True):
        assert float(value) == pytest.approx(np.mean(expected), rel=1e-5)
