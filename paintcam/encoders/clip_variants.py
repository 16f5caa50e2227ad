"""The variants of CLIP: those that Roboflow serves, and those that are made from them here."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "DEFAULT_VARIANT",
    "FILES",
    "INT8",
    "INT8_VARIANTS",
    "VARIANTS",
    "ClipWeights",
    "exact_variant",
    "pull_command",
]

DEFAULT_VARIANT = "ViT-B-16"
FILES = ("visual.onnx", "textual.onnx")
INT8 = "-int8"


@dataclass(frozen=True, slots=True)
class ClipWeights:
    """A variant of CLIP that Roboflow serves.

    Attributes:
        megabytes: Approximate download size: four bytes per parameter.
        image_size: Edge of the square input picture, pixels.
    """

    megabytes: int
    image_size: int


# Parameters and input sizes: https://github.com/openai/CLIP, model cards of January 2022.
VARIANTS = {
    "RN50": ClipWeights(410, 224),
    "RN101": ClipWeights(480, 224),
    "RN50x4": ClipWeights(710, 288),
    "RN50x16": ClipWeights(1160, 384),
    "RN50x64": ClipWeights(2490, 448),
    "ViT-B-16": ClipWeights(600, 224),
    "ViT-B-32": ClipWeights(610, 224),
    "ViT-L-14": ClipWeights(1710, 224),
    "ViT-L-14-336px": ClipWeights(1710, 336),
}


# Convolutions stay exact, so quantising a ResNet would gain nothing.
INT8_VARIANTS = tuple(f"{name}{INT8}" for name in VARIANTS if name.startswith("ViT"))
"""Made on this machine from the exact weights: see `paintcam.encoders.int8`."""


def exact_variant(variant: str) -> str:
    """Return the variant that an int8 variant is made from; other variants are exact themselves."""
    return variant.removesuffix(INT8)


def pull_command(variant: str) -> str:
    """Return the command that downloads a variant, for messages."""
    return f"paintcam models pull clip:{variant}"
