"""Two small residual networks and their weights as keras.applications and torchvision lay them out."""

import h5py
import numpy as np

import keras_dl
from keras_dl.weights import resnet

SMALL = {"filters": 4, "blocks": (1, 1, 1, 1), "input_shape": (17, 17, 3), "classes": 3}
KERAS = keras_dl.get_config("resnet50", **SMALL)
TORCH = keras_dl.get_config("resnet18", **SMALL)


def layers_of(model):
    """Arrays by layer, as keras.applications calls them, of a model of `KERAS`."""
    return {
        resnet.keras_layer(layer.name, KERAS): [weight.numpy() for weight in layer.weights]
        for layer in model.layers
        if layer.weights
    }


def tensors_of(model):
    """Arrays by name, as torchvision has them, of a model of `TORCH`."""
    leaves = {"kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"}
    leaves |= {"moving_mean": "running_mean", "moving_variance": "running_var"}
    found = {}
    for weight in model.weights:
        owner, leaf = weight.path.split("/")
        axes = {4: (3, 2, 0, 1), 2: (1, 0)}.get(len(weight.shape), (0,))
        value = np.ascontiguousarray(weight.numpy().transpose(axes))
        found[f"{resnet.torch_module(owner, TORCH)}.{leaves[leaf]}"] = value
    return found


def write_h5(layers, path, change=lambda file: None):
    """Write arrays by layer in the layout of keras.applications, then change the open file."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in layers]
        for name, arrays in layers.items():
            group = file.create_group(name)
            names = [f"{name}/{index}:0" for index in range(len(arrays))]
            group.attrs["weight_names"] = [item.encode() for item in names]
            for item, array in zip(names, arrays, strict=True):
                group[item] = array
        change(file)
    return path
