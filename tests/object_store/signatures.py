"""Check AWS Signature Version 4 as S3 does, in a request's headers and in a presigned link.

Written from https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html, and not with botocore's
classes: what signs here does not check itself.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote, unquote

#: How far a request's clock may be from the store's, in seconds.
MOST_SKEW = 900


class Refused(Exception):
    """What the store answers instead."""

    def __init__(self, status: int, code: str, message: str, **details: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        #: Further elements of the error's XML.
        self.details = details


@dataclass(frozen=True)
class Key:
    """A key pair that the store knows."""

    secret: str
    token: str | None = None
    ends_at: datetime | None = None


class Request(NamedTuple):
    """A request as it came in. Header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def parameters(self) -> dict[str, str]:
        return dict(_split_query(self.query))


class _Signed(NamedTuple):
    """What a signature is made over, and the signature."""

    key_id: str
    scope: list[str]
    headers: str
    signature: str
    date: str
    token: str | None
    payload: str
    query: list[tuple[str, str]]
    #: Of a link.
    seconds: int | None


def check_signature(request: Request, *, keys: Mapping[str, Key], region: str, now: datetime) -> None:
    """Raises Refused as AWS would: unknown keys, another region, a clock that is off, ended links and keys, other bytes."""
    signed = _read_link(request) if "X-Amz-Signature" in request.parameters else _read_headers(request)
    key = keys.get(signed.key_id)
    if key is None:
        raise Refused(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
    if key.token != signed.token:
        if signed.token is None:
            raise Refused(
                403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."
            )
        raise Refused(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
    if key.ends_at is not None and key.ends_at <= now:
        raise Refused(400, "ExpiredToken", "The provided token has expired.")
    day, scope_region, service, end = signed.scope
    if scope_region != region:
        raise Refused(
            400,
            "AuthorizationHeaderMalformed",
            f"The authorization header is malformed; the region '{scope_region}' is wrong; expecting '{region}'",
            Region=region,
        )
    _check_time(signed, now)
    scope = f"{day}/{region}/{service}/{end}"
    canonical = "\n".join(
        (
            request.method,
            request.path,
            "&".join(f"{_encode(name)}={_encode(value)}" for name, value in sorted(signed.query)),
            *(f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in signed.headers.split(";")),
            "",
            signed.headers,
            signed.payload,
        )
    )
    text = "\n".join(("AWS4-HMAC-SHA256", signed.date, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    digest = f"AWS4{key.secret}".encode()
    for part in (day, region, service, end, text):
        digest = hmac.digest(digest, part.encode(), "sha256")
    if not hmac.compare_digest(digest.hex(), signed.signature):
        raise Refused(403, "SignatureDoesNotMatch", "The request signature we calculated does not match.")


def _check_time(signed: _Signed, now: datetime) -> None:
    sent_at = datetime.strptime(signed.date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if signed.seconds is not None and sent_at + timedelta(seconds=signed.seconds) < now:
        raise Refused(403, "AccessDenied", "Request has expired")
    ahead = (sent_at - now).total_seconds()
    if ahead > MOST_SKEW or (signed.seconds is None and ahead < -MOST_SKEW):
        raise Refused(
            403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."
        )


def _read_headers(request: Request) -> _Signed:
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme != "AWS4-HMAC-SHA256":
        raise Refused(403, "AccessDenied", "Access Denied")
    fields = dict(part.strip().split("=", 1) for part in rest.split(","))
    payload = request.headers["x-amz-content-sha256"]
    if payload != "UNSIGNED-PAYLOAD" and payload != hashlib.sha256(request.body).hexdigest():
        raise Refused(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match.")
    key_id, *scope = fields["Credential"].split("/")
    return _Signed(
        key_id,
        scope,
        fields["SignedHeaders"],
        fields["Signature"],
        request.headers["x-amz-date"],
        request.headers.get("x-amz-security-token"),
        payload,
        _split_query(request.query),
        None,
    )


def _read_link(request: Request) -> _Signed:
    fields = request.parameters
    key_id, *scope = fields["X-Amz-Credential"].split("/")
    return _Signed(
        key_id,
        scope,
        fields["X-Amz-SignedHeaders"],
        fields["X-Amz-Signature"],
        fields["X-Amz-Date"],
        fields.get("X-Amz-Security-Token"),
        "UNSIGNED-PAYLOAD",
        [pair for pair in _split_query(request.query) if pair[0] != "X-Amz-Signature"],
        int(fields["X-Amz-Expires"]),
    )


def _split_query(query: str) -> list[tuple[str, str]]:
    pairs = (part.partition("=") for part in query.split("&") if part)
    return [(unquote(name), unquote(value)) for name, _, value in pairs]


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")
