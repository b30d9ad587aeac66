"""The networks of keras_dl and of its peers: how each library makes one, and what a step of it is.

A library is keras_dl, keras_applications, keras_hub, timm or timm_compiled, followed by settings, as in
`keras_dl+onednn+xla`; what is not named is off in keras_dl. The others get what their users get who set nothing, timm
its fastest layout besides. `timm+passive` lets PyTorch's threads sleep where they wait for each other, which is faster
on a machine that does other work, and slower on one that does not.
"""

import numpy as np

CLASSES, RATE = 1000, 1e-3
SETTINGS = {
    "onednn": {"TF_ENABLE_ONEDNN_OPTS": "1"},
    "thread": {"TF_NUM_INTRAOP_THREADS": "1"},
    "xla": {},
    "bfloat16": {},
    "torch": {"KERAS_BACKEND": "torch"},
    "passive": {"OMP_WAIT_POLICY": "PASSIVE"},
}
BEGINNINGS = {
    "keras_dl": {"TF_ENABLE_ONEDNN_OPTS": "0"},
    "timm_compiled": {"TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1"},
}
APPLICATIONS = {
    "resnet50": ("ResNet50", "resnet"),
    "vgg16": ("VGG16", "vgg16"),
    "mobilenet_v2": ("MobileNetV2", "mobilenet_v2"),
    "efficientnet_b0": ("EfficientNetB0", "efficientnet"),
    "inception_v3": ("InceptionV3", "inception_v3"),
    "nasnet_mobile": ("NASNetMobile", "nasnet"),
}
TIMM = {
    "resnet50": ("resnet50", {}),
    "vgg16": ("vgg16", {"drop_rate": 0.5}),
    "mobilenet_v2": ("mobilenetv2_100", {"drop_rate": 0.2}),
    "efficientnet_b0": ("efficientnet_b0", {"drop_rate": 0.2, "drop_path_rate": 0.2}),
    "vit_ti16": ("vit_tiny_patch16_224", {}),
}
HUB = {
    "resnet50": (
        "ResNet",
        {
            "input_conv_filters": [64],
            "input_conv_kernel_sizes": [7],
            "stackwise_num_filters": [64, 128, 256, 512],
            "stackwise_num_blocks": [3, 4, 6, 3],
            "stackwise_num_strides": [1, 2, 2, 2],
            "block_type": "bottleneck_block",
        },
        {},
    ),
    "vgg16": (
        "VGG",
        {"stackwise_num_repeats": [2, 2, 3, 3, 3], "stackwise_num_filters": [64, 128, 256, 512, 512]},
        {"pooling": "flatten", "dropout": 0.5},
    ),
}


def environment(library: str) -> dict[str, str]:
    """The variables that have to stand before the process of `library` begins."""
    name, *settings = library.split("+")
    found = dict(BEGINNINGS.get(name, {}))
    for setting in settings:
        found |= SETTINGS[setting]
    return found


def has(library: str, network: str) -> bool:
    """Whether `library` has `network`."""
    names = {"keras_applications": APPLICATIONS, "keras_hub": HUB, "timm": TIMM, "timm_compiled": TIMM}
    return network in names.get(library.partition("+")[0], (network,))


def torch_without_torchvision():
    """PyTorch for libraries that import torchvision, some builds of which come without their compiled operators.

    No network here needs those.
    """
    import torch

    register = torch.library.register_fake
    torch.library.register_fake = lambda name, *rest, **named: (
        (lambda function: function) if str(name).startswith("torchvision::") else register(name, *rest, **named)
    )


def imported(library: str):
    """Import what `library` stands on, which is no part of the time and memory of a network."""
    if library.startswith("timm"):
        torch_without_torchvision()
        import timm  # noqa: F401
    else:
        import keras  # noqa: F401
        import tensorflow  # noqa: F401
    if library.startswith("keras_hub"):
        import keras_hub  # noqa: F401
    if library.startswith("keras_dl"):
        import keras_dl  # noqa: F401


def keras_dl_network(network: str, size: int, settings: list[str]):
    import keras

    import keras_dl

    if "bfloat16" in settings:
        keras.config.set_dtype_policy("mixed_bfloat16")
    model = keras_dl.build(network, input_shape=(size, size, 3), classes=CLASSES)
    return keras_steps(model, lambda x: x, from_logits=True, jit_compile="xla" in settings)


def keras_applications_network(network: str, size: int):
    import keras

    builder, module = APPLICATIONS[network]
    model = getattr(keras.applications, builder)(weights=None, input_shape=(size, size, 3), classes=CLASSES)
    prepare = getattr(keras.applications, module).preprocess_input
    return keras_steps(model, lambda x: prepare(x.copy()), from_logits=False, jit_compile="auto")


def keras_hub_network(network: str, size: int):
    import keras_hub

    kind, backbone, head = HUB[network]
    backbone = getattr(keras_hub.models, f"{kind}Backbone")(image_shape=(size, size, 3), **backbone)
    model = getattr(keras_hub.models, f"{kind}ImageClassifier")(backbone, num_classes=CLASSES, **head)
    return keras_steps(model, lambda x: x / 127.5 - 1, from_logits=True, jit_compile="auto")


def keras_steps(model, prepare, *, from_logits: bool, jit_compile):
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits)
    model.compile(optimizer=keras.optimizers.SGD(RATE), loss=loss, jit_compile=jit_compile)
    steps = {
        "train": lambda x, y: model.train_on_batch(prepare(x), y, return_dict=True)["loss"],
        "infer": lambda x, y: np.asarray(model.predict_on_batch(prepare(x))),
    }
    return steps, sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def timm_network(network: str, size: int, *, compiled: bool):
    import timm
    import torch

    name, options = TIMM[network]
    options = {**options, "img_size": size} if network.startswith("vit") else options
    model = timm.create_model(name, num_classes=CLASSES, **options).to(memory_format=torch.channels_last)
    parameters = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    optimizer, loss = torch.optim.SGD(model.parameters(), RATE), torch.nn.CrossEntropyLoss()
    if compiled:
        model = torch.compile(model)

    def prepare(x):
        return torch.from_numpy(x / 127.5 - 1).permute(0, 3, 1, 2)  # whose layout is channels_last

    def train(x, y):
        model.train()
        optimizer.zero_grad()
        value = loss(model(prepare(x)), torch.from_numpy(y))
        value.backward()
        optimizer.step()
        return value.item()

    def infer(x, y):
        model.eval()
        with torch.inference_mode():
            return model(prepare(x)).numpy()

    return {"train": train, "infer": infer}, parameters


def make(library: str, network: str, size: int):
    """The steps of a network by name, each a function of pixels and labels, and how many weights it trains."""
    name, *settings = library.split("+")
    match name:
        case "keras_dl":
            return keras_dl_network(network, size, settings)
        case "keras_applications":
            return keras_applications_network(network, size)
        case "keras_hub":
            return keras_hub_network(network, size)
        case "timm" | "timm_compiled":
            return timm_network(network, size, compiled=name == "timm_compiled")
    raise SystemExit(f"library must be keras_dl, keras_applications, keras_hub, timm or timm_compiled, got {name}")
