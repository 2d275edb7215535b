"""A network backend that connects only to allowed addresses, one after another, and that stops at a deadline."""

from __future__ import annotations

import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LookupTimeout
from itertools import chain, zip_longest
from typing import Any

import httpcore2

from core.errors import DarkroomError
from core.webhooks.addresses import IPNetwork, find_host_error, is_allowed_address

#: Addresses of one name that are tried: of a name with a hundred, each would get too little time to answer.
MOST_TRIED = 4


class AddressRefused(DarkroomError):
    """The host's name leads to an address that may not be sent to."""


class VettedBackend(httpcore2.NetworkBackend):
    """The network of one call. Looks the name up once, checks every address that it has, and connects to one of the checked
    addresses: a name whose address changes between the check and the connection gains nothing.

    An address that refuses, does not answer or fails TLS is followed by the next one: httpcore connects again, as often as
    it is told to (`retries`), and each time the addresses that are left are tried. What is left of the time is shared by the
    addresses that are left and the answer, so a black hole costs the others no more than its share.
    """

    def __init__(self, *, deadline: float, allowed_networks: Sequence[IPNetwork]) -> None:
        """`deadline` is on the monotonic clock; nothing that this network does continues after it."""
        self._deadline = deadline
        self._allowed_networks = allowed_networks
        self._sockets = httpcore2.SyncBackend()
        self._untried: deque[str] | None = None
        self._error: Exception = httpcore2.ConnectError("the name has no address")

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  (the deadline rules)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        if self._untried is None:
            self._untried = deque()
            self._untried.extend(self._find_addresses(host, port))
        while self._untried:
            address = self._untried.popleft()
            patience = self._patience(len(self._untried))
            connected_by = time.monotonic() + patience
            try:
                stream = self._sockets.connect_tcp(address, port, patience, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                self._note(error)
            else:
                return _DeadlineStream(stream, self._deadline, tls_deadline=connected_by, note=self._note)
        raise self._error

    def sleep(self, seconds: float) -> None:
        """The next address is tried at once."""

    def _find_addresses(self, host: str, port: int) -> list[str]:
        if find_host_error(host, self._allowed_networks) is not None:
            raise AddressRefused
        addresses = self._look_up(host, port)
        if not all(is_allowed_address(address, self._allowed_networks) for address in addresses):
            raise AddressRefused
        return _alternate(addresses)[:MOST_TRIED]

    def _look_up(self, host: str, port: int) -> list[str]:
        # The resolver has no time limit of its own, so when ours is reached it is left in its thread.
        resolver = ThreadPoolExecutor(1, thread_name_prefix="resolver")
        try:
            found = resolver.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM).result(
                _remaining(self._deadline)
            )
        except LookupTimeout:
            self._note(httpcore2.ConnectTimeout(f"looking up {host} took too long"))
            return []
        except (OSError, UnicodeError) as error:
            self._note(httpcore2.ConnectError(f"looking up {host} failed: {error}"))
            return []
        finally:
            resolver.shutdown(wait=False)
        return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))

    def _patience(self, others: int) -> float:
        """Seconds for one address, TLS included, if so many others are left: an equal share, with one for the answer."""
        remaining = _remaining(self._deadline)
        return remaining / (others + 2) if others else remaining

    def _note(self, error: Exception) -> None:
        self._error = error


class _DeadlineStream(httpcore2.NetworkStream):
    """Every read and write gets the time that is left: a receiver that sends its answer byte by byte cannot extend it."""

    def __init__(
        self,
        stream: httpcore2.NetworkStream,
        deadline: float,
        *,
        tls_deadline: float,
        note: Callable[[Exception], None],
    ) -> None:
        self._stream = stream
        self._deadline = deadline
        self._tls_deadline = tls_deadline
        self._note = note

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002  (the deadline rules)
        return self._stream.read(max_bytes, _remaining(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002  (the deadline rules)
        self._stream.write(buffer, _remaining(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002  (the deadline rules)
    ) -> httpcore2.NetworkStream:
        try:
            stream = self._stream.start_tls(ssl_context, server_hostname, _remaining(self._tls_deadline))
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
            self._note(error)
            raise
        return _DeadlineStream(stream, self._deadline, tls_deadline=self._tls_deadline, note=self._note)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _alternate(addresses: Sequence[str]) -> list[str]:
    """The families in turn, beginning with the resolver's choice: if one family leads nowhere, the other is tried soon."""
    first = ":" in addresses[0] if addresses else False
    same = [address for address in addresses if (":" in address) == first]
    other = [address for address in addresses if (":" in address) != first]
    return [address for address in chain.from_iterable(zip_longest(same, other)) if address is not None]


def _remaining(deadline: float) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise httpcore2.ConnectTimeout("the time is over")
    return remaining
