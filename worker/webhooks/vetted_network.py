"""A network backend that connects only to allowed addresses, and that stops at a deadline."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LookupTimeout
from contextlib import suppress
from typing import Any

import httpcore2

from core.errors import DarkroomError
from core.webhooks.addresses import IPNetwork, find_host_error, is_allowed_address


class AddressRefused(DarkroomError):
    """The host's name leads to an address that webhooks may not be sent to."""


class VettedBackend(httpcore2.NetworkBackend):
    """Looks a name up once, checks every address that it has, and connects to one of the checked addresses: a name whose
    address changes between the check and the connection gains nothing.
    """

    def __init__(self, *, deadline: float, allowed_networks: Sequence[IPNetwork]) -> None:
        """`deadline` is on the monotonic clock; nothing that this network does continues after it."""
        self._deadline = deadline
        self._allowed_networks = allowed_networks
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  (the deadline rules)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        if find_host_error(host, self._allowed_networks) is not None:
            raise AddressRefused
        addresses = self._look_up(host, port)
        if not all(is_allowed_address(address, self._allowed_networks) for address in addresses):
            raise AddressRefused
        for address in addresses[:-1]:
            with suppress(httpcore2.ConnectError):
                return self._connect(address, port, local_address, socket_options)
        return self._connect(addresses[-1], port, local_address, socket_options)

    def _connect(
        self, address: str, port: int, local_address: str | None, socket_options: Iterable[Any] | None
    ) -> httpcore2.NetworkStream:
        stream = self._sockets.connect_tcp(address, port, _remaining(self._deadline), local_address, socket_options)
        return _DeadlineStream(stream, self._deadline)

    def _look_up(self, host: str, port: int) -> list[str]:
        # The resolver has no time limit of its own, so when ours is reached it is left in its thread.
        resolver = ThreadPoolExecutor(1, thread_name_prefix="resolver")
        try:
            found = resolver.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM).result(
                _remaining(self._deadline)
            )
        except LookupTimeout as error:
            raise httpcore2.ConnectTimeout(f"looking up {host} took too long") from error
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"looking up {host} failed: {error}") from error
        finally:
            resolver.shutdown(wait=False)
        return [str(sockaddr[0]) for *_, sockaddr in found]


class _DeadlineStream(httpcore2.NetworkStream):
    """Every read and write gets the time that is left: a receiver that sends its answer byte by byte cannot extend it."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

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
        return _DeadlineStream(
            self._stream.start_tls(ssl_context, server_hostname, _remaining(self._deadline)), self._deadline
        )

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _remaining(deadline: float) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise httpcore2.ReadTimeout("the deadline is over")
    return remaining
