"""A number and its noun."""

__all__ = ["counted"]


def counted(count: float, noun: str) -> str:
    """Return a number with its noun, whose plural ends in s: "1 frame", "1,204 frames"."""
    number = f"{count:,}" if isinstance(count, int) else f"{count:g}"
    return f"{number} {noun}" if count == 1 else f"{number} {noun}s"
