"""The loss, metrics and optimizer that fit a network's outputs."""

from __future__ import annotations

from keras_dl.accelerate.xla import check_layers
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.lazy import keras
from keras_dl.training.labels import CrossEntropy, accuracy
from keras_dl.training.options import Options
from keras_dl.training.regularization import regularize
from keras_dl.training.squared_error import OneHotSquaredError
from keras_dl.training.updates import adopt, make_optimizer


def compile_model(model: keras.Model, config: Config, options: Options, steps_per_epoch: int) -> None:
    """Compile `model` for whole-number or soft labels, as the output that `config` declares asks for.

    Logits and probabilities get cross-entropy, a single output binary cross-entropy, and sigmoid or tanh outputs of
    several classes the squared error to one-hot targets, as the networks of 1989 were trained. The penalties and
    bounds of `options` are put on the weights. Where `config` compiles itself, its optimizer and loss stay. With
    precision=float16 the optimizer scales the loss. JAX always compiles.

    Raises `UsageError` for a network of several outputs, and for layers that XLA cannot compile if it is wanted.
    """
    activation, smoothing = config.classifier_activation, options.label_smoothing
    if isinstance(model.output, dict):
        raise UsageError(f"{model.name} has the outputs {', '.join(model.output)}; this training takes one output")
    if config.compiles_itself and model.compiled:
        regularize(model, options)
        adopt(model.optimizer)
        _compile(model, model.optimizer, model.loss, accuracy(), options)
        return
    if config.classes == 1:
        loss = keras.losses.BinaryCrossentropy(from_logits=activation is None, label_smoothing=smoothing)
        metric = keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.5 if activation == "sigmoid" else 0.0)
    else:
        metric = accuracy()
        if activation in ("sigmoid", "tanh"):
            loss = OneHotSquaredError(low=0.0 if activation == "sigmoid" else -1.0, label_smoothing=smoothing)
        else:
            loss = CrossEntropy(from_logits=activation is None, label_smoothing=smoothing)
    regularize(model, options)
    optimizer = make_optimizer(model, options, options.epochs * steps_per_epoch)
    if options.precision == "float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    _compile(model, optimizer, loss, metric, options)


def _compile(model, optimizer, loss, metric, options: Options) -> None:
    if options.xla and keras.backend.backend() == "tensorflow":
        check_layers(model)
    model.compile(
        optimizer=optimizer,
        loss=loss,
        weighted_metrics=[metric],
        jit_compile=options.xla if keras.backend.backend() == "tensorflow" else "auto",
        steps_per_execution=options.steps_per_execution,
    )
