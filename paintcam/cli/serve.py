"""`paintcam serve`: a hall draws on its phones, and the wall shows it."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from paintcam.cli.options import options_of
from paintcam.cli.output import print_line, say
from paintcam.cli.run_options import RunOptions
from paintcam.cli.serve_report import print_ready
from paintcam.cli.signals import when_stopped
from paintcam.errors import UsageError

if TYPE_CHECKING:
    pass

__all__ = ["serve"]

_MOST = {"--minutes": 7 * 24 * 60.0, "--keep-days": 36_500.0}


class Moderate(str, Enum):
    """What is shown on the stage."""

    AUTO = "auto"
    APPROVE = "approve"
    OFF = "off"


@options_of(RunOptions, only=("model", "score_range", "no_guards", "database"))
def serve(
    options: RunOptions,
    prompt: Annotated[
        list[str] | None,
        typer.Option(
            "--prompt",
            "-p",
            help='What to draw, or "random". Repeat it to open several prompts at once. '
            'Example: --prompt "a house" --prompt random',
            show_default=False,
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            help="Close the prompt after this many minutes. Example: --minutes 5",
            show_default=False,
        ),
    ] = None,
    lan: Annotated[
        bool,
        typer.Option("--lan", help="Let phones on the same network reach the site. Example: --lan"),
    ] = False,
    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on. By default only this computer can connect. Example: "
            "--host 0.0.0.0"
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            help="Port to listen on. If it is taken, the next free one is used. Example: --port 80",
            min=0,
            max=65535,
        ),
    ] = 8000,
    public_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Address that the QR code shows. Example: --public-url http://192.168.1.20:8000",
            show_default=False,
        ),
    ] = None,
    wifi: Annotated[
        str | None,
        typer.Option(
            metavar="NAME:PASSWORD",
            help="Show a QR code on the stage that joins this Wi-Fi network. Example: "
            "--wifi Hall:guest",
            show_default=False,
        ),
    ] = None,
    moderate: Annotated[
        Moderate,
        typer.Option(
            help="auto: show what the picture guard passes. approve: wait for your approval. "
            "off: show everything. Example: --moderate approve"
        ),
    ] = Moderate.AUTO,
    one_board: Annotated[
        bool,
        typer.Option(
            "--one-board", help="Rank drawings together with webcam scores. Example: --one-board"
        ),
    ] = False,
    keep_days: Annotated[
        float | None,
        typer.Option(
            help="Delete drawings older than this many days. Example: --keep-days 30",
            show_default=False,
        ),
    ] = None,
    llm: Annotated[
        bool,
        typer.Option(
            "--llm", help="Let the control page ask a language model for prompts. Example: --llm"
        ),
    ] = False,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="Trust X-Forwarded-For from this proxy (address or network). Example: "
            "--trusted-proxy 10.0.0.1",
            show_default=False,
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Log one line per request. Example: --verbose")
    ] = False,
) -> None:
    """Serve a drawing contest for a hall of phones, with a stage page for the projector.

    Phones open the paint page with the QR code. The stage page shows drawings and ranks as they
    come in. The control page, whose secret link is printed here, is for you alone.
    """
    from paintcam.cli.model_choice import choose_model
    from paintcam.judge.checks import GUARDS
    from paintcam.prompts import PromptGenerator
    from paintcam.web.address import listen
    from paintcam.web.settings import WebSettings
    from paintcam.web.supervisor import Supervisor

    _check(minutes, keep_days, public_url, trusted_proxy or [], options.no_guards)
    offline = PromptGenerator()
    prompts = [next(offline) if text.strip().lower() == "random" else text for text in prompt or []]
    choice = choose_model(options.model, ask=True)
    for note in choice.notes:
        say(note)
    bound = "" if lan or host in ("0.0.0.0", "::") else host
    listening = listen(bound, port)
    number = listening.getsockname()[1]
    if port and number != port:
        say(f"Port {port} is taken. Using port {number}.")
    folder = tempfile.mkdtemp(prefix="paintcam-serve-")
    try:
        settings = WebSettings(
            prompts=tuple(prompts or [next(offline)]),
            secret=secrets.token_urlsafe(16),
            public_url=(public_url or f"http://{_reachable(bound)}:{number}").rstrip("/"),
            state_file=str(Path(folder) / "rounds.json"),
            minutes=minutes,
            model=choice.name,
            score_range=options.score_range,
            guards=tuple(guard for guard in GUARDS if guard not in options.no_guards),
            database=options.database,
            moderation=moderate.value,
            one_board=one_board,
            keep_days=keep_days,
            wifi=_network(wifi),
            trusted_proxies=tuple(trusted_proxy or ()),
            llm=llm,
            verbose=verbose,
        )
        supervisor = Supervisor(
            settings, listening, lambda message: print_ready(settings, bound, number, message), say
        )
        with when_stopped(supervisor.stop):
            supervisor.run()
        print_line("Stopped. Drawings and scores are kept.")
    finally:
        listening.close()
        shutil.rmtree(folder, ignore_errors=True)


def _check(
    minutes: float | None,
    keep_days: float | None,
    public_url: str | None,
    proxies: list[str],
    no_guards: list[str],
) -> None:
    import ipaddress

    from paintcam.judge.checks import check_guards

    for name, value in (("--minutes", minutes), ("--keep-days", keep_days)):
        if value is not None and not 0 < value < float("inf"):
            raise UsageError(f"{name} must be greater than 0 (got {value:g}).")
        if value is not None and value > _MOST[name]:
            raise UsageError(f"{name} must be at most {_MOST[name]:g} (got {value:g}).")
    check_guards(no_guards)
    for proxy in proxies:
        try:
            ipaddress.ip_network(proxy, strict=False)
        except ValueError:
            raise UsageError(
                f'"{proxy}" is not an IP address or network.',
                fix="Pass one such as `--trusted-proxy 10.0.0.1`.",
            ) from None
    if public_url is not None and not _is_public(public_url):
        raise UsageError(
            f'"{public_url}" is not an address that phones can open.',
            fix="Pass scheme, host and port, such as `--public-url http://192.168.1.20:8000`.",
        )


def _is_public(address: str) -> bool:
    """Return whether an address is scheme, host and port, and nothing else: a QR code shows it."""
    try:
        parts = urlsplit(address)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    known = parts.scheme in ("http", "https") and bool(parts.hostname) and has_port
    more = "@" in parts.netloc or parts.path not in ("", "/") or parts.query or parts.fragment
    return known and not more and address.isprintable() and " " not in address


def _network(wifi: str | None) -> tuple[str, str] | None:
    if wifi is None:
        return None
    name, _, password = wifi.partition(":")
    if not name:
        raise UsageError("The Wi-Fi name is empty.", fix="Pass `--wifi NAME:PASSWORD`.")
    return name, password


def _reachable(bound: str) -> str:
    """Return the host for the QR code, which phones can reach."""
    from paintcam.web.address import lan_addresses

    if bound:
        return f"[{bound}]" if ":" in bound else bound
    addresses = lan_addresses()
    return addresses[0].address if addresses else "127.0.0.1"
