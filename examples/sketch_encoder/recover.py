"""Bring an exported encoder back to a network that can be trained on.

The export has its norms folded into the convolutions and its weights rounded to int8. The norms are
taken out again with the statistics of a few batches, so that the network computes the same in
evaluation and has norms to train with. Lost are the rounding (a cosine of 0.9999) and ImageNet's
classifier, which is not exported.
"""

# mypy: disable-error-code="no-any-return"
# Torch has no types: what it returns is Any.

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from .network import DIM, NORMS, SketchNet, fold_norms
from .teacher import imagenet_net, to_pixels

PREFIX = "net."
LEARNED_SCALE = 56.0  # what the inverse temperature grows to; it is not exported


def recover(folder: Path, batches: Iterable[dict[str, Tensor]]) -> SketchNet:
    """Read an exported encoder.

    Args:
        folder: With ``visual.onnx``, ``text.onnx`` and ``encoder.json``.
        batches: A few training batches, for the norms' statistics.

    Raises:
        ValueError: The export lacks weights that the network has.
    """
    weights = read_weights(folder / "visual.onnx")
    net = imagenet_net()
    folded = imagenet_net()
    fold_norms(folded.backbone)
    mine = folded.state_dict()
    # Equal tensors are stored once: both last layers start with the same bias and keep it.
    weights.setdefault("deep.2.bias", weights["direct.bias"])
    older = not any(name.startswith("places.") for name in weights)  # from before version 3
    lost = ("classifier.", "class_names", "to_texts.", "log_scale", "places." if older else " ")
    lacking = [name for name in mine if name not in weights and not name.startswith(lost)]
    if lacking:
        raise ValueError(f"{folder}/visual.onnx lacks {', '.join(sorted(lacking)[:5])}")
    folded.load_state_dict(mine | {name: weights[name] for name in mine if name in weights})
    net.load_state_dict(
        {name: value for name, value in folded.state_dict().items() if "backbone" not in name},
        strict=False,
    )
    net.to_texts.weight.data.copy_(read_matrix(folder / "text.onnx"))
    net.log_scale.data.fill_(math.log(LEARNED_SCALE))
    unfold(net, folded.eval(), batches)
    return net.eval()


def read_weights(file: Path) -> dict[str, Tensor]:
    """Read the picture tower's weights by the network's names, as float."""
    graph = onnx.load(file).graph
    arrays = _arrays(graph)
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in arrays:  # the export turns and renames it
            arrays[_weight_name(node.name)] = arrays[node.input[1]].T
    return {
        name.removeprefix(PREFIX): torch.from_numpy(array.copy())
        for name, array in arrays.items() if name.startswith(PREFIX)
    }  # fmt: skip


def _weight_name(node: str) -> str:
    """``/places/wide/wide.0/MatMul`` belongs to ``net.places.wide.0.weight``."""
    path = node.strip("/").removeprefix("net/").split("/")[:-1]  # "net/" before version 3.1
    kept = [part for part, below in zip(path, [*path[1:], ""], strict=True)
            if not below.startswith(f"{part}.")]  # fmt: skip
    return PREFIX + ".".join([*kept, "weight"])


def read_matrix(file: Path) -> Tensor:
    """Read the learned matrix behind the text tower: (384, 384) as :attr:`SketchNet.to_texts`."""
    graph = onnx.load(file).graph
    arrays = _arrays(graph)
    products = [node.input[1] for node in graph.node if node.op_type == "MatMul"]
    square = [name for name in products if name in arrays and arrays[name].shape == (DIM, DIM)]
    return torch.from_numpy(arrays[square[-1]].T.copy())


def _arrays(graph: onnx.GraphProto) -> dict[str, NDArray[Any]]:
    """Return a graph's constants and weights by name, and those stored as int8 as float."""
    arrays = {
        node.output[0]: numpy_helper.to_array(node.attribute[0].t)
        for node in graph.node if node.op_type == "Constant" and node.attribute[0].name == "value"
    }  # fmt: skip
    arrays |= {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in arrays:
            coded, scale = arrays[node.input[0]], arrays[node.input[1]]
            axis = next((a.i for a in node.attribute if a.name == "axis"), 0)
            shape = [-1 if scale.ndim and k == axis else 1 for k in range(coded.ndim)]
            arrays[node.output[0]] = coded.astype("float32") * scale.reshape(shape)
    return arrays


def unfold(net: SketchNet, folded: SketchNet, batches: Iterable[dict[str, Tensor]]) -> None:
    """Give ``net`` the convolutions of ``folded``, and norms that change nothing in evaluation."""
    sums: dict[str, Tensor] = {}
    pairs = list(_pairs(net.backbone, folded.backbone))

    def count(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: object, output: Tensor) -> None:
            rows = output.detach().transpose(0, 1).flatten(1)
            part = torch.stack([rows.mean(1), (rows**2).mean(1), torch.ones(len(rows))])
            sums[name] = sums.get(name, torch.zeros_like(part)) + part

        return hook

    hooks = [conv.register_forward_hook(count(str(k))) for k, (_, _, conv) in enumerate(pairs)]
    with torch.no_grad():
        for batch in batches:
            folded.features(to_pixels(batch["images"]))
        for hook in hooks:
            hook.remove()
        for k, (conv, norm, source) in enumerate(pairs):
            mean, square, number = sums[str(k)]
            mean, square = mean / number, square / number
            variance = (square - mean**2).clamp(min=1e-6)
            conv.weight.copy_(source.weight)
            norm.running_var.copy_(variance)
            norm.running_mean.copy_(mean - source.bias)
            norm.weight.copy_(torch.sqrt(variance + norm.eps))
            norm.bias.copy_(mean)


def _pairs(
    module: nn.Module, folded: nn.Module
) -> Iterable[tuple[nn.Conv2d, nn.BatchNorm2d, nn.Conv2d]]:
    """Find every convolution with its norm, and the convolution that both were folded into."""
    children, twins = dict(module.named_children()), dict(folded.named_children())
    for conv, norm in NORMS:
        if isinstance(children.get(norm), nn.BatchNorm2d) and conv in children:
            yield children[conv], children[norm], twins[conv]
    for name, child in children.items():
        yield from _pairs(child, twins[name])
