"""Addresses as they may be shown: scheme, host and port, and nothing that could be a password.

Cameras, databases and servers take passwords in every part of an address (`rtsp://u:p@host`,
`u:p@host`, `/user=u&password=p`, `;token=…`, `/u/SECRET/ch1`). So no secret is looked for: what is
certainly scheme, host and port, or a path of this machine, is shown, and the rest is left out.
"""

from __future__ import annotations

import bisect
import os
import re
from collections.abc import Iterable
from urllib.parse import unquote

from paintcam.text.clean import printable

__all__ = ["hide_secrets", "is_address", "shown_address"]

LEFT_OUT = "…"

_SCHEMES = (
    r"(?:rtsp[su]?|rtmp[a-z]{0,2}|https?|srt|udp|tcp|tls|rtp|srtp|mms[ht]?|ftps?|sftp|smb|wss?"
    r"|postgres(?:ql)?|mysql|mariadb|mssql|oracle|socks[45]h?)(?:\+\w+)?"
)
_KNOWN_SCHEME = re.compile(rf"({_SCHEMES}):[/\\]{{0,2}}", re.I)
_OTHER_SCHEME = re.compile(r"([a-z][a-z0-9+-]+):[/\\]{1,2}", re.I)
_OF_A_FILE = re.compile(
    r"file:(?://(?:localhost)?(?=/)|(?![/\\]{2}))|sqlite(?:\+\w+)?:/{0,3}", re.I
)

_IP = r"(?:\[[0-9a-f]*:[0-9a-f:.]*(?:%\w{1,20})?\]|[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w.]))"
_DOMAIN = rf"(?:{_IP}|localhost|[\w-]+(?:\.[\w-]+)*\.[^\W\d_][\w-]*)"
_HOST = re.compile(rf"({_DOMAIN}|[\w-]+(?:\.[\w-]+)*)(?::([0-9]{{0,5}}))?", re.I)
_IP_OR_PORT = re.compile(rf"{_IP}|[^/\\?#;,&]+:[0-9]", re.I)
_CERTAIN_HOST = re.compile(rf"{_DOMAIN}|.+:[0-9]+", re.I)
_PATH = re.compile(r"[/\\?#;,&]")

_LOCAL = re.compile(r"[/~\\]|[a-z]:[\\/]", re.I)
_NAMES = re.compile(r"[a-z]:[\\/]+|[/\\]+|[^/\\]+", re.I)
_PLAIN_NAME = re.compile(
    r"(?:[^\W_]|[ _.,()'!+~-]|(?<!\w)[0-9]{1,2}:[0-9]{2}(?!\w)|(?<= )[#&](?=[ 0-9]))+(?=[?#;&]|$)"
)

# In a message: what is in quotes, or else what stands between spaces.
_QUOTE_OR_WORD = re.compile(r"(?<!\w)(?P<quote>['\"`])|\S+")
_CLOSING = re.compile(r"['\"`](?![\w@])")
_WORD = re.compile(r"\S+")
_BEFORE = re.compile(r"[\s('\"`<{]*")
_AFTER = re.compile(r"[.,:;!)}>'\"`\s]*")  # of the text read backwards
_OWN = re.compile(r"[a-z+]*:?(?://)?(?:USER:PASSWORD@HOST|HOST:PORT|NAME:PASSWORD)|clip:\w")
_START = re.compile(
    rf"(?<![a-z0-9+-])(?:(?:{_SCHEMES}|file|sqlite):(?=\S)|[a-z][a-z0-9+-]+:[/\\]{{2}})", re.I
)
_WITHOUT_SCHEME = re.compile(
    r"(?=.*\S(?:@|%40))(?=.*[:;?#/\\]|.*%3a)|//[^\s/]|(?![a-z]:[\\/])/?[^\s/\\:]*:\S*[/\\?#;&]|\S+@$"
    rf"|/?{_DOMAIN}[/?#;]\S",
    re.I,
)
_USER, _PART = re.compile(r"\S(?:@|%40)\S"), re.compile(r"[:;?#/\\]")
_FIELD = re.compile(r"(?<!\w)(\w+)=")
_SECRET_NAME = re.compile(
    r"(?:^|[^a-z0-9])(?:pass\w*|pwd|secret|auth)$|(?:token|key|signature|credential)$", re.I
)
_VALUE = re.compile(r"[^\s'\"`]+")


def shown_address(text: str) -> str:
    """Reduce an address or a path to what is safe to show.

    Args:
        text: An address, a device or a path, as typed.

    Returns:
        Of an address "scheme://host:port", or "host:port" if no scheme was typed, with "…" for a
        host that cannot be told apart from a password. A path that exists is returned as it is,
        and any other as far as it exists, with the first name that does not, and "…" for the rest.
    """
    return printable(_shown(text.strip()))


def hide_secrets(message: str, typed: Iterable[str] = ()) -> str:
    """Shorten every address inside a message to scheme, host and port.

    Args:
        message: For example of a library that quotes what it could not open.
        typed: What the user typed. Each of these is shortened as a whole wherever it is quoted:
            in a sentence nothing shows that a password with a space in it goes on.
    """
    for text in sorted(set(typed), key=len, reverse=True):
        shown = shown_address(text)
        for quoted in (printable(text), repr(text)[1:-1]) if shown != text.strip() else ():
            message = message.replace(quoted, shown)
    return _without_fields(_without_addresses(message))


def is_address(text: str) -> bool:
    """Return whether a text is an address, and not a file's name or a sentence."""
    text = text.strip()
    return bool(_START.match(text) or (_USER.search(text) and _PART.search(text)))


def _shown(text: str) -> str:
    if known := _KNOWN_SCHEME.match(text):
        # "rtsp:" without a slash may as well be a user
        prefix = f"{known.group(1)}://" if known.group()[-1] in "/\\" else ""
        return prefix + (_host(text[known.end() :]) or LEFT_OUT)
    if file := _OF_A_FILE.match(text):
        return file.group() + _shown_path(unquote(text[file.end() :]))
    if text.startswith(("//", "\\\\")):  # another machine: looking there could take long
        return _host(text[2:]) or LEFT_OUT
    if other := _OTHER_SCHEME.match(text):
        # "cam:/SECRET" may be a host, an empty port and a path
        rest = text[other.end() :]
        host = _host(rest) if "@" in rest or _IP_OR_PORT.match(rest) else ""
        return f"{other.group(1)}://{host or LEFT_OUT}"
    if not _LOCAL.match(text) and not _exists(_NAMES.findall(text)[:1]):
        host = _host(text)
        if "@" in text or _CERTAIN_HOST.fullmatch(host):
            return host or LEFT_OUT
    return _shown_path(text)


def _without_addresses(message: str) -> str:
    closing: dict[str, list[int]] = {}
    for end in _CLOSING.finditer(message):
        closing.setdefault(end.group(), []).append(end.start())
    parts: list[str] = []
    at = 0
    while found := _QUOTE_OR_WORD.search(message, at):
        parts.append(message[at : found.start()])
        start, at = found.span()
        if quote := found["quote"]:
            # Looked up: searching for it from each quote would take the square of the length.
            ends = closing.get(quote, [])
            index = bisect.bisect_left(ends, start + 2)
            if index < len(ends):
                at = ends[index] + 1
                parts.append(_hidden(message[start + 1 : at - 1], quote))
                continue
            word = _WORD.match(message, start)
            assert word is not None  # it begins with the quote
            at = word.end()
        parts.append(_hidden(message[start:at], ""))
    return "".join(parts) + message[at:]


def _hidden(text: str, quote: str) -> str:
    leading = _BEFORE.match(text)
    assert leading is not None  # both fit any text
    trailing = _AFTER.match(text[leading.end() :][::-1])
    assert trailing is not None
    before, after = leading.group(), trailing.group()[::-1]
    address = text[len(before) : len(text) - len(after)]
    if scheme := _START.search(address):
        start = 0 if "@" in address[: scheme.start()] else scheme.start()
        before, address = before + address[:start], address[start:]
    elif not _WITHOUT_SCHEME.match(address):
        address = ""
    if not address or _OWN.match(address) or (quote and " " in before.strip()):
        return f"{quote}{_without_addresses(text)}{quote}" if quote else text
    return quote + before + shown_address(address) + after + quote


def _without_fields(message: str) -> str:
    parts: list[str] = []
    at = 0
    for name in _FIELD.finditer(message):
        if name.start() >= at and _SECRET_NAME.search(name.group(1)):
            value = _VALUE.match(message, name.end())
            if value:
                parts += message[at : name.end()], LEFT_OUT
                at = value.end()
    return "".join(parts) + message[at:]


def _host(rest: str) -> str:
    """Return host and port of an address without its scheme; "" if they are not certain."""
    rest = rest.strip()
    authority = _PATH.split(rest, maxsplit=1)[0]
    if authority.startswith("@"):
        return ""
    if "@" in rest[len(authority) :] and not re.fullmatch(rf"{_DOMAIN}(?::[0-9]+)?", authority):
        return ""  # the path has an @, or the password has a slash
    host = _HOST.fullmatch(authority.rpartition("@")[2])
    if host is None or int(host.group(2) or 0) > 65535:
        return ""
    return printable(host.group().rstrip(":"))


def _shown_path(path: str) -> str:
    """Return a path as far as it exists, and the first name that does not."""
    names = _NAMES.findall(path)
    for count, name in enumerate(names):
        if name[-1] not in "/\\" and not _exists(names[: count + 1]):
            plain = _PLAIN_NAME.match(name)
            shown = "".join(names[:count]) + (plain.group() if plain else "")
            rest = path[len(shown) :]
            separator = rest[0] if plain and rest[:1] in ("/", "\\") else ""
            return shown + separator + (LEFT_OUT if rest else "")
    return path


def _exists(names: list[str]) -> bool:
    try:
        return os.path.lexists(os.path.expanduser("".join(names)))  # noqa: PTH111 - `Path` raises
    except (OSError, ValueError):  # too long, or a NUL
        return False
