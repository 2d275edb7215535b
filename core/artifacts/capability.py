"""Addresses of outputs on our own host, which open them without a key for a while: for clients that cannot download from the store."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from uuid import UUID

from core.ids import format_id, parse_id
from core.settings import get_settings

#: What the secret of API keys is used for here, so that no signature means anything elsewhere.
_PURPOSE = b"output link"

_EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}

_SIGNATURE_BYTES = 18


def build_output_link(artifact_id: str, media_type: str | None) -> str:
    """The address of an output (`art_…`), which works for DOWNLOAD_URL_SECONDS; no address is longer than others of its kind."""
    settings = get_settings()
    ends_at = int(time.time()) + settings.download_url_seconds
    id_ = parse_id("art", artifact_id)
    if id_ is None:
        raise ValueError(f"not an id of an output: {artifact_id}")
    extension = _EXTENSIONS.get(media_type or "", "png")
    return f"{settings.public_url}/media/{ends_at}-{_sign(id_, ends_at)}/{artifact_id}.{extension}"


def find_linked_output(address: str) -> UUID | None:
    """The id of the output that an address leads to, whether it still opens it or not; None: it is no such address."""
    base = f"{get_settings().public_url}/media/"
    if not address.startswith(base):
        return None
    _, _, name = address.removeprefix(base).partition("/")
    return parse_id("art", name.partition(".")[0])


def read_output_link(token: str, name: str) -> UUID | None:
    """The id of the output that the last two parts of an address open now; None: they open none, or do not any more."""
    id_ = parse_id("art", name.partition(".")[0])
    ends, _, signature = token.partition("-")
    if id_ is None or not (ends.isascii() and ends.isdigit() and len(ends) < 12):  # noqa: PLR2004  (digits of a time in seconds)
        return None
    is_signed = hmac.compare_digest(signature.encode(), _sign(id_, int(ends)).encode())
    return id_ if is_signed and int(ends) > time.time() else None


def _sign(artifact_id: UUID, ends_at: int) -> str:
    secret = get_settings().api_key_pepper.get_secret_value().encode()
    key = hmac.digest(secret, _PURPOSE, hashlib.sha256)
    signature = hmac.digest(key, f"{format_id('art', artifact_id)} {ends_at}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(signature[:_SIGNATURE_BYTES]).decode()
