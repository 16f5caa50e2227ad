"""QR codes: for the projector as SVG, for the terminal as text."""

from __future__ import annotations

import io

__all__ = ["svg", "terminal", "wifi_text"]


def svg(text: str) -> bytes:
    """Return a QR code as an SVG picture that scales to any size."""
    import segno

    out = io.BytesIO()
    code = segno.make(text, error="m", micro=False)
    code.save(out, kind="svg", border=2, dark="#000", light="#fff", omitsize=True, xmldecl=False)
    return out.getvalue()


def terminal(text: str) -> str:
    """Return a QR code in half blocks, for a terminal of at least 40 columns."""
    import segno

    out = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(out, border=2, compact=True)
    return out.getvalue()


def wifi_text(name: str, password: str) -> str:
    """Return the text of a QR code that makes a phone join a Wi-Fi network."""
    from segno.helpers import make_wifi_data

    return str(make_wifi_data(name, password or None, "WPA" if password else None))
