"""Multilayer perceptrons: hidden layers of any widths, activation, normalisation, skip connections and dropout.

Rumelhart, Hinton & Williams, "Learning representations by back-propagating errors", Nature 323, 1986.
Input: (batch, *input_shape), flattened; output: (batch, classes) logits, or one logit when `classes` is 1.

    name                     parameters  layers                 source
    linear_softmax                7,850  784-10                 Rosenblatt 1958; logistic regression
    mlp                         109,386  784-128-64-10          Rumelhart et al. 1986
    mlp_1x2                           9  2-2-1                  Prince 2023, "Understanding Deep Learning", ch. 4.5
    mlp_1x8                          33  2-8-1                  the same figure
    mlp_2x4                          37  2-4-4-1                the same figure
    keras_snippet_mlp                83  4-10-3                 lecture slide
    vanilla_nn                       83  4-10-3                 lecture slide, hidden_size free
    universal_approximator          301  1-100-1                Cybenko 1989; Hornik et al. 1989
    hinton_2013_mlp           6,801,010  784-(7 x 1000)-10      Hinton 2013; Hinton et al. 2012, arXiv:1207.0580
    zhang_mlp_1x512           1,209,866  2352-512-10            Zhang et al. 2017, ICLR, table 1
    zhang_mlp_3x512           1,735,178  2352-(3 x 512)-10      the same table
    mlp3_relu_softmax           109,386  784-128-64-10          lecture slide: three linear layers, then softmax
    he_init_demo_mlp            181,000  100-(100 .. 250)-300   lecture slide; He et al. 2015, ICCV, section 2.2

Depth counts hidden layers: each width of `hidden` is used `depth` times. With `residual` the output of a hidden layer
is added to that of a later one, as it is (He et al. 2016, "Identity Mappings in Deep Residual Networks"). The figure in
Prince states no activation; tanh is used, whose decision boundaries are smooth. The slide's VanillaNN states no sizes:
the Keras slide's are used. Hinton's "7 layers" are read as 7 hidden layers; his dropout halves outgoing weights at test
time, which Keras's inverted dropout does during training instead. Zhang et al., whose networks fit random labels, crop
the pictures of CIFAR-10 to 28x28 pixels in colour and whiten each; here pixels are only scaled to 0..1. Where the
slides end in softmax, these networks return logits unless `classifier_activation` says otherwise. The slide on
initialization has layers of 100, 150, 200, 250 and 300 units behind 100 inputs, and looks at what each gives; here the
last of them is the output, without its rectifier.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from keras_dl.config import MOST_LAYERS, Config, depth, width
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Counts, NaturalNumber, Positive, Share
from keras_dl.lazy import keras, layers

if TYPE_CHECKING:
    from keras_dl.data import Spec


@dataclasses.dataclass(frozen=True, kw_only=True)
class MLP(Config):
    """A multilayer perceptron."""

    task: ClassVar[str] = "classification"

    input_shape: Counts = (784,)
    """shape of one input, flattened first"""
    classes: Count = 10
    """number of outputs; 1 means a single logit, or a regression"""
    hidden: tuple[int, ...] = width((128, 64), low=8, high=1024)
    """units of the hidden layers"""
    depth: int = depth(1, low=1, high=8)
    """hidden layers of each width; 0 hidden widths make a linear classifier"""
    activation: Literal["relu", "tanh", "sigmoid", "leaky_relu", "gelu", "linear"] = "relu"
    """activation of the hidden layers"""
    kernel_initializer: Literal[
        "glorot_uniform",
        "glorot_normal",
        "he_uniform",
        "he_normal",
        "lecun_uniform",
        "lecun_normal",
        "orthogonal",
        "zeros",
    ] = "glorot_uniform"
    """initial weights, by Keras's names"""
    normalization: Literal["batch", "layer"] | None = None
    """normalisation of each hidden layer"""
    normalization_position: Literal["before", "after"] = "before"
    """whether layers are normalised before or after their activation"""
    residual: NaturalNumber = 0
    """hidden layers that a skip connection spans, from the first hidden layer on; 0 for none"""
    dropout: Share = 0.0
    """fraction of hidden units dropped"""
    input_dropout: Share = 0.0
    """fraction of inputs dropped"""
    drop_connect: Share = 0.0
    """fraction of the connections into hidden units dropped, others for each example"""
    max_norm: Positive | None = None
    """largest length of the weight vector into a hidden unit"""
    max_norm_form: Literal["projection", "reparametrization"] = "projection"
    """longer vectors are shortened after each step, or within the network, which learns through the shortening"""
    input_scale: float = 1.0
    """factor on the inputs, 1/255 for pixels"""
    classifier_activation: Literal["softmax", "sigmoid", "tanh"] | None = None
    """activation of the output; None returns logits"""

    def __post_init__(self):
        super().__post_init__()
        if (layers := len(self.hidden) * self.depth) > MOST_LAYERS:
            raise UsageError(f"this mlp would have {layers:,} hidden layers; at most {MOST_LAYERS:,} are built")
        if self.drop_connect and self.max_norm and self.max_norm_form == "reparametrization":
            raise UsageError("drop_connect goes with max_norm_form='projection' only")
        if self.residual and len(set(self.hidden)) > 1:
            raise UsageError(f"residual needs hidden layers of one width, got {', '.join(map(str, self.hidden))}")
        if self.classes == 1 and self.classifier_activation == "softmax":
            raise UsageError("softmax over 1 class is always 1; use classes=2, or classifier_activation='sigmoid'")

    def for_data(self, spec: Spec) -> Self:
        spec.check_numbers(self.family)
        one_logit = self.classes == 1 and spec.classes == 2
        scale = 1 / 255 if spec.kind == "image" else 1.0
        classes = 1 if one_logit else spec.outputs or self.classes
        return self.replace(input_shape=spec.shape, classes=classes, input_scale=scale)


def dense(config: MLP, index: int) -> keras.layers.Layer:
    """The weights of a hidden layer: (batch, inputs) -> (batch, hidden)."""
    units = config.hidden[(index - 1) // config.depth]
    settings = {"kernel_initializer": config.kernel_initializer, "name": f"stage{index}_dense"}
    if config.max_norm and config.max_norm_form == "reparametrization":
        return layers.BoundedDense(units, config.max_norm, **settings)
    if config.max_norm:
        settings["kernel_constraint"] = keras.constraints.MaxNorm(config.max_norm)
    if config.drop_connect:
        return layers.DropConnect(units, config.drop_connect, **settings)
    return keras.layers.Dense(units, **settings)


def normalized(x, config: MLP, index: int):
    """(batch, hidden) -> (batch, hidden)."""
    kind = keras.layers.BatchNormalization if config.normalization == "batch" else keras.layers.LayerNormalization
    return kind(name=f"stage{index}_norm")(x)


def hidden_layer(x, config: MLP, index: int):
    """(batch, inputs) -> (batch, hidden): dense, normalised, activated, dropped out."""
    x = dense(config, index)(x)
    if config.normalization and config.normalization_position == "before":
        x = normalized(x, config, index)
    x = keras.layers.Activation(config.activation, name=f"stage{index}_activation")(x)
    if config.normalization and config.normalization_position == "after":
        x = normalized(x, config, index)
    if config.dropout:
        x = keras.layers.Dropout(config.dropout, name=f"stage{index}_dropout")(x)
    return x


def build(config: MLP) -> keras.Model:
    inputs = keras.Input(config.input_shape, name="features")
    x = keras.layers.Flatten(name="flatten")(inputs)
    if config.input_scale != 1:
        x = keras.layers.Rescaling(config.input_scale, name="rescaling")(x)
    if config.input_dropout:
        x = keras.layers.Dropout(config.input_dropout, name="input_dropout")(x)
    skipped = None
    for index in range(1, len(config.hidden) * config.depth + 1):
        x = hidden_layer(x, config, index)
        if config.residual and (index - 1) % config.residual == 0:
            if skipped is not None:
                x = keras.layers.Add(name=f"stage{index}_add")([skipped, x])
            skipped = x
    outputs = keras.layers.Dense(
        config.classes,
        activation=config.classifier_activation,
        kernel_initializer=config.kernel_initializer,
        name="head",
    )(x)
    return keras.Model(inputs, outputs, name="mlp")


VARIANTS = {
    "linear_softmax": MLP(hidden=()),
    "mlp": MLP(),
    "mlp_1x2": MLP(input_shape=(2,), classes=1, hidden=(2,), activation="tanh"),
    "mlp_1x8": MLP(input_shape=(2,), classes=1, hidden=(8,), activation="tanh"),
    "mlp_2x4": MLP(input_shape=(2,), classes=1, hidden=(4,), depth=2, activation="tanh"),
    "keras_snippet_mlp": MLP(input_shape=(4,), classes=3, hidden=(10,)),
    "vanilla_nn": MLP(input_shape=(4,), classes=3, hidden=(10,)),
    "universal_approximator": MLP(input_shape=(1,), classes=1, hidden=(100,), activation="sigmoid"),
    "hinton_2013_mlp": MLP(hidden=(1000,), depth=7, dropout=0.5, input_dropout=0.2, max_norm=4.0, input_scale=1 / 255),
    "zhang_mlp_1x512": MLP(input_shape=(28, 28, 3), hidden=(512,), input_scale=1 / 255),
    "zhang_mlp_3x512": MLP(input_shape=(28, 28, 3), hidden=(512,), depth=3, input_scale=1 / 255),
    "mlp3_relu_softmax": MLP(classifier_activation="softmax"),
    "he_init_demo_mlp": MLP(
        input_shape=(100,), classes=300, hidden=(100, 150, 200, 250), kernel_initializer="he_normal"
    ),
}
UNDERSTANDING = ("Understanding Deep Learning", "2023")
RETHINKING = ("Understanding deep learning requires rethinking generalization", "2017")
PAPERS = {
    "linear_softmax": ("The perceptron: a probabilistic model for information storage and organization", "1958"),
    **dict.fromkeys(("mlp_1x2", "mlp_1x8", "mlp_2x4"), UNDERSTANDING),
    "universal_approximator": ("Approximation by superpositions of a sigmoidal function", "1989"),
    "hinton_2013_mlp": ("Improving neural networks by preventing co-adaptation of feature detectors", "2012"),
    **dict.fromkeys(("zhang_mlp_1x512", "zhang_mlp_3x512"), RETHINKING),
    "he_init_demo_mlp": (
        "Delving deep into rectifiers: surpassing human-level performance on ImageNet classification",
        "2015",
    ),
}
