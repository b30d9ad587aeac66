"""The tests that keras.applications has of its own networks, run on ours.

They ship in the Keras wheel. An adapter stands for each of their functions while their module is imported: it takes
the arguments of keras.applications and builds our network. Left out are the cases that download pictures and weights,
the channels-first layout, which our networks do not have (nor do NASNet's, DenseNet's and ConvNeXt's in Keras), and the
larger networks of a family.
"""

import importlib
import sys
import unittest

import keras
import pytest

import keras_dl
from keras_dl import surgery

NETWORKS = {
    "VGG16": "vgg16",
    "InceptionV3": "inception_v3",
    "ResNet50": "resnet50",
    "MobileNetV2": "mobilenet_v2",
    "NASNetMobile": "nasnet_mobile",
    "EfficientNetB0": "efficientnet_b0",
}


def adapter(function: str):
    """A stand-in for `keras.applications.<function>` that builds our network."""

    def build(
        *, weights, include_top=True, input_shape=None, input_tensor=None, pooling=None, classifier_activation="softmax"
    ):
        assert weights is None
        name = NETWORKS[function]
        if include_top:
            return keras_dl.build(name, classifier_activation=classifier_activation)
        shape = input_shape or (None, None, 3) if input_tensor is None else input_tensor.shape[1:]
        size = keras_dl.get_config(name).smallest_size
        body = surgery.features(keras_dl.build(name, input_shape=(*(side or size for side in shape[:2]), shape[2])))
        inputs = keras.Input(shape) if input_tensor is None else input_tensor
        x = body(inputs)[surgery.feature_stages(body)[-1]]
        if pooling == "max":
            x = keras.layers.GlobalMaxPooling2D()(x)
        return keras.Model(keras.utils.get_source_inputs(inputs), x)

    build.__name__ = function
    return build


@pytest.fixture(scope="module")
def suite():
    name = "keras.src.applications.applications_test"
    with pytest.MonkeyPatch.context() as patch:
        for function in NETWORKS:
            module = sys.modules[getattr(keras.applications, function).__module__]
            patch.setattr(module, function, adapter(function))
        patch.delitem(sys.modules, name, raising=False)
        tests = importlib.import_module(name)
    yield tests.ApplicationsTest
    del sys.modules[name]


KINDS = (
    "notop_custom_input_shape",
    "notop_variable_input_channels",
    "notop_custom_input_tensor",
    "pooling",
    "classifier_activation",
)


@pytest.mark.parametrize("function", NETWORKS)
@pytest.mark.parametrize("kind", KINDS)
def test_passes(suite, kind, function):
    result = unittest.TestResult()
    suite(f"test_application_{kind}_{function}_channels_last").run(result)
    assert result.testsRun == 1 and not result.skipped
    assert result.wasSuccessful(), (result.errors + result.failures)[0][1]


def test_every_case_of_the_suite_is_run_or_named_here(suite):
    cases = {case.rpartition("_channels_")[0] for case in dir(suite) if "_channels_last" in case}
    ours = {case for case in cases if case.rpartition("_")[2] in NETWORKS}
    run = {f"test_application_{kind}_{function}" for kind in KINDS for function in NETWORKS}
    assert ours - run == {f"test_application_base_{function}" for function in NETWORKS}
