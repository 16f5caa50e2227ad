"""What `paintcam serve` prints once visitors can come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paintcam.cli.output import print_as_is, print_line

if TYPE_CHECKING:
    from paintcam.web.settings import WebSettings

__all__ = ["print_ready"]


def print_ready(settings: WebSettings, bound: str, port: int, message: dict[str, Any]) -> None:
    """Print the addresses with their QR codes, and what is unusual about this run."""
    from paintcam.web import qr
    from paintcam.web.address import lan_addresses

    url = settings.public_url
    control = f"{url}/control#{settings.secret}"
    print_as_is(qr.terminal(f"{url}/"))
    for text in message["prompts"]:
        print_line(f"Prompt   {text}")
    print_line(f"Play     {url}/")
    print_line(f"Stage    {url}/stage")
    print_line(f"Control  {control}   (secret: do not share)")
    print_line(f"Help     {url}/help   (if a phone cannot connect)")
    print_line()
    if bound:
        print_line(f"The site listens on {bound} only. Pass --lan so that phones can open it.")
    else:
        addresses = lan_addresses()
        if addresses:
            print_line("Anyone on these networks can open the site:")
        else:
            print_line(
                "This computer is in no network that phones can join. Connect it to Wi-Fi or "
                "start a hotspot, then run this command again."
            )
        for each in addresses:
            print_line(f"  http://{each.address}:{port}/  ({each.interface})")
    if message["moderation"] == "approve" and settings.moderation == "auto":
        print_line(
            "No picture guard is running, so nothing is shown on the stage before you approve it "
            "on the control page. Install one with `pip install 'paintcam[nsfw]'`, or pass "
            "--moderate off."
        )
    print_line("Scan this code with your own phone to open the control page:")
    print_as_is(qr.terminal(control))
    print_line("Press Ctrl-C to stop.")
