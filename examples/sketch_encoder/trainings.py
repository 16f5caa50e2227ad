"""The six trainings in a row, and the network that ships."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from . import recover, train
from .network import SketchNet, blend, fold_norms
from .recipes import (
    Recipe,
    last_recipe,
    memory_recipe,
    people_recipe,
    upper_recipe,
    wide_recipe,
)

FIRST, UPPER = "icons", "upper"  # the first two trainings
RECOVER_BATCHES = 12
BLEND = 0.5  # share of the second training in what the third one starts from
SHIPPED = 0.8  # share of the last training in what ships


@dataclass(slots=True)
class Trainings:
    """The chain of trainings over one work folder; each resumes from its checkpoint."""

    work: Path
    packages: Path
    icons: Recipe = field(default_factory=Recipe)
    upper: Recipe = field(default_factory=upper_recipe)
    people: Recipe = field(default_factory=people_recipe)
    memory: Recipe = field(default_factory=memory_recipe)
    wide: Recipe = field(default_factory=wide_recipe)
    last: Recipe = field(default_factory=last_recipe)
    start: Path | None = None  # an exported encoder to start from instead of the first training

    @property
    def later(self) -> dict[str, Recipe]:
        """The trainings after the second, in order; each starts from the one before."""
        recipes = {
            "people": self.people, "memory": self.memory, "wide": self.wide, "last": self.last,
        }  # fmt: skip
        return dict(takewhile(lambda named: named[1].steps, recipes.items()))

    def train_icons(self) -> None:
        """Train the picture tower on icons and clip art, all but its first blocks."""
        if self.start is None:
            train.run(self.work, self.packages, self.icons, FIRST)

    def train_upper(self) -> None:
        """Train the last block and the head with people's drawings in the mix."""
        first = None if self._begun(UPPER) else self._first_net()
        train.run(self.work, self.packages, self.upper, UPPER, first)

    def train_people(self) -> None:
        """Train the tower with people's drawings, from a blend of the first two networks."""
        before = ""
        for name, recipe in self.later.items():
            first = None
            if not self._begun(name):
                first = train.load_average(self.work, before, False) if before else self._blend()
            train.run(self.work, self.packages, recipe, name, first)
            before = name

    def shipped_net(self) -> SketchNet:
        """Return the network that ships, its norms folded.

        It is the mean of the first and the last network, which keeps what the last one forgot of
        icons (Wortsman et al. 2022, WiSE-FT). Without the later trainings, it is the mean of the
        first two.
        """
        net = self._first_net() if self.later else self._blend()
        fold_norms(net.backbone)
        if self.later:
            net = blend(net, train.load_average(self.work, [*self.later][-1]), SHIPPED)
        net.eval()
        return net

    def _begun(self, name: str) -> bool:
        return (self.work / f"{name}.pt").exists()

    def _first_net(self) -> SketchNet:
        """Return what the second training starts from: the first network, or `start`."""
        if self.start is None:
            return train.load_average(self.work, FIRST, fold=False)
        steps, _ = train.open_steps(self.work, self.packages, self.people)
        first = self.people.steps  # batches at full size that are not trained on
        return recover.recover(self.start, (steps[first + k] for k in range(RECOVER_BATCHES)))

    def _blend(self) -> SketchNet:
        """Return the mean of the first network and of the one that met people's drawings."""
        return blend(self._first_net(), train.load_average(self.work, UPPER, fold=False), BLEND)
