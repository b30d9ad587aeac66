"""Standardised and whitened inputs: exact on the training split, which alone decides."""

import dataclasses

import numpy as np
import pytest

from keras_dl.data import Data, Spec, Split
from keras_dl.data.spec import Column
from keras_dl.data.whitening import standardize, whiten


def correlated(count, seed, constant=False):
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(count, 4)) @ generator.normal(size=(4, 4)) * [1, 10, 100, 1000] + 5
    if constant:
        rows = np.column_stack([rows, np.full(count, 7.0)])
    return Split.of(rows.astype("float32"), np.arange(count) % 2)


def data(constant=False):
    splits = [correlated(count, seed, constant) for seed, count in enumerate((200, 40, 40))]
    counts = dict(zip(("train", "validation", "test"), map(len, splits), strict=True))
    spec = Spec.labelled(
        name="made", kind="features", shape=splits[0].shape, classes=2, class_names=("a", "b"), counts=counts
    )
    return Data(spec=spec, train=splits[0], validation=splits[1], test=splits[2])


def test_standardised_inputs_have_mean_0_and_variance_1_in_training():
    before, after = data(constant=True), standardize(data(constant=True))
    rows = before.train.inputs()
    mean, deviation = rows.mean(axis=0), rows.std(axis=0)
    for name in ("train", "validation", "test"):
        expected = (getattr(before, name).inputs()[:, :4] - mean[:4]) / deviation[:4]
        np.testing.assert_allclose(getattr(after, name).inputs()[:, :4], expected, rtol=1e-3, atol=1e-4)
    assert (after.train.inputs()[:, 4] == 0).all()


@pytest.mark.parametrize("method", ["pca", "zca"])
def test_whitened_inputs_have_the_identity_as_covariance(method):
    after = whiten(data(), method)
    np.testing.assert_allclose(np.cov(after.train.inputs(), rowvar=False), np.eye(4), atol=1e-4)
    np.testing.assert_allclose(after.train.inputs().mean(axis=0), 0, atol=1e-4)
    assert np.abs(np.cov(after.test.inputs(), rowvar=False) - np.eye(4)).max() > 0.01


def test_zca_is_the_symmetric_root_of_the_inverse_covariance():
    before = data()
    rows = before.train.inputs().astype("float64")
    values, vectors = np.linalg.eigh(np.cov(rows, rowvar=False))
    expected = (before.test.inputs() - rows.mean(axis=0)) @ (vectors / np.sqrt(values)) @ vectors.T
    np.testing.assert_allclose(whiten(before, "zca").test.inputs(), expected, rtol=1e-3, atol=1e-3)


def test_directions_without_variance_are_left_out():
    after = whiten(data(constant=True), "pca")
    assert after.spec.shape == after.test.shape == (4,)
    assert whiten(data(constant=True), "zca").spec.shape == (5,)


@pytest.mark.parametrize("prepare", [standardize, lambda data: whiten(data, "pca")])
def test_only_the_training_split_decides(prepare):
    before = data()
    other = dataclasses.replace(before, test=correlated(40, 9), validation=correlated(40, 8))
    np.testing.assert_array_equal(prepare(before).train.inputs(), prepare(other).train.inputs())
    np.testing.assert_array_equal(prepare(before).train.labels, before.train.labels)


def test_pictures_become_features():
    generator = np.random.default_rng(0)
    pictures = Split.of(generator.integers(0, 256, (50, 3, 2, 1)).astype("uint8"), np.arange(50) % 2)
    spec = data().spec.with_input(Column(kind="image", shape=(3, 2, 1)))
    after = standardize(Data(spec=spec, train=pictures, validation=pictures, test=pictures))
    assert (after.spec.kind, after.spec.shape, after.train.inputs().shape) == ("features", (6,), (50, 6))
