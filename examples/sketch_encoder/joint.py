"""Add dimensions to both towers, in which their product corrects the similarity.

Embeddings stay unit vectors and their product stays the similarity, so that users of the encoder
need to know nothing of this (Bachrach et al. 2014 fold offsets into vectors the same way):

    picture' = (√(1 − A²) · picture,  a,  a · h,  roles,  what is missing to A,  0)
    text' = (√(1 − B²) · text,  d₁,  d₂,  q,  0,  what is missing to B)

``h`` in 0...1 says how much a picture looks drawn by hand. ``a · d₁`` is always added to a text's
similarity, and ``a · d₂`` where ``h`` is 1; negative ones lower it (both of centring.py). ``roles``
and ``q`` are those of roles.py.
"""

# mypy: disable-error-code="no-any-return, misc"
# Torch and ONNX have no types: their classes and what they return are Any.

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from . import centring, roles
from .network import SketchNet
from .roles import Array, Linear

ANCHOR = 0.25  # `a` above
MOST = 0.2  # of `d₁` and of `d₂`
SMALL_ROLES = 0.15  # length that pictures of one thing have, which is taken off
PICTURE_ROLES = 0.8  # what the rest of their length is multiplied by
MOST_PICTURE_ROLES = 0.3  # their length's limit
MOST_TEXT_ROLES = 0.35
KEPT_ROLES = 0.5  # of a caption's; with all of them, single things are confused a little more
PICTURE_EXTRA = (2 * ANCHOR**2 + MOST_PICTURE_ROLES**2) ** 0.5  # `A`
TEXT_EXTRA = (2 * MOST**2 + MOST_TEXT_ROLES**2) ** 0.5  # `B`
# What similarities are multiplied by. What is added to them must be multiplied by it too.
SHRINK = ((1 - PICTURE_EXTRA**2) * (1 - TEXT_EXTRA**2)) ** 0.5
OUTPUT, PLAIN = "embedding", "embedding_plain"
ROW = {"axes": [1], "keepdims": 1}


@dataclass(frozen=True, slots=True)
class Added:
    """What the additional dimensions are computed from.

    ``by_hand``: see :func:`centring.fit_by_hand`.
    """

    bank: centring.Bank
    by_hand: Linear
    roles: roles.Roles

    @property
    def dims(self) -> int:
        """How many dimensions are added."""
        return 2 + self.roles.text.weight.shape[1] + 2


def halves(maps: Tensor) -> Tensor:
    """Return the upper half of maps (N, C, h, w) less their lower half, (N, C)."""
    middle = maps.shape[2] // 2
    return maps[:, :, :middle].mean((2, 3)) - maps[:, :, -middle:].mean((2, 3))


class Pictures(nn.Module):
    """The picture tower as it ships: uint8 RGB (N, S, S, 3) to unit-norm (N, D + added)."""

    def __init__(self, net: SketchNet, added: Added) -> None:
        super().__init__()
        self.net = net
        self.by_hand = _layer(added.by_hand)
        self.roles = _layer(added.roles.picture)

    def forward(self, image: Tensor) -> Tensor:
        """Embed frames."""
        maps = self.net.features(image.permute(0, 3, 1, 2).float())
        plain = self.net.heads(maps)[0]
        by_hand = ANCHOR * torch.sigmoid(self.by_hand(plain))
        always = torch.full_like(by_hand, ANCHOR) + 0 * by_hand  # NaN where the embedding is
        found = self.roles(halves(maps))
        length = found.pow(2).sum(1, keepdim=True).sqrt()
        wanted = (PICTURE_ROLES * (length - SMALL_ROLES)).clamp(0, MOST_PICTURE_ROLES)
        found = found * wanted / length.clamp(min=1e-6)
        squares = always**2 + by_hand**2 + found.pow(2).sum(1, keepdim=True)
        missing = (PICTURE_EXTRA**2 - squares).clamp(min=0).sqrt()
        plain = (1 - PICTURE_EXTRA**2) ** 0.5 * plain
        return torch.cat([plain, always, by_hand, found, missing, 0 * missing], 1)


def add_to_texts(model: onnx.ModelProto, added: Added) -> onnx.ModelProto:
    """Make a text tower's graph (N, D) fit such a picture tower: (N, D + added).

    Args:
        model: Its output is `embedding`; changed in place.
        added: The bank and the names are stored as int8.
    """
    _rename_output(model, added)
    bank = added.bank
    constants = {
        "nearest": np.array([min(centring.NEAREST, len(bank.drawings))]),
        "usual_pull": np.float32(bank.pull), "usual_margin": np.float32(bank.margin),
        "best_names": bank.best.astype(np.float32),
        "always_share": np.float32(SHRINK * centring.SHARE / ANCHOR),
        "by_hand_share": np.float32(SHRINK / ANCHOR),
        "advantage": np.float32(SHRINK * centring.ADVANTAGE / ANCHOR),
        "most_raised": np.float32(SHRINK * centring.MOST_RAISED / ANCHOR),
        "familiar": np.float32(centring.FAMILIAR), "width": np.float32(centring.FAMILIAR_WIDTH),
        "most": np.float32(MOST), "least": np.float32(-MOST),
        "one": np.float32(1), "minus_one": np.float32(-1), "nothing": np.float32(0),
        "most_roles": np.float32(MOST_TEXT_ROLES),
        "kept_roles": np.float32(KEPT_ROLES * MOST_TEXT_ROLES),
        "extra_squared": np.float32(TEXT_EXTRA**2),
        "rest": np.float32((1 - TEXT_EXTRA**2) ** 0.5),
        "gate_weight": added.roles.gate.weight, "gate_bias": added.roles.gate.bias,
        "roles_weight": added.roles.text.weight, "roles_bias": added.roles.text.bias,
        **_coded("bank", bank.drawings), **_coded("names", bank.names),
    }  # fmt: skip
    model.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()
    )
    model.graph.node.extend(
        helper.make_node(
            kind, inputs, [output, f"{output}_places"][: 1 + (kind == "TopK")], **attributes
        )
        for kind, inputs, output, attributes in (
            ("DequantizeLinear", ["bank_int8", "bank_scale"], "bank", {}),
            ("MatMul", [PLAIN, "bank"], "bank_cosines", {}),
            ("TopK", ["bank_cosines", "nearest"], "top_cosines", {}),
            ("ReduceMean", ["top_cosines"], "pull", ROW),
            ("Sub", ["usual_pull", "pull"], "pull_less", {}),
            ("Mul", ["pull_less", "always_share"], "always_free", {}),
            ("Clip", ["always_free", "least", "most"], "always", {}),
            ("DequantizeLinear", ["names_int8", "names_scale"], "names", {}),
            ("MatMul", [PLAIN, "names"], "name_cosines", {}),
            ("ReduceMax", ["name_cosines"], "best_cosine", ROW),
            ("Sub", ["best_cosine", "familiar"], "above_familiar", {}),
            ("Div", ["above_familiar", "width"], "familiar_odds", {}),
            ("Sigmoid", ["familiar_odds"], "familiarity", {}),
            ("Mul", ["familiarity", "advantage"], "from_names", {}),
            ("Sub", ["bank_cosines", "best_names"], "margins", {}),
            ("TopK", ["margins", "nearest"], "top_margins", {}),
            ("ReduceMean", ["top_margins"], "margin", ROW),
            ("Sub", ["usual_margin", "margin"], "margin_less", {}),
            ("Sub", ["one", "familiarity"], "strangeness", {}),
            ("Mul", ["margin_less", "strangeness"], "strange_margin", {}),
            ("Mul", ["strange_margin", "by_hand_share"], "from_margin", {}),
            ("Sub", ["from_margin", "from_names"], "by_hand_free", {}),
            ("Clip", ["by_hand_free", "least", "most_raised"], "by_hand", {}),
            ("MatMul", [PLAIN, "gate_weight"], "gate_product", {}),
            ("Add", ["gate_product", "gate_bias"], "gate_free", {}),
            ("Clip", ["gate_free", "minus_one", "one"], "gate", {}),
            ("MatMul", [PLAIN, "roles_weight"], "roles_product", {}),
            ("Add", ["roles_product", "roles_bias"], "roles_whole", {}),
            ("Mul", ["roles_whole", "gate"], "roles_free", {}),
            ("ReduceL2", ["roles_free"], "roles_length", ROW),
            ("Max", ["roles_length", "most_roles"], "roles_divisor", {}),
            ("Div", ["kept_roles", "roles_divisor"], "roles_factor", {}),
            ("Mul", ["roles_free", "roles_factor"], "roles", {}),
            ("Concat", ["always", "by_hand", "roles"], "additions", {"axis": 1}),
            ("ReduceSumSquare", ["additions"], "additions_squared", ROW),
            ("Sub", ["extra_squared", "additions_squared"], "missing_squared", {}),
            ("Max", ["missing_squared", "nothing"], "missing_positive", {}),
            ("Sqrt", ["missing_positive"], "missing", {}),
            ("Sub", ["missing", "missing"], "zero", {}),  # a column of the batch's length
            ("Mul", [PLAIN, "rest"], "scaled", {}),
            ("Concat", ["scaled", "additions", "zero", "missing"], OUTPUT, {"axis": 1}),
        )
    )
    onnx.checker.check_model(model)
    return model


def _layer(linear: Linear) -> nn.Linear:
    layer = nn.Linear(*linear.weight.shape)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(linear.weight.T))
        layer.bias.copy_(torch.from_numpy(linear.bias))
    return layer


def _coded(name: str, rows: Array) -> dict[str, object]:
    """Store rows (N, D) as int8 columns."""
    scale = np.float32(np.abs(rows).max() / 127)
    return {f"{name}_int8": np.round(rows.T / scale).astype(np.int8), f"{name}_scale": scale}


def _rename_output(model: onnx.ModelProto, added: Added) -> None:
    (node,) = (node for node in model.graph.node if OUTPUT in node.output)
    node.output[list(node.output).index(OUTPUT)] = PLAIN
    (output,) = model.graph.output
    output.type.tensor_type.shape.dim[1].dim_value = added.bank.names.shape[1] + added.dims
