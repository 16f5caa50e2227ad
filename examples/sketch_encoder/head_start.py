"""Solve the head's first weights in closed form, so that training starts from a working encoder.

The pooled features are strongly correlated. A head that is trained on them by gradient steps has
barely moved after hundreds of steps, while least squares over a few thousand samples works at once.
The features are therefore whitened by a layer that learns slowly, and the
linear layer after it starts as ridge regression to the captions' embeddings.
"""

# mypy: disable-error-code="no-any-return"
# Torch has no types: what it returns is Any.

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from .network import WHITE, SketchNet
from .teacher import to_pixels

# Embeddings are normed, so their length is free: this one makes weights large against a step.
GAIN = 30.0
RIDGE = 0.05  # added to the variance of every direction; LayerNorm makes features' variance about 1


def solve_head(net: SketchNet, batches: Iterable[dict[str, Tensor]], texts: Tensor) -> None:
    """Set ``net.whiten`` and ``net.direct`` from batches; the deep layer starts at zero.

    Args:
        net: With a trained backbone.
        batches: Training batches, see :class:`dataset.Batch`; several thousand samples in total.
        texts: (T, 384) embeddings of the captions that the batches refer to.
    """
    pooled, targets = [], []
    with torch.no_grad():
        for batch in batches:
            pixels = to_pixels(batch["images"]).to(texts.device)
            pooled.append(net.pool(net.features(pixels)))
            targets.append(texts[batch["captions"].to(texts.device)])
    solve_from(net, torch.cat(pooled), torch.cat(targets))


def solve_from(net: SketchNet, pooled: Tensor, targets: Tensor) -> None:
    """Set ``net.whiten`` and ``net.direct``; the deep layer starts at zero.

    Args:
        net: Whose head to set.
        pooled: (N, 2560) features.
        targets: (N, 384) embeddings of their captions.
    """
    with torch.no_grad():
        x_mean, y_mean = pooled.mean(0), targets.mean(0)
        x, y = pooled - x_mean, targets - y_mean
        variances, directions = torch.linalg.eigh((x.T @ x / len(x)).double())
        variances, directions = variances[-WHITE:], directions[:, -WHITE:]
        matrix = (directions / torch.sqrt(variances + RIDGE)).float()
        net.whiten.weight.copy_(matrix.T)
        net.whiten.bias.copy_(-(x_mean @ matrix))
        net.direct.weight.copy_(GAIN * ((x @ matrix).T @ y / len(x)).T)
        net.direct.bias.zero_()  # the mean caption would make everything alike
        net.deep[2].weight.zero_()
        net.deep[2].bias.zero_()
