"""The settings of the six trainings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .dataset import Mix
from .losses import Weights


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings of a training; saved with every checkpoint."""

    steps: int = 6000
    size: int = 128
    sizes: tuple[tuple[float, int], ...] = ((0.65, 96),)  # (share of the steps, size until then)
    seed: int = 0
    easy: float = 0.35  # share of the steps in which samples go from clean pictures to the hardest
    frozen_blocks: int = 4
    head_rate: float = 2e-3
    body_rate: float = 2.5e-3
    layer_decay: float = 0.85
    bank: int = 2048
    average: float = 0.999
    warm_up: int = 150
    head_start: int = 80  # batches that the head is solved from, unless a trained network is given
    kept: int = 0  # batches that all steps share, see kept.py; 0 to make new ones at every step
    spared: float = 0.0  # nats that other captions count less where a person drew, see spare()
    mix: Mix = field(default_factory=Mix)
    weights: Weights = field(default_factory=Weights)

    @property
    def uses_people(self) -> bool:
        """Whether batches show drawings by real people."""
        return bool(self.mix.people or self.mix.mates or self.mix.people_stages)

    def hardness_at(self, step: int) -> float:
        """Return how hard the samples of a step are: 0 clean pictures, 1 anything."""
        return min(1.0, max(0, step) / (self.easy * self.steps)) if self.easy * self.steps else 1.0

    def size_at(self, step: int) -> int:
        """Return the side of the frames at a step: small ones first, for speed."""
        done = max(0, step) / self.steps if self.steps else 1.0
        return next((side for until, side in self.sizes if done < until), self.size)


# What all trainings after the first share: samples are at their hardest from the first step on.
WITH_PEOPLE = Recipe(
    easy=0.0, head_start=0, weights=Weights(to_pictures=0.5, teacher=0.0, mates=0.5)
)


def upper_recipe(steps: int = 600, kept: int = 153) -> Recipe:
    """Return the recipe of the second training: the last block and the head meet people's drawings.

    Everything below is frozen, so that a step takes a tenth of the time.
    """
    mix = Mix(
        singles=24, pairs=4, stages=3, scenes=10, neutral=8,
        people=36, mates=6, people_stages=6, people_scenes=12,
    )  # fmt: skip
    return replace(
        WITH_PEOPLE,
        steps=steps,
        sizes=(),
        frozen_blocks=15,
        head_rate=1.5e-3,
        body_rate=1.5e-3,
        average=0.995,
        warm_up=50,
        kept=kept,
        mix=mix,
    )


def people_recipe(steps: int = 2400) -> Recipe:
    """Return the recipe of the third training: the whole network with people's drawings.

    Its rates are lower than in the first training, two more blocks are frozen, and samples are at
    their hardest from the first step on. Batches are half as large, for more and smaller steps.
    """
    mix = Mix(
        singles=12, pairs=3, stages=2, scenes=6, neutral=3,
        people=16, mates=3, people_stages=2, people_scenes=6,
    )  # fmt: skip
    return replace(
        WITH_PEOPLE,
        steps=steps,
        sizes=((0.7, 96),),
        frozen_blocks=6,
        head_rate=4e-4,
        body_rate=2.5e-4,
        average=0.998,
        warm_up=50,
        mix=mix,
    )


def memory_recipe(steps: int = 3300) -> Recipe:
    """Return the recipe of the fourth training: as the third, with icons drawn from memory.

    As many icons as people's drawings are drawn as people draw. Without them, all that looks drawn
    by hand moves to the categories of people's drawings, and away from every other prompt.
    """
    mix = Mix(
        singles=12, pairs=3, stages=2, scenes=6, neutral=3,
        people=12, mates=3, people_stages=2, people_scenes=4, memory=18,
    )  # fmt: skip
    return replace(people_recipe(steps), seed=1, mix=mix)


def wide_recipe(steps: int = 3100) -> Recipe:
    """Return the recipe of the fifth training: all but the first blocks, with wide batches.

    Of the 300 samples of a batch, 90 are icons that are drawn from memory. Captions of other things
    than people drew are weaker negatives of people's drawings.
    """
    mix = Mix(
        singles=48, pairs=10, stages=12, scenes=24, neutral=12,
        people=36, mates=10, people_stages=6, people_scenes=14, memory=90,
    )  # fmt: skip
    return replace(
        WITH_PEOPLE,
        steps=steps,
        seed=3,
        head_rate=2e-3,
        body_rate=2e-3,
        average=0.998,
        warm_up=100,
        spared=3.0,
        mix=mix,
    )


def last_recipe(steps: int = 1500) -> Recipe:
    """Return the recipe of the sixth training: the fifth once more, with lower rates."""
    return replace(wide_recipe(steps), seed=5, head_rate=1.2e-3, body_rate=1.2e-3)
