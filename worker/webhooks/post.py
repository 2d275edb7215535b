"""POST to an address that a customer chose: no redirects, no private networks, and no longer than the time limit."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
from functools import cache
from urllib.parse import urlsplit

import httpcore2

from core.webhooks.addresses import IPNetwork
from core.webhooks.record_attempt import AttemptOutcome
from worker.webhooks.vetted_network import MOST_TRIED, AddressRefused, VettedBackend

#: How much of an answer is read, and how much of an answer that is not 2xx is kept.
_READ_BYTES = 64 * 1024
_KEPT_CHARACTERS = 1_000

#: Control characters but tab and line ends, and those that change the order in which text is read.
_NOT_PLAIN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

#: What stands behind the question mark of an address: the signature of a download address, for one.
_QUERY = re.compile(r"""(?<=\w)\?[^\s"'<>]{8,}""")

_DEFAULT_PORTS = {"http": 80, "https": 443}

#: What the network or a receiver's answer can raise.
_NO_TIME = (httpcore2.TimeoutException, TimeoutError)
_BROKEN = (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.UnsupportedProtocol, OSError)

_HEADERS = {
    "user-agent": "Darkroom-Webhooks/1",
    "content-type": "application/json",
    "accept-encoding": "identity",
    "connection": "close",
}


def post(
    url: str, body: bytes, headers: dict[str, str], *, timeout_seconds: float, allowed_networks: Sequence[IPNetwork]
) -> AttemptOutcome:
    """One POST on a connection of its own. Returns its outcome, and never raises for what the receiver or the network does.

    `timeout_seconds` limits all of it: look-up, connection, TLS, request and answer. Once an answer's head is there its status
    decides, whatever becomes of its body.
    """
    started = time.monotonic()
    backend = VettedBackend(deadline=started + timeout_seconds, allowed_networks=allowed_networks)
    try:
        with (
            httpcore2.ConnectionPool(ssl_context=_tls(), network_backend=backend, retries=MOST_TRIED) as pool,
            pool.stream(
                "POST",
                url,
                headers=[*({"host": build_host(url)} | _HEADERS | headers).items()],
                content=body,
                # A name's last dot, which says that it is whole, is no part of what a certificate names.
                extensions={"sni_hostname": (urlsplit(url).hostname or "").removesuffix(".")},
            ) as response,
        ):
            content = _read_some(response)
            is_success = 200 <= response.status < 300  # noqa: PLR2004 (2xx, as the spec says)
            return AttemptOutcome(
                status_code=response.status,
                duration_ms=_elapsed_ms(started),
                failure=None if is_success else f"answered_{response.status}",
                error=None if is_success else _excerpt(content),
                response_bytes=len(content),
                retry_after_seconds=_retry_after(response),
            )
    except AddressRefused as error:
        failure, reason = type(error).__name__, str(error)
    except _NO_TIME:
        failure, reason = "no_answer_in_time", f"no answer within {timeout_seconds:g} s"
    except _BROKEN as error:
        failure, reason = type(error).__name__, f"{type(error).__name__}: {error}"
    return AttemptOutcome(
        status_code=None, duration_ms=_elapsed_ms(started), failure=failure, error=reason[:_KEPT_CHARACTERS]
    )


@cache
def _tls() -> ssl.SSLContext:
    """Built once: reading the certificates of all authorities takes longer than the rest of a delivery."""
    return ssl.create_default_context()


def build_host(url: str) -> str:
    """The Host header: an IPv6 address in brackets, and no port that goes without saying."""
    parts = urlsplit(url)
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    is_usual = parts.port is None or parts.port == _DEFAULT_PORTS.get(parts.scheme)
    return host if is_usual else f"{host}:{parts.port}"


def _read_some(response: httpcore2.Response) -> bytes:
    """How the body begins: as much as there is of one that is cut short, malformed or late."""
    content = b""
    with suppress(*_NO_TIME, *_BROKEN):
        for chunk in response.iter_stream():
            content += chunk
            if len(content) >= _READ_BYTES:
                break
    return content


def _excerpt(content: bytes) -> str:
    """How an answer begins, as text that every terminal and table can show."""
    text = _NOT_PLAIN.sub("�", content.decode("utf-8", errors="replace"))
    # A receiver that repeats what it was sent must not make us keep links that open images.
    return _QUERY.sub("?…", text)[:_KEPT_CHARACTERS]


def _elapsed_ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def _retry_after(response: httpcore2.Response) -> float | None:
    """Seconds that a Retry-After header asks for, given as a number or as a date."""
    for name, value in response.headers:
        if name.lower() == b"retry-after":
            text = value.decode("latin-1").strip()
            try:
                return float(text) if text.isdigit() else parsedate_to_datetime(text).timestamp() - time.time()
            except (ValueError, OverflowError):
                return None
    return None
