"""What the comparisons with other packages share: weights worth comparing, files as they are published, the error."""

import h5py
import numpy as np
from keras.src.legacy.saving import legacy_h5_format

from keras_dl.architectures.vision import CAFFE
from keras_dl.weights import family_of
from keras_dl.weights.keras_files import counted


def randomise(model, seed=0):
    """Give every variable of a Keras model values as after training: gains near 1, variances above 0, small biases."""
    generator = np.random.default_rng(seed)
    for variable in model.weights:
        noise = generator.normal(size=variable.shape)
        name = variable.path.rpartition("/")[2]
        if name in ("gamma", "moving_variance", "variance"):
            value = np.exp(0.2 * noise)
        elif name in ("beta", "moving_mean", "mean", "bias"):
            value = 0.1 * noise
        elif len(variable.shape) > 1:
            depthwise = len(variable.shape) == 4 and variable.shape[-1] == 1
            value = noise * np.sqrt(2 / np.prod(variable.shape[: 2 if depthwise else -1]))
        else:
            continue
        if not name.startswith("seed"):
            variable.assign(value)
    return model


def randomise_torch(module, seed=0):
    """The same for a PyTorch module, which is put into evaluation mode."""
    import torch

    torch.manual_seed(seed)
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        if not tensor.is_floating_point():
            continue
        noise = torch.randn_like(tensor)
        if "running_var" in name or (tensor.ndim == 1 and name.endswith("weight")):
            tensor.data.copy_(torch.exp(0.2 * noise))
        elif tensor.ndim == 1:
            tensor.data.copy_(0.1 * noise)
        else:
            tensor.data.copy_(noise * (2 / max(1, tensor[0].numel())) ** 0.5)
    return module.eval()


def keras_file(model, path):
    """Save a Keras model's weights laid out as the published files of keras.applications are."""
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
    return path


def torch_file(module, path):
    """Save a PyTorch module's weights as timm and Hugging Face publish them."""
    import safetensors.torch

    safetensors.torch.save_file({name: tensor.contiguous() for name, tensor in module.state_dict().items()}, path)
    return path


def give_to_keras(ours, config, peer):
    """Assign the weights of our model to a keras.applications model: the direction that `keras_dl.weights` has not.

    Those that Caffe trained, and so take blue first, get the first kernel turned around.
    """
    bgr = getattr(family_of(config), "PIXELS", {}).get(".h5") == CAFFE
    names = counted(layer.name for layer in peer.layers if layer.weights)
    theirs = {names[layer.name]: layer for layer in peer.layers if layer.weights}
    for index, layer in enumerate(layer for layer in ours.layers if layer.weights):
        values = layer.get_weights()
        if bgr and index == 0:
            values[0] = values[0][:, :, ::-1]
        theirs.pop(family_of(config).keras_layer(layer.name, config)).set_weights(values)
    assert not theirs, f"layers without weights of ours: {sorted(theirs)}"


def relative_error(ours, theirs):
    """The largest difference, relative to the largest magnitude of `theirs`."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape, (ours.shape, theirs.shape)
    assert np.ptp(theirs, axis=0).max() > 1e-3 * np.abs(theirs).max(), "the outputs do not depend on the inputs"
    return np.abs(ours - theirs).max() / np.abs(theirs).max()


def pictures(count, height, width, channels=3, seed=0):
    """Random pixels 0..255, (count, height, width, channels) float32."""
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, channels)).astype("float32")
