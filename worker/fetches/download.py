"""Download a picture from an address that a customer chose: no private networks, not too long, and in time."""

from __future__ import annotations

import hashlib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

import httpcore2

from core.artifacts.decoded_file import SentFile
from core.settings import Settings
from core.webhooks.addresses import find_url_error, parse_networks
from worker.webhooks.post import build_host
from worker.webhooks.vetted_network import MOST_TRIED, AddressRefused, VettedBackend

#: Redirects that are followed, each to an address that is checked as the first one was.
_MOST_REDIRECTS = 3
_REDIRECTS = {301, 302, 303, 307, 308}

#: Answers other than 5xx after which the same address may have a picture a little later.
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}

_HEADERS = {"user-agent": "Darkroom-Fetch/1", "accept": "image/*", "accept-encoding": "identity", "connection": "close"}

#: What the network or a server's answer can raise.
_NO_TIME = (httpcore2.TimeoutException, TimeoutError)
_BROKEN = (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.UnsupportedProtocol, OSError)


class FetchFault(Exception):
    """There is no picture. The message says what came back, and is written to follow the address' field."""


class PassingFetchFault(FetchFault):
    """The same, and it may pass by itself."""


def download(address: str, file: BinaryIO, settings: Settings) -> SentFile:
    """Put what lies at the address into the file. FETCH_TIMEOUT_SECONDS limit all of it: look-up, connection, TLS, redirects
    and body. Raises FetchFault and PassingFetchFault.
    """
    deadline = time.monotonic() + settings.fetch_timeout_seconds
    for _ in range(_MOST_REDIRECTS + 1):
        with _get(address, deadline, settings) as answer:
            if answer.status not in _REDIRECTS:
                return _take(answer, file, settings.fetch_max_bytes)
            address = _read_location(answer, address, settings)
    raise FetchFault(f"was redirected more than {_MOST_REDIRECTS} times")


@contextmanager
def _get(address: str, deadline: float, settings: Settings) -> Iterator[httpcore2.Response]:
    networks = parse_networks(settings.fetch_allowed_networks)
    backend = VettedBackend(deadline=deadline, allowed_networks=networks)
    parts = urlsplit(address)
    try:
        with (
            httpcore2.ConnectionPool(ssl_context=_tls(), network_backend=backend, retries=MOST_TRIED) as pool,
            pool.stream(
                "GET",
                address,
                headers=[*({"host": build_host(address)} | _HEADERS).items()],
                extensions={"sni_hostname": (parts.hostname or "").removesuffix(".")},
            ) as answer,
        ):
            yield answer
    except AddressRefused as error:
        raise FetchFault("is not a public address") from error
    except _NO_TIME as error:
        raise PassingFetchFault(f"did not come within {settings.fetch_timeout_seconds:g} s") from error
    except _BROKEN as error:
        raise PassingFetchFault(f"could not be fetched: {type(error).__name__}") from error


@cache
def _tls() -> ssl.SSLContext:
    """Built once: reading the certificates of all authorities takes long."""
    return ssl.create_default_context()


def _take(answer: httpcore2.Response, file: BinaryIO, most_bytes: int) -> SentFile:
    if answer.status != HTTPStatus.OK:
        is_passing = answer.status in _PASSING or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        raise (PassingFetchFault if is_passing else FetchFault)(f"was answered with {answer.status}")
    media_type = _read_header(answer, "content-type").partition(";")[0].strip().lower()
    if media_type.startswith(("text/", "application/json", "application/xhtml", "video/", "audio/")):
        raise FetchFault(f"was answered with {media_type}, which is no picture")
    if _read_header(answer, "content-encoding") not in {"", "identity"}:
        raise FetchFault("was answered with a Content-Encoding that nobody asked for")
    declared = _read_header(answer, "content-length")
    if declared.isascii() and declared.isdecimal() and int(declared) > most_bytes:
        raise _too_long(most_bytes)
    digest, length = hashlib.sha256(), 0
    for piece in answer.iter_stream():
        length += len(piece)
        if length > most_bytes:
            raise _too_long(most_bytes)
        digest.update(piece)
        file.write(piece)
    return SentFile(file, length, digest.hexdigest())


def _read_location(answer: httpcore2.Response, address: str, settings: Settings) -> str:
    location = urljoin(address, _read_header(answer, "location")).partition("#")[0]
    problem = find_url_error(
        location, allow_http=settings.fetch_allow_http, allowed=parse_networks(settings.fetch_allowed_networks)
    )
    if problem is not None:
        raise FetchFault(f"was redirected to an address that {problem}")
    return location


def _read_header(answer: httpcore2.Response, name: str) -> str:
    found = [value for key, value in answer.headers if key.lower() == name.encode()]
    return found[0].decode("latin-1") if found else ""


def _too_long(most_bytes: int) -> FetchFault:
    return FetchFault(f"is longer than the {most_bytes:,} bytes that are taken")
