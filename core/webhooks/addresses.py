"""Which network addresses a webhook may go to. Pure functions."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Ranges that `is_global` lets through (some only in older Pythons) although nothing public is behind them: tunnels
#: that end in private networks, benchmarks, documentation, cloud metadata. Union of the lists of smokescreen and Svix.
_REFUSED_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "168.63.129.16/32",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/96",
        "::ffff:0:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
        "ff00::/8",
    )
)

#: Labels of letters, digits, hyphens and underscores, 63 at most in each, as DNS has them.
_HOST_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*", re.ASCII)

#: A host whose last label is a number is an address to every client, and to many not the one that it looks like.
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*", re.ASCII)

#: Names that public DNS never has (RFC 6761, RFC 6762, RFC 8375, ICANN's .internal), and those that networks at home and at
#: work use in their place.
_PRIVATE_ZONES = (
    *(".local", ".localdomain", ".internal", ".intranet", ".private", ".corp", ".home", ".lan"),
    ".home.arpa",
)

_LOOPBACK = ("127.0.0.1", "::1")


def parse_networks(text: str) -> tuple[IPNetwork, ...]:
    """Networks from a comma-separated setting such as `127.0.0.0/8,::1/128`. Raises ValueError naming a bad one."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def is_allowed_address(address: str, allowed: Iterable[IPNetwork]) -> bool:
    """Whether a webhook may be sent to a resolved address: a public one, or one of the deployment's own choice."""
    ip = _unwrap(ipaddress.ip_address(address.partition("%")[0]))
    if any(ip in network for network in allowed):
        return True
    return ip.is_global and not any(ip in network for network in _REFUSED_NETWORKS)


def find_url_error(url: str, *, allow_http: bool, allowed: Iterable[IPNetwork]) -> str | None:
    """What is wrong with the text of a webhook URL, or None. No name is looked up."""
    if not url.isascii() or not url.isprintable() or " " in url:
        return "must be printable ASCII without blanks (write other names in punycode)"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"is not a URL: {error}"
    if parts.scheme not in ({"https", "http"} if allow_http else {"https"}):
        return "must start with https://" + (" or http://" if allow_http else "")
    if not parts.hostname:
        return "has no host"
    if parts.username is not None or parts.password is not None:
        return "must not hold a user name or password"
    if parts.fragment:
        return "must not hold a fragment"
    if port == 0:
        return "has an impossible port"
    if "[" in parts.netloc and ":" not in parts.hostname:
        return "has an impossible address"
    return find_host_error(parts.hostname, allowed)


def find_host_error(host: str, allowed: Iterable[IPNetwork]) -> str | None:
    """What is wrong with a host, before any name is looked up, or None: an address that `is_allowed_address` refuses, however
    it is spelled, no address at all, or a name that only a private network has while the deployment allows none.
    """
    name = host.lower().removesuffix(".")
    networks = tuple(allowed)
    if ":" in name or _NUMBER.fullmatch(name.rpartition(".")[2]):
        address = _read_address(name)
        if address is None:
            return "has an impossible address"
        return None if is_allowed_address(address, networks) else "is not a public address"
    if not _HOST_NAME.fullmatch(name):
        return "has an impossible host name"
    if name == "localhost" or name.endswith(".localhost"):
        is_allowed = any(is_allowed_address(address, networks) for address in _LOOPBACK)
    else:
        is_allowed = bool(networks) or ("." in name and not name.endswith(_PRIVATE_ZONES))
    return None if is_allowed else "is not a public name"


def _unwrap(ip: IPAddress) -> IPAddress:
    return ip.ipv4_mapped or ip if isinstance(ip, ipaddress.IPv6Address) else ip


def _read_address(host: str) -> str | None:
    # The C library reads 0x7f.1 and 2130706433 as 127.0.0.1 too, so it is asked, without a look-up. What it adds to an IPv6
    # address behind a percent sign is a network interface of this machine, which no customer can mean.
    try:
        found = socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return None
    return None if "%" in host else str(found[0][4][0])
