"""The losses of the training. B samples, T texts; all embeddings are unit-norm."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

ALIKE = 0.8  # captions nearer than this mean the same and are not negatives of each other
SAME_LABEL = 0.97  # two labels of one list are negatives of each other up to here
FLOOR = -0.03  # where a neutral picture should lie for every object's prompt
NEUTRAL = 2  # of dataset.Batch.kinds
EMOJI, PERSON = 1, 2  # kinds of captions that are labels, see alike


@dataclass(frozen=True, slots=True)
class Weights:
    """Weight of each loss; 0 leaves it out."""

    to_pictures: float = 0.3
    teacher: float = 0.1
    neutral: float = 20.0
    stages: float = 6.0
    pairs: float = 2.0
    mates: float = 0.0


def alike(sentences: Tensor, others: Tensor, kinds: Tensor, other_kinds: Tensor) -> Tensor:
    """Find the captions that mean the same, by their sentence embeddings: bool (B, T).

    Args:
        sentences: (B, D) unit-norm.
        others: (T, D) unit-norm.
        kinds: (B,) whether a caption is one of a list of labels: 0 for none, 1 an emoji's label,
            2 a category of people's drawings. Two labels of one list mean two things.
        other_kinds: (T,) the same of the others.
    """
    listed = (kinds[:, None] == other_kinds) & (other_kinds > 0)
    limit = torch.where(listed, SAME_LABEL, ALIKE)
    return sentences @ others.T > limit


def spare(by_people: Tensor, count: int) -> Tensor:
    """Find where a person's drawing meets a caption of something else: bool (B, T).

    People's drawings show few categories. If every other caption were as strong a negative of them
    as of icons, the network would learn that whatever people draw is one of these categories.

    Args:
        by_people: (T,) whether a caption is of people's drawings; the batch's own come first.
        count: B, pictures in the batch.
    """
    return by_people[:count, None] & ~by_people


def contrast(images: Tensor, own: Tensor, wrong: Tensor, bank: Tensor, same: Tensor,
             spared: Tensor, scale: Tensor, parts: Tensor,
             to_pictures: float) -> Tensor:  # fmt: skip
    """InfoNCE: a picture should find its caption among all captions of the batch and a bank.

    Args:
        images: (B, D) picture embeddings.
        own: (B, D) their captions.
        wrong: (B, W, D) explicit wrong captions; zeros for none.
        bank: (T, D) more captions.
        same: (B, B + T) bool, whether captions mean the same, see :func:`alike`.
        spared: (B, B + T) what is subtracted from the logits of negatives, see :func:`spare`.
        scale: Inverse temperature.
        parts: (B,) how much of the drawing is there; unfinished ones count less.
        to_pictures: Weight of the other direction, captions finding their pictures.

    Source: van den Oord et al. 2018; the bank replaces the large batches of Radford et al. 2021.
    """
    texts = torch.cat([own, bank])
    logits = scale * images @ texts.T - spared
    rows = torch.arange(len(images), device=images.device)
    same[rows, rows] = False
    logits = logits.masked_fill(same, -1e4)
    extra = scale * torch.einsum("bd,bwd->bw", images, wrong)
    extra = extra.masked_fill(wrong.abs().sum(-1) == 0, -1e4)
    found = functional.cross_entropy(torch.cat([logits, extra], 1), rows, reduction="none")
    back = functional.cross_entropy(logits[:, : len(images)].T, rows, reduction="none")
    weight = parts.clamp(min=0.1)
    return ((found + to_pictures * back) * weight).sum() / weight.sum()


def neutral_floor(images: Tensor, own: Tensor, wrong: Tensor, bank: Tensor) -> Tensor:
    """A neutral picture should lie below the floor for any caption but those that are its own.

    The caption that a page of handwriting spells out (``wrong``) is pushed down further.
    """
    strange = own @ bank.T < 0.35  # "blank paper" may be a little like "a newspaper"
    above = functional.relu(images @ bank.T - FLOOR) ** 2
    spelled = functional.relu(torch.einsum("bd,bwd->bw", images, wrong) - FLOOR) ** 2
    return (above * strange).sum() / strange.sum().clamp(min=1) + spelled.mean()


def stage_order(part: Tensor, whole: Tensor, own: Tensor, parts: Tensor) -> Tensor:
    """A part of a drawing should be less similar to the caption than the whole is."""
    s_part, s_whole = (part * own).sum(-1), (whole * own).sum(-1)
    missing = 1 - parts
    order = functional.relu(s_part - s_whole + 0.25 * missing)
    return (order + functional.relu(0.03 + FLOOR - s_part)).mean()


def pair_distance(first: Tensor, second: Tensor) -> Tensor:
    """Two views of one drawing should be embedded alike."""
    return (1 - (first * second).sum(-1)).mean()


def teacher_distance(logits: Tensor, classes: Tensor, probabilities: Tensor) -> Tensor:
    """Keep ImageNet's knowledge: cross-entropy to the untouched classifier's view of the picture.

    Args:
        logits: (B, 1000).
        classes: (B, K) the teacher's most probable classes.
        probabilities: (B, K) theirs.
    """
    log = functional.log_softmax(logits, -1).gather(1, classes)
    return -(probabilities * log).sum(-1).mean()
