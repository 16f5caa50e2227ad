"""The command line: parse, wire, print. Nothing heavy is imported before a command runs."""

TYPE_CHECKING = False  # as in `paintcam`: this is imported before signals are watched
if TYPE_CHECKING:
    from typing import Any

    from paintcam.cli.commands import app

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line. Signals are watched before anything else is imported."""
    # `signal` imports `enum` and more, and Ctrl-C during an import would be a traceback
    import _signal  # type: ignore[import-not-found]

    early: list[int] = []
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK"):
        number = getattr(_signal, name, None)
        # `nohup` asks that a closed terminal changes nothing
        if number and (name != "SIGHUP" or _signal.getsignal(number) != _signal.SIG_IGN):
            _signal.signal(number, lambda received, _frame: early.append(received))
    from paintcam.cli.signals import EXIT_CODE, check_stop, install

    install(early)
    try:
        from paintcam.cli.commands import run_app

        check_stop()
    except KeyboardInterrupt:
        raise SystemExit(EXIT_CODE) from None
    run_app()


def __getattr__(name: str) -> "Any":  # noqa: ANN401 - the Typer application
    if name == "app":
        from paintcam.cli.commands import app

        return app
    raise AttributeError(f"module 'paintcam.cli' has no attribute {name!r}")
