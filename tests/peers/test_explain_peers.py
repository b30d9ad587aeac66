"""The same weights in PyTorch get the same maps from captum and from zennit."""

import numpy as np
import pytest
from peers import randomise, relative_error

from keras_dl import explain, get_config

CLASSES = [0, 2, 1, 3]


@pytest.fixture(scope="module")
def torch():
    torch = pytest.importorskip("torch", reason="needs pip install '.[peers]'")
    torch.manual_seed(0)
    return torch


@pytest.fixture(scope="module")
def captum():
    return pytest.importorskip("captum.attr", reason="needs pip install '.[peers]'")


@pytest.fixture(scope="module")
def zennit(torchvision):
    pytest.importorskip("zennit", reason="needs pip install '.[peers]'")
    import zennit.attribution
    import zennit.canonizers
    import zennit.composites
    import zennit.rules
    import zennit.types

    return zennit


@pytest.fixture(scope="module")
def ours():
    """Convolution, batch normalisation, ReLU, max pooling, dense layers; pixels are taken as they are, in -1..1."""
    config = get_config(
        "nakkiran_cnn5", input_shape=(8, 8, 3), k=4, classes=4, pixel_scale=1 / 127.5, pixel_offset=-1.0
    )
    return randomise(config.build())


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(1).uniform(0, 255, (4, 8, 8, 3)).astype("float32")


@pytest.fixture(scope="module")
def normalized(torch, x):
    return torch.from_numpy((x / 127.5 - 1).transpose(0, 3, 1, 2).copy())


def module(torch, ours, merged):
    """`ours` in PyTorch, on normalised pixels; `merged` puts batch normalisation into the convolutions."""
    nn, parts = torch.nn, []
    for stage in range(1, 5):
        kernel, bias = ours.get_layer(f"stage{stage}_conv").get_weights()
        gamma, beta, mean, variance = ours.get_layer(f"stage{stage}_norm").get_weights()
        convolution = nn.Conv2d(kernel.shape[2], kernel.shape[3], 3, padding=1)
        norm = nn.BatchNorm2d(kernel.shape[3], eps=1e-5)
        if merged:
            scale = gamma / np.sqrt(variance + 1e-5)
            kernel, bias = kernel * scale, (bias - mean) * scale + beta
        convolution.weight.data = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
        convolution.bias.data = torch.from_numpy(bias)
        for name, value in (("weight", gamma), ("bias", beta), ("running_mean", mean), ("running_var", variance)):
            getattr(norm, name).data = torch.from_numpy(value)
        parts += [convolution, *([] if merged else [norm]), nn.ReLU(), *([nn.MaxPool2d(2)] if stage in (2, 3) else [])]
    kernel, bias = ours.get_layer("head").get_weights()
    head = nn.Linear(*kernel.shape)
    head.weight.data, head.bias.data = torch.from_numpy(kernel.T.copy()), torch.from_numpy(bias)
    return nn.Sequential(*parts, nn.MaxPool2d(2), nn.Flatten(), head).eval()


def channels_last(maps):
    return maps.detach().numpy().transpose(0, 2, 3, 1)


def test_the_networks_are_the_same(torch, ours, x, normalized):
    for merged in (False, True):
        theirs = module(torch, ours, merged)(normalized).detach().numpy()
        assert relative_error(ours(x, training=False), theirs) < 1e-5


def test_gradients_of_captum(torch, captum, ours, x, normalized):
    theirs = module(torch, ours, merged=False)
    saliency = captum.Saliency(theirs).attribute(normalized, target=CLASSES, abs=False)
    assert relative_error(explain.gradient(ours, x, CLASSES), channels_last(saliency)) < 1e-4
    parts = captum.InputXGradient(theirs).attribute(normalized.clone(), target=CLASSES)
    assert relative_error(explain.gradient_x_input(ours, x, CLASSES), channels_last(parts)) < 1e-4


def test_grad_cam_of_captum(torch, captum, ours, x, normalized):
    theirs = module(torch, ours, merged=True)
    cells = captum.LayerGradCam(theirs, theirs[7]).attribute(normalized, target=CLASSES, relu_attributions=True)
    expected = captum.LayerAttribution.interpolate(cells, (8, 8), "bilinear").detach().numpy()[:, 0]
    assert cells.shape == (4, 1, 2, 2)
    assert relative_error(explain.grad_cam(ours, x, CLASSES, stage="stage3"), expected) < 1e-4


@pytest.mark.parametrize("rule", ["epsilon", "zplus"])
def test_relevance_of_captum(torch, captum, ours, x, normalized, rule):
    import captum.attr._utils.lrp_rules as rules

    theirs = module(torch, ours, merged=True)
    for layer in theirs:
        if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
            layer.rule = rules.EpsilonRule() if rule == "epsilon" else rules.Alpha1_Beta0_Rule(set_bias_to_zero=True)
        elif isinstance(layer, torch.nn.Flatten):
            layer.rule = rules.EpsilonRule()
    x, normalized = np.maximum(x, 127.5), normalized.clamp(min=0)  # captum's z+ rule is for inputs of one sign
    expected = channels_last(captum.LRP(theirs).attribute(normalized, target=CLASSES))
    assert relative_error(explain.lrp(ours, x, CLASSES, rule=rule, epsilon=1e-9), expected) < 1e-3


@pytest.mark.parametrize(
    ("rule", "options"),
    [
        ("Epsilon", {"rule": "epsilon", "epsilon": 1e-6}),
        ("AlphaBeta", {"rule": "alpha_beta", "alpha": 2.0}),
        ("ZPlus", {"rule": "zplus"}),
        ("ZBox", {"rule": "zplus", "first": "zbox"}),
    ],
)
def test_relevance_of_zennit(torch, zennit, ours, x, normalized, rule, options):
    """Theirs merges batch normalisation by itself; maximum pooling passes relevance by its gradient, as ours does."""
    rules, types = zennit.rules, zennit.types
    inner = {
        "Epsilon": rules.Epsilon(epsilon=1e-6),
        "AlphaBeta": rules.AlphaBeta(alpha=2, beta=1),
    }.get(rule, rules.ZPlus(zero_params="bias"))
    layers = [(types.Activation, rules.Pass()), (types.Linear, inner)]
    first = [(types.Convolution, rules.ZBox(low=-1.0, high=1.0))] if rule == "ZBox" else []
    composite = zennit.composites.SpecialFirstLayerMapComposite(
        layer_map=layers, first_map=first, canonizers=[zennit.canonizers.SequentialMergeBatchNorm()]
    )
    theirs = module(torch, ours, merged=False)
    outputs = theirs(normalized).detach()
    start = outputs * torch.nn.functional.one_hot(torch.tensor(CLASSES), 4)
    with zennit.attribution.Gradient(model=theirs, composite=composite) as attributor:
        _, expected = attributor(normalized.clone(), start)
    assert relative_error(explain.lrp(ours, x, CLASSES, **options), channels_last(expected)) < 1e-3
