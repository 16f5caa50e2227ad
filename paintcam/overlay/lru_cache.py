"""A cache that keeps what was used last, up to a total weight."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["Recent"]

_V = TypeVar("_V")


class Recent(Generic[_V]):
    """The values used last, as many as fit the limit."""

    def __init__(self, limit: int, weight: Callable[[_V], int]) -> None:
        """Take the limit, and a function that returns the weight of a value."""
        self._limit = limit
        self._weight = weight
        self._values: OrderedDict[Hashable, _V] = OrderedDict()
        self._total = 0

    def get(self, key: Hashable, make: Callable[[], _V]) -> _V:
        """Return the value of a key, or make and keep it."""
        if key in self._values:
            self._values.move_to_end(key)
            return self._values[key]
        value = self._values[key] = make()
        self._total += self._weight(value)
        while self._total > self._limit and len(self._values) > 1:
            _, old = self._values.popitem(last=False)
            self._total -= self._weight(old)
        return value
