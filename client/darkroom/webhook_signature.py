"""Check that a webhook comes from the service: Standard Webhooks, signed with a secret that both know."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from darkroom.errors import InvalidSignature

_TOLERANCE_SECONDS = 300


def verify_webhook(
    body: bytes | str, headers: Mapping[str, str], secret: str, *, tolerance_seconds: float = _TOLERANCE_SECONDS
) -> dict[str, Any]:
    """What was sent, as JSON, if it was signed with the secret and not long ago. Raises InvalidSignature.

    `body` is the request's body as it came, byte by byte, and `secret` the endpoint's (`whsec_…`), or the account's for webhooks of a
    single job or sweep. A webhook can come twice: `webhook-id` of the headers is the same then.
    """
    sent = {name.lower(): value for name, value in headers.items()}
    missing = [name for name in ("webhook-id", "webhook-timestamp", "webhook-signature") if not sent.get(name)]
    if missing:
        raise InvalidSignature(f"this is no signed webhook: {', '.join(missing)} is missing")
    raw = body.encode() if isinstance(body, str) else bytes(body)
    timestamp = sent["webhook-timestamp"]
    signed = f"{sent['webhook-id']}.{timestamp}.".encode() + raw
    expected = base64.b64encode(hmac.new(_read_secret(secret), signed, hashlib.sha256).digest())
    versions = [signature.partition(",") for signature in sent["webhook-signature"].split()]
    if not any(
        version == "v1" and hmac.compare_digest(signature.encode(), expected) for version, _, signature in versions
    ):
        raise InvalidSignature("this webhook was not signed with this secret")
    _check_time(timestamp, tolerance_seconds)
    return dict(json.loads(raw))


def _read_secret(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_") + "==", validate=False)
    except binascii.Error as error:
        raise InvalidSignature("the secret is none: it begins with whsec_, and base64 follows") from error
    if not key:
        # An empty key signs, too, and anybody knows it.
        raise InvalidSignature("the secret is empty")
    return key


def _check_time(timestamp: str, tolerance_seconds: float) -> None:
    if not timestamp.isascii() or not timestamp.isdigit():
        raise InvalidSignature(f"webhook-timestamp is no number of seconds: {timestamp[:40]!r}")
    if abs(time.time() - int(timestamp)) > tolerance_seconds:
        raise InvalidSignature("this webhook was signed too long ago, or the clock of one of the two is wrong")
