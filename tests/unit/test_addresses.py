"""Which addresses webhooks may go to."""

from __future__ import annotations

import pytest

from core.webhooks.addresses import is_allowed_address, parse_networks

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "168.63.129.16",
    "100.64.0.1",
    "0.0.0.0",
    "192.0.0.8",
    "192.88.99.1",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::7f00:1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "2002:a00:1::",
    "2001:0:a00:1::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "3fff::1",
    "5f00::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_nothing_private_is_allowed(address: str) -> None:
    """Loopback, private, link-local, metadata, tunnel, benchmark and multicast ranges are refused."""
    assert not is_allowed_address(address, ())


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111"])
def test_public_addresses_are_allowed(address: str) -> None:
    """An ordinary server can be called."""
    assert is_allowed_address(address, ())


def test_a_deployment_may_allow_its_own_networks() -> None:
    """What the setting names is allowed, in either spelling, and nothing beside it."""
    allowed = parse_networks("127.0.0.0/8, ::1/128")

    assert is_allowed_address("127.0.0.1", allowed)
    assert is_allowed_address("::1", allowed)
    assert is_allowed_address("::ffff:127.0.0.1", allowed)
    assert not is_allowed_address("10.0.0.1", allowed)


def test_a_bad_network_is_named() -> None:
    """A typing error in the setting is an error, not an open door."""
    with pytest.raises(ValueError, match=r"10\.0\.0/8"):
        parse_networks("10.0.0/8")
