"""Faster R-CNN gives what torchvision's gives under the same weights: maps, anchors, detections, losses, gradients."""

import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf
from peers import pictures, randomise_torch, relative_error

import keras_dl
from keras_dl.boxes.detections import detections
from keras_dl.boxes.losses import head_losses, rpn_losses, sampled

SIZE, CLASSES = (96, 128), 5
CONFIG = keras_dl.get_config(
    "faster_rcnn_r50_fpn",
    input_shape=(*SIZE, 3),
    classes=CLASSES,
    blocks=(3, 4, 6, 3),
    proposals=1000,
    frozen_norms=True,
)
X = pictures(2, *SIZE)
BOXES = np.float32([[[8, 10, 60, 70], [64, 20, 120, 84], [30, 40, 52, 58]], [[-1] * 4] * 3])
LABELS = np.array([[0, 4, 2], [-1, -1, -1]])
NAMES = {
    "loss_objectness": "rpn_objectness",
    "loss_rpn_box_reg": "rpn_boxes",
    "loss_classifier": "head_classes",
    "loss_box_reg": "head_boxes",
}


@pytest.fixture(scope="module")
def peer(torchvision):
    """torchvision's detector with weights worth comparing, on a build without the compiled non-maximum suppression."""
    import torch
    import torchvision.ops.boxes

    def nms(boxes, scores, threshold):
        order, kept = scores.argsort(descending=True, stable=True), []
        while order.numel():
            kept.append(int(order[0]))
            near = torchvision.ops.box_iou(boxes[order[:1]], boxes[order[1:]])[0]
            order = order[1:][near <= threshold]
        return torch.tensor(kept, dtype=torch.int64)

    library = torch.library.Library("torchvision", "FRAGMENT")
    if not hasattr(torch.ops.torchvision, "nms"):
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.impl("nms", nms, "CPU")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torchvision.ops.boxes, "_assert_has_ops", lambda: None)
        patch.setattr(torch, "compile", lambda function, **options: function)  # compiling takes longer than the tests
        patch.setattr(torch, "randperm", lambda count, **options: torch.arange(count).flip(0))
        torch.manual_seed(0)
        model = torchvision.models.detection.fasterrcnn_resnet50_fpn(
            weights=None, weights_backbone=None, num_classes=CLASSES + 1, min_size=SIZE[0], max_size=SIZE[1]
        )
        randomise_torch(model.backbone)
        for name, tensor in model.named_parameters():
            if "bn3.weight" in name or "fpn" in name:
                tensor.data.mul_(0.3)
            if "rpn.head" in name or "predictor" in name:
                tensor.data.mul_(4)
        yield model
        library._destroy()


def module_of(layer):
    """What torchvision calls one of our layers."""
    from keras_dl.weights import resnet

    part, _, rest = layer.partition("_")
    kind, number = rest.rstrip("0123456789"), rest[len(rest.rstrip("0123456789")) :]
    if part == "stage5":
        return f"backbone.fpn.{ {'lateral': 'inner', 'conv': 'layer'}[kind] }_blocks.{int(number) - 2}.0"
    if part == "rpn":
        return "rpn.head." + {"conv": "conv.0.0", "objectness": "cls_logits", "deltas": "bbox_pred"}[rest]
    if part == "head":
        names = {"dense1": "box_head.fc6", "dense2": "box_head.fc7", "classes": "box_predictor.cls_score"}
        return "roi_heads." + {**names, "deltas": "box_predictor.bbox_pred"}[rest]
    return f"backbone.body.{resnet.torch_module(layer, CONFIG)}"


def ours(tensor, name):
    """A tensor of torchvision, or its gradient, with the axes in our order."""
    value = tensor.detach().numpy()
    if name == "head_dense1/kernel":
        return value.reshape(len(value), -1, 7, 7).transpose(2, 3, 1, 0).reshape(-1, len(value))
    return value.transpose(2, 3, 1, 0) if value.ndim == 4 else value.T


@pytest.fixture(scope="module")
def network(peer):
    """Our network with the weights of the peer, and the peer's name of each of its trainable weights."""
    from keras_dl.weights.torch_files import LEAVES

    model = CONFIG.build()
    tensors, names = dict(peer.state_dict()), {}
    for variable in model.weights:
        layer, _, leaf = variable.path.rpartition("/")
        names[variable.path] = name = f"{module_of(layer)}.{LEAVES[leaf]}"
        variable.assign(ours(tensors.pop(name), variable.path))
    assert all(name.endswith("num_batches_tracked") for name in tensors), sorted(tensors)
    return model, names


def farthest(rows, others):
    """The largest difference of two lists of rows, in the order in which they are nearest: equal scores swap places."""
    distances = np.abs(rows[:, None] - others).max(axis=-1)
    return distances[scipy.optimize.linear_sum_assignment(distances)].max()


def torch_pictures():
    import torch

    return [torch.from_numpy(picture.transpose(2, 0, 1) / 255) for picture in X]


def test_detections_and_what_leads_to_them(peer, network):
    """Each stage is given what torchvision's had before it: a rounding may change which of two equal boxes is kept."""
    import torch

    model, _ = network
    backbone, head = model.get_layer("backbone")(X), model.get_layer("head_boxes")
    outputs = model(X)
    peer.eval()
    with torch.no_grad():
        images, _ = peer.transform(torch_pictures())
        maps = peer.backbone(images.tensors)
        objectness, _ = peer.rpn.head(list(maps.values()))
        anchors = peer.rpn.anchor_generator(images, list(maps.values()))
        theirs, _ = peer.rpn(images, maps)
        pooled = peer.roi_heads.box_roi_pool(maps, theirs, images.image_sizes)
        logits, deltas = (one.numpy() for one in peer.roi_heads.box_predictor(peer.roi_heads.box_head(pooled)))
        answers = peer(torch_pictures())
    for name, values in zip(model.get_layer("backbone").output, maps.values(), strict=True):
        assert relative_error(backbone[name], values.numpy().transpose(0, 2, 3, 1)) < 1e-4, name
    np.testing.assert_array_equal(model.get_layer("proposals").anchors, anchors[0].numpy())
    flat = np.concatenate([one.numpy().transpose(0, 2, 3, 1).reshape(2, -1) for one in objectness], axis=1)
    assert relative_error(outputs["objectness"], flat) < 1e-4
    assert np.ptp(flat) > 1
    levels = {name: backbone[name] for name in list(backbone)[:-1]}
    first = 0
    for picture, boxes in enumerate(theirs):
        count = len(boxes)
        assert 50 < count < 1000
        proposals = outputs["proposals"][picture].numpy()
        assert not (proposals[count:] != -1).any()
        assert farthest(proposals[:count], boxes.numpy()) < 2e-2
        own = {name: values[picture : picture + 1] for name, values in levels.items()}
        found = head({**own, "boxes": tf.constant(boxes.numpy()[None])})
        given = logits[None, first : first + count], deltas.reshape(len(deltas), -1, 4)[None, first : first + count]
        for name, values in zip(("class_logits", "box_deltas"), given, strict=True):
            assert relative_error(found[name][0], values[0]) < 1e-4, name
        first += count
        expected, mine = answers[picture], detections(boxes.numpy()[None], *given, SIZE)
        assert len(expected["scores"]) > 20 and len(set(expected["labels"].tolist())) > 1
        there = np.flatnonzero(mine["labels"][0].numpy() >= 0)
        for name, shift in (("boxes", 0), ("scores", 0), ("labels", 1)):
            found = mine[name][0].numpy()[there] + shift
            np.testing.assert_allclose(found, expected[name].numpy(), rtol=1e-5, atol=1e-4)


def test_losses_and_gradients(peer, network):
    import torch

    model, names = network
    targets = [
        {"boxes": torch.from_numpy(boxes[labels >= 0]), "labels": torch.from_numpy(labels[labels >= 0] + 1)}
        for boxes, labels in zip(BOXES, LABELS, strict=True)
    ]
    peer.train()
    for module in peer.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()
    peer.zero_grad()
    expected = peer(torch_pictures(), targets)
    sum(expected.values()).backward()
    backbone, rpn, proposals, head = (model.get_layer(name) for name in ("backbone", "rpn", "proposals", "head_boxes"))

    def last_ones_first(count):  # as torchvision samples with the order of `peer`
        return tf.tile(tf.linspace(0.0, 1.0, count)[None], (2, 1))

    with tf.GradientTape() as tape:
        maps = backbone(X)
        found = rpn(maps)
        boxes = proposals(found["objectness"], found["deltas"], training=True)
        draws = last_ones_first(len(proposals.anchors))
        losses = rpn_losses(found["objectness"], found["deltas"], proposals.anchors, BOXES, draws)
        chosen = sampled(boxes, BOXES, LABELS, last_ones_first(boxes.shape[1] + BOXES.shape[1]))
        answers = head({**{name: maps[name] for name in list(maps)[:-1]}, "boxes": chosen.boxes})
        losses |= head_losses(answers["class_logits"], answers["box_deltas"], chosen)
        total = sum(losses.values())
    assert int(tf.reduce_sum(tf.cast(chosen.classes > 0, "int32"))) > 3
    for theirs, name in NAMES.items():
        assert float(losses[name]) == pytest.approx(expected[theirs].item(), rel=1e-4), name
        assert float(losses[name]) > 1e-3
    tensors = dict(peer.named_parameters())
    gradients = tape.gradient(total, [variable.value for variable in model.trainable_weights])
    for variable, gradient in zip(model.trainable_weights, gradients, strict=True):
        theirs = ours(tensors[names[variable.path]].grad, variable.path)
        scale = np.linalg.norm(theirs)
        assert scale > 0, variable.path
        difference = np.linalg.norm(tf.convert_to_tensor(gradient) - theirs)  # where a ReLU is at 0, single ones differ
        assert difference < 2e-3 * scale, variable.path
