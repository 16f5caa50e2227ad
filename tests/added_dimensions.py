"""What the bundled encoder's towers add to their embeddings, where a test needs none of it."""

from __future__ import annotations

import numpy as np

from examples.sketch_encoder.centring import Bank
from examples.sketch_encoder.joint import Added
from examples.sketch_encoder.network import DIM, FEATURES
from examples.sketch_encoder.roles import Linear, Roles


def nothing_added(roles: int = 4) -> Added:
    """Dimensions that correct nothing: every picture is printed, and no text has roles."""

    def zero(inputs: int, outputs: int, bias: float = 0.0) -> Linear:
        return Linear(np.zeros((inputs, outputs), np.float32), np.full(outputs, bias, np.float32))

    some = np.eye(1, DIM, dtype=np.float32)
    none = Roles(zero(FEATURES, roles), zero(DIM, roles), zero(DIM, 1))
    return Added(Bank(some, some), zero(DIM, 1, bias=-50), none)
