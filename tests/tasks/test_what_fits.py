"""A network that does not fit a task is refused in one line, before anything is trained."""

import pytest
from jobs import JOBS
from small_networks import smallest

import keras_dl
from keras_dl.errors import UsageError
from keras_dl.training import build
from keras_dl.training.loop import Training


@pytest.mark.parametrize(
    ("name", "job", "message"),
    [
        ("prototypical_net", "classification", "tells no classes; it learns by --task prototypical"),
        ("simclr_small", "rotation", "simclr tells no classes; it learns by --task contrastive"),
        ("vae", "clustering", "vae tells no classes; it learns by --task variational_autoencoding"),
        ("autoencoder", "segmentation", "tells no classes; it learns by --task reconstruction"),
        ("rotnet", "segmentation", "does not tell the class of every pixel; use unet"),
        ("dann", "segmentation", "does not tell the class of every pixel; use unet"),
        ("multitask_shared_trunk", "forecasting", "has several outputs; forecasting is for networks of one"),
        ("autoencoder", "variational_autoencoding", "makes no codes with a mean and a log_variance; use vae"),
        ("dalle_small", "variational_autoencoding", "makes no codes with a mean and a log_variance; use vae"),
        ("resnet20", "verification", "verification is for networks of encoder and comparison"),
        ("dcgan", "reconstruction", "reconstruction"),
    ],
)
def test_what_does_not_fit_is_refused(name, job, message, tmp_path):
    _, task, data, options = JOBS[job]()
    with pytest.raises(UsageError, match=message):
        config, data = task.adapt(smallest(keras_dl.get_config(name)), data)
        Training(build(config, options), config, task, data, options, tmp_path, verbose=0).run()


def test_triplets_are_of_features_whatever_a_network_tells(tmp_path):
    _, task, data, options = JOBS["triplets"]()
    config, data = task.adapt(keras_dl.get_config("dann", filters=(4, 6), units=12), data)
    [*_, last] = Training(build(config, options), config, task, data, options, tmp_path, verbose=0).run()
    assert last["triplet_loss"] > 0
