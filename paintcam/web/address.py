"""Which port is free, and at which address phones reach this computer."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from paintcam.errors import PaintcamError, UsageError

__all__ = ["Address", "ServeError", "best_address", "lan_addresses", "listen"]

_PORTS_TRIED = 20
_BACKLOG = 2048
# VPNs, containers, virtual machines: phones reach none of them.
_NOT_FOR_PHONES = re.compile(
    r"lo\d*$|docker|br-|veth|virbr|vmnet|vboxnet|vnic|tun|tap|utun|wg|ppp|ipsec|tailscale|zt|"
    r"ham|cni|flannel|cali|kube|podman|lxc|lxd|nordlynx|proton|mullvad|awdl|llw|anpi|gif|stf|"
    r"vethernet|vmware|virtualbox|hyper-v|loopback|npcap|openvpn|wireguard|bluetooth|wsl",
    re.IGNORECASE,
)
_WIRELESS = re.compile(r"wl|wi-?fi|wireless|ap\d|bridge100|drahtlos|wlan|en0$", re.IGNORECASE)
_CARRIER_GRADE = ipaddress.ip_network("100.64.0.0/10")  # Tailscale and other VPNs


class ServeError(PaintcamError):
    """The website cannot be served."""


@dataclass(frozen=True, slots=True)
class Address:
    """An IPv4 address of this computer.

    Attributes:
        interface: Name of the network interface.
        address: Dotted.
    """

    interface: str
    address: str


def listen(host: str, port: int) -> socket.socket:
    """Listen on a port, or on the next one that is free.

    Args:
        host: Address to bind; "" for all interfaces.
        port: The first one to try; 0 for any.

    Returns:
        A listening socket that child processes may inherit.

    Raises:
        UsageError: This computer has no such address.
        ServeError: Twenty ports in a row are taken.
    """
    ports = [0] if port == 0 else range(port, min(port + _PORTS_TRIED, 65_536))
    for candidate in ports:
        try:
            host.encode("idna")  # a socket that cannot read its address is never closed
            listening = socket.create_server(
                (host or "0.0.0.0", candidate),
                family=socket.AF_INET6 if ":" in host else socket.AF_INET,
                backlog=_BACKLOG,
            )
        except (OSError, ValueError, TypeError) as error:
            if getattr(error, "errno", 0) in (errno.EADDRINUSE, errno.EACCES):
                continue
            raise UsageError(
                f"Cannot listen on {host} ({getattr(error, 'strerror', 'not a valid name')}).",
                fix="Pass an address of this computer, or `--lan` for all of them.",
            ) from None
        listening.set_inheritable(True)
        return listening
    raise ServeError(
        f"The ports {ports[0]} to {ports[-1]} are taken or not allowed.",
        fix="Pass another one, such as `--port 9000`.",
    )


def lan_addresses() -> list[Address]:
    """List the addresses that phones on the same network may reach, the best first."""
    import psutil

    stats = psutil.net_if_stats()
    up = {
        name: [each.address for each in found if each.family == socket.AF_INET]
        for name, found in psutil.net_if_addrs().items()
        if name not in stats or stats[name].isup
    }
    return _ranked(up, _default_route())


def best_address(addresses: Sequence[Address]) -> str | None:
    """Return the address to print in the QR code; None if this computer has no network."""
    return addresses[0].address if addresses else None


def _ranked(interfaces: Mapping[str, Sequence[str]], default: str | None) -> list[Address]:
    """Order addresses: Wi-Fi first, then the way to the internet, private before public."""
    rated: list[tuple[int, Address]] = []
    for name, found in interfaces.items():
        for text in found:
            address = ipaddress.ip_address(text)
            virtual = bool(_NOT_FOR_PHONES.match(name)) or bool(
                re.search(r"virtual|vethernet|wsl|vpn", name, re.IGNORECASE)
            )
            if virtual or address.is_loopback or address in _CARRIER_GRADE:
                continue
            rating = 4 * bool(_WIRELESS.match(name)) + 2 * (text == default)
            rating += address.is_private - 8 * address.is_link_local
            rated.append((-rating, Address(name, text)))
    return [address for _, address in sorted(rated, key=lambda each: each[0])]


def _default_route() -> str | None:
    """Return the address from which packets to the internet would leave; sends nothing."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # an address reserved for documentation
        return str(probe.getsockname()[0])
    return None
