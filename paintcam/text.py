"""Text from outside, made safe to store, compare and print.

Prompts, names, paths, addresses and answers of servers come from strangers. A terminal interprets
the control characters in them, and an address may hold a password.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

__all__ = ["clean_text", "hide_secrets", "json_text", "printable", "prompt_key", "shown_address"]

# Overrides and isolates reverse the rest of a terminal's line; a right-to-left name needs none of
# them. Joiners (emoji, Persian) and the plain marks LRM and RLM stay.
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_SPACES = re.compile(r"\s+")

_SCHEME = re.compile(r"\s*([a-z][a-z0-9+.-]+)\s*:/+", re.IGNORECASE)
_SCHEME_ALONE = re.compile(
    r"\s*(?:rtsps?|https?|rtmps?|srt|udp|tcp|rtp|mms|ftp|postgres\w*|mysql|mariadb)[+\w]*:", re.I
)
_USER_AND_PASSWORD = re.compile(r"(?![a-z]:[\\/])[^\s:@/\\]*:.*\S@(?:\S|$)", re.IGNORECASE)
_IP_OR_PORT = re.compile(
    r"(?:[^\s/\\@]+@)?(?:(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9a-z:.%_-]+\]|localhost)(?::\w+)?"
    r"|[\w.-]{2,}:[0-9]{2,5})(?:[/?#;]|$)",
    re.IGNORECASE,
)
# A domain with a path, a user, a query: a file has a suffix at the end, and an address has none.
_NO_FILE = re.compile(
    r"(?=\S+$)(?!.*\.[a-z]\w{0,4}$)"
    r"(?:\w[\w-]*(?:\.[\w-]+)+(?::\w+)?/|[^/\\@]+@|[^/\\]{2,}[?#;&])",
    re.IGNORECASE,
)
_SECRET_FIELD = re.compile(r"[/?&;](?:user(?:name)?|pass\w*|pwd|token|secret|key|auth)=", re.I)
_HOST = re.compile(
    r"(?P<host>\[[0-9a-z:.%_-]+\]|[^\s/?#;:&=,\[\]\\@]+)(?::(?P<port>[0-9]{1,5}))?(?=[/?#;,]|$)",
    re.I,
)
_EMBEDDED = re.compile(r"([a-z][a-z0-9+.-]*):/{1,2}(?!/?USER:PASSWORD@)[^\s'\"`<>]+", re.IGNORECASE)
_WITHOUT_SCHEME = re.compile(r"(?<![\w/])[^\s'\"`<>:@/]+:(?!/)[^\s'\"`<>@]+@[\w.\[\]-][^\s'\"`<>]*")


def printable(text: str) -> str:
    """Make any text one line that a terminal shows and never interprets.

    Args:
        text: Anything, also with escape sequences, line breaks or half characters in it.

    Returns:
        The text with control characters as spaces, without bidirectional overrides, and with "�"
        for lone surrogates. Runs of spaces stay: columns keep their width.
    """
    shown = _CONTROL.sub(" ", text)
    shown = _BIDI.sub("", shown)
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", shown)


def json_text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write JSON in one line that a terminal shows and never interprets.

    Letters of all scripts stay readable. C1 controls, bidirectional overrides and surrogates are
    escaped, so that a JSON reader gets the text as it was.
    """
    text = json.dumps(value, ensure_ascii=False)
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def clean_text(text: str) -> str:
    """Make any text one printable line, and the same text the same string.

    Args:
        text: Anything that a person or a file supplied.

    Returns:
        One line in Unicode's normal form C without control characters (PostgreSQL refuses NUL),
        with single spaces and none outside; empty if nothing printable was in it.
    """
    return _SPACES.sub(" ", printable(unicodedata.normalize("NFC", text))).strip()


def prompt_key(prompt: str) -> str:
    """Return the key by which two prompts are the same prompt.

    Both encoders put a prompt in lower case before they read it, so case does not count.

    Args:
        prompt: A prompt as typed.

    Returns:
        The cleaned prompt, case folded.
    """
    return clean_text(prompt).casefold()


def shown_address(text: str) -> str:
    """Reduce an address to the part that is safe to show: scheme, host and port.

    Cameras take passwords in every part of an address (`rtsp://u:p@host`, `rtsp:/u:p@host`,
    `u:p@host`, `/user=u&password=p`, `;token=…`, `/u/SECRET/ch1`), so nothing else is kept.

    Args:
        text: An address, a device or a path, as typed.

    Returns:
        "scheme://host:port", or "host:port" if no scheme was typed. "scheme://…" if the host
        cannot be told apart from the password. A path or device without any address in it is
        returned as it is.
    """
    scheme = _SCHEME.match(text)
    alone = None if scheme else _SCHEME_ALONE.match(text)
    kinds = (_USER_AND_PASSWORD.match, _SECRET_FIELD.search, _IP_OR_PORT.match, _NO_FILE.match)
    bare = re.sub(r"^\s*//(?!/)", "", text).strip()
    if not (scheme or alone or any(kind(bare) for kind in kinds)):
        return text
    if scheme and scheme.group(1).lower() == "file":
        return text
    prefix = f"{scheme.group(1)}://" if scheme else ""
    start = scheme or alone
    rest = text[start.end() if start else 0 :].strip().lstrip("/\\")
    return printable(prefix + (_host(rest) or "…"))


def hide_secrets(text: str) -> str:
    """Shorten every address with a secret inside a message to scheme, host and port.

    Args:
        text: A message, for example of a library that quotes what it could not open.
    """
    text = _EMBEDDED.sub(_shown_if_secret, text)
    return _WITHOUT_SCHEME.sub(lambda found: shown_address(found.group()), text)


def _shown_if_secret(found: re.Match[str]) -> str:
    address = found.group()
    # a camera may have its password in any part of the path
    camera = _SCHEME_ALONE.match(address) and not address.lower().startswith("http")
    return shown_address(address) if camera or re.search("[@=?]", address) else address


def _host(rest: str) -> str:
    """Return host and port of an address without scheme; "" if they may hold a password."""
    authority = re.split(r"[/?#;]", rest, maxsplit=1)[0]
    host = _at_start(authority)
    if "@" not in rest or ("@" not in authority and (":" not in authority or _is_named(host))):
        return host  # an @ further on belongs to the path
    last = _at_start(rest.rpartition("@")[2])
    if "@" in authority:
        return last if _is_named(last) or rest.count("@") == authority.count("@") else ""
    # "u:p/w@host": the password holds the slash; "u:80/w@host" may be either
    return last if host == "" and rest.count("@") == 1 else ""


def _at_start(text: str) -> str:
    found = _HOST.match(text)
    return "" if found is None else found.group()


def _is_named(host: str) -> bool:
    """Return whether a text is certainly a host: an IP address, a domain, or with a port."""
    name = host.rpartition(":")[0] if re.search(r":[0-9]+$", host) else host
    return bool(name) and ("." in name or name.startswith("[") or name == "localhost")
