"""The loss, metrics and optimizer that fit a network's outputs."""

from __future__ import annotations

from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.lazy import keras
from keras_dl.training.options import Options
from keras_dl.training.squared_error import OneHotSquaredError


def compile_model(model: keras.Model, config: Config, options: Options, steps_per_epoch: int) -> None:
    """Compile `model` for whole-number labels, as the output that `config` declares asks for.

    Logits and probabilities get cross-entropy, a single output binary cross-entropy, and sigmoid or tanh outputs of
    several classes the squared error to one-hot targets, as the networks of 1989 were trained. Raises `UsageError` for
    a network of several outputs.
    """
    activation = config.classifier_activation
    if isinstance(model.output, dict):
        raise UsageError(f"{model.name} has the outputs {', '.join(model.output)}; this training takes one output")
    if config.classes == 1:
        loss = keras.losses.BinaryCrossentropy(from_logits=activation is None)
        accuracy = keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.5 if activation == "sigmoid" else 0.0)
    else:
        accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
        if activation in ("sigmoid", "tanh"):
            loss = OneHotSquaredError(low=0.0 if activation == "sigmoid" else -1.0)
        else:
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=activation is None)
    model.compile(
        optimizer=_optimizer(options, steps_per_epoch), loss=loss, metrics=[accuracy], jit_compile=options.xla
    )


def _optimizer(options: Options, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    rate = options.learning_rate
    if options.schedule == "cosine":
        steps = options.epochs * steps_per_epoch
        warmup = min(steps - 1, steps // 20)
        rate = keras.optimizers.schedules.CosineDecay(
            0.0 if warmup else rate,
            steps - warmup,
            warmup_target=rate if warmup else None,
            warmup_steps=warmup,
        )
    decay = {"weight_decay": options.weight_decay or None}
    match options.optimizer:
        case "adam":
            return keras.optimizers.Adam(rate, **decay)
        case "adamw":
            return keras.optimizers.AdamW(rate, weight_decay=options.weight_decay)
        case "sgd":
            return keras.optimizers.SGD(rate, **decay)
        case "momentum":
            return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, **decay)
