"""A name with several addresses: those that lead nowhere cost a share of the time, and not the delivery."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Callable

import pytest
import trustme

from core.webhooks.addresses import parse_networks
from core.webhooks.record_attempt import AttemptOutcome
from tests.faults.receivers import say, stay_mute
from tests.http.receivers import Receivers
from worker.webhooks import post as post_module
from worker.webhooks.post import post

LOOPBACK = parse_networks("127.0.0.0/8,::1/128")

#: The first address, which leads nowhere; the one that answers; and others.
FIRST, GOOD, OTHERS = "127.0.0.2", "127.0.0.9", ("127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6", "127.0.0.7")

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


def send(url: str, *, seconds: float = 6) -> AttemptOutcome:
    return post(url, b"{}", {"webhook-id": "evt_1"}, timeout_seconds=seconds, allowed_networks=LOOPBACK)


@pytest.mark.parametrize("dead", [1, 2, 3])
def test_after_black_holes_the_next_address_is_tried(receivers: Receivers, dead: int) -> None:
    """F57: of addresses that drop every packet each takes its share, and the last one is reached in time."""
    addresses = (FIRST, *OTHERS)[:dead]
    for address in addresses:
        receivers.black_hole(address)
    receivers.serve(GOOD, say(OK))

    outcome = send(receivers.name_leads_to(*addresses, GOOD))

    assert outcome.status_code == 204, outcome.error


def test_a_black_hole_alone_is_left_at_the_deadline(receivers: Receivers) -> None:
    """One address gets all of the time, and no more."""
    receivers.black_hole(FIRST)
    started = time.monotonic()

    outcome = send(receivers.name_leads_to(FIRST), seconds=1)

    assert (outcome.status_code, outcome.failure) == (None, "no_answer_in_time")
    assert 0.9 < time.monotonic() - started < 5


def test_addresses_that_refuse_are_passed_at_once(receivers: Receivers) -> None:
    """F57: nobody listens at the first ones."""
    receivers.serve(GOOD, say(OK))

    assert send(receivers.name_leads_to(FIRST, *OTHERS[:2], GOOD)).status_code == 204


def test_the_other_family_is_tried_soon(receivers: Receivers) -> None:
    """Of a name with many IPv6 addresses that lead nowhere, an IPv4 one is among the few that are tried."""
    receivers.serve("127.0.0.1", say(OK))

    url = receivers.name_leads_to("::1", *(f"::ffff:127.0.0.{number}" for number in range(2, 9)), "127.0.0.1")

    assert send(url).status_code == 204


def test_only_some_of_very_many_addresses_are_tried(receivers: Receivers) -> None:
    """Each of four has a share that is worth something; the rest is tried by no one."""
    receivers.serve(GOOD, say(OK))

    outcome = send(receivers.name_leads_to(FIRST, *OTHERS, GOOD))

    assert (outcome.status_code, outcome.failure) == (None, "ConnectError")


@pytest.mark.parametrize("addresses", [(), (FIRST,), (FIRST, *OTHERS)])
def test_a_name_is_looked_up_once(receivers: Receivers, addresses: tuple[str, ...]) -> None:
    """Whether it has no address, one or many, none of which answers; the record says why."""
    outcome = send(receivers.name_leads_to(*addresses))

    assert (outcome.status_code, outcome.failure) == (None, "ConnectError")
    assert outcome.error is not None
    assert ("refused" if addresses else "looking up") in outcome.error
    assert receivers.look_ups == 1


@pytest.mark.parametrize("forbidden", ["10.0.0.1", "169.254.169.254", "192.0.2.1", "fd00::1"])
@pytest.mark.parametrize("position", [0, 1, 5])
def test_a_forbidden_address_anywhere_refuses_the_name(receivers: Receivers, forbidden: str, position: int) -> None:
    """Every address is checked before the first one is called, those beyond the few that are tried included."""
    receivers.serve(GOOD, say(OK))
    addresses = [GOOD, *OTHERS]
    addresses.insert(position, forbidden)

    outcome = send(receivers.name_leads_to(*addresses))

    assert (outcome.status_code, outcome.failure) == (None, "AddressRefused")


def test_a_request_that_was_sent_is_not_sent_to_the_next_address(receivers: Receivers) -> None:
    """An address that took the request and hung up has had it: sending it twice is the schedule's business."""
    taken: list[bytes] = []

    def take(connection: socket.socket) -> None:
        taken.append(connection.recv(65_536))

    receivers.serve(FIRST, take)
    receivers.serve(GOOD, take)

    outcome = send(receivers.name_leads_to(FIRST, GOOD))

    assert outcome.status_code is None
    assert len(taken) == 1


def certify(name: str, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A receiver's certificate for the name, by an authority that the sender trusts."""
    authority = trustme.CA()
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert(name).configure_cert(theirs)
    authority.configure_trust(ours)
    monkeypatch.setattr(post_module, "_tls", lambda: ours)
    return theirs


def hang_up(connection: socket.socket) -> None:
    """Reset the connection in the middle of TLS."""
    connection.recv(10)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def no_certificate(connection: socket.socket) -> None:
    """TLS as far as the certificate, of which there is none."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).wrap_socket(connection, server_side=True)


@pytest.mark.parametrize("broken", [hang_up, no_certificate, stay_mute, say(b"HTTP/1.1 400 No\r\n\r\n")])
@pytest.mark.parametrize("dot", ["", "."])
def test_after_broken_tls_the_next_address_is_tried(
    receivers: Receivers,
    broken: Callable[[socket.socket], None],
    dot: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """F57: an address where TLS resets, fails, hangs or is not spoken is passed; a name's last dot is not the certificate's."""
    context = certify(Receivers.NAME, monkeypatch)

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            request = b""
            while not request.endswith(b"\r\n\r\n{}"):
                request += wrapped.recv(65_536)
            wrapped.sendall(OK)

    receivers.serve(FIRST, broken)
    receivers.serve(GOOD, answer)

    url = receivers.name_leads_to(FIRST, GOOD).replace("http://", "https://").replace(".test", f".test{dot}")
    outcome = send(url)

    assert outcome.status_code == 204, outcome.error


def test_a_certificate_of_another_name_is_refused_everywhere(
    receivers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trying the next address does not lower what is asked of it, and the record says what was wrong."""
    context = certify("other.test", monkeypatch)
    heard: list[bytes] = []

    def listen(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            heard.append(wrapped.recv(65_536))

    receivers.serve(FIRST, listen)
    receivers.serve(GOOD, listen)

    outcome = send(receivers.name_leads_to(FIRST, GOOD).replace("http://", "https://"))

    assert outcome.status_code is None
    assert outcome.error is not None
    assert "CERTIFICATE_VERIFY_FAILED" in outcome.error
    assert not any(heard)
