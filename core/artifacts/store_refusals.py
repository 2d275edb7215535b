"""Say what a failed call of the store means, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    MetadataRetrievalError,
    NoCredentialsError,
    SSLError,
)

from core.errors import StorageUnavailable

_NEW_KEYS = (
    "the temporary keys have ended: set S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY and S3_SESSION_TOKEN to new ones, or leave "
    "them empty where a role supplies keys"
)
_FEWER_CALLS = "the store asks for fewer requests: lower S3_UPLOAD_THREADS, or run fewer workers"
_NO_CHECKSUMS = "if S3_CHECKSUMS is when_supported, set it to when_required"

#: By the store's error code.
_ADVICE = {
    "AccessDenied": "the keys need the rights to list the bucket, and to put, get and delete its objects",
    "ExpiredToken": _NEW_KEYS,
    "InvalidAccessKeyId": "check S3_ACCESS_KEY_ID; keys of AWS that begin with ASIA need S3_SESSION_TOKEN as well",
    "InvalidToken": "S3_SESSION_TOKEN does not belong to S3_ACCESS_KEY_ID",
    "NoSuchBucket": "make the bucket, or set S3_BUCKET to the name of one that exists",
    "NotImplemented": _NO_CHECKSUMS,
    "SecondLevelDomainForbidden": "set S3_ADDRESSING=virtual",
    "ServiceUnavailable": _FEWER_CALLS,
    "SignatureDoesNotMatch": "check S3_SECRET_ACCESS_KEY; a proxy before the store has to pass the Host header on unchanged",
    "SlowDown": _FEWER_CALLS,
    "TokenRefreshRequired": _NEW_KEYS,
    "TooManyRequests": _FEWER_CALLS,
    "XAmzContentSHA256Mismatch": _NO_CHECKSUMS,
}

#: By what kept the store from being asked; the first that fits.
_ADVICE_BY_KIND: tuple[tuple[type[BotoCoreError], str], ...] = (
    (NoCredentialsError, "set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, or give the process a role"),
    (CredentialRetrievalError, "the role gave no keys"),
    (MetadataRetrievalError, "the role gave no keys"),
    (SSLError, "if the certificate is of an authority of your own, name its file in AWS_CA_BUNDLE"),
    (EndpointConnectionError, "check S3_ENDPOINT_URL and S3_REGION"),
    (ConnectTimeoutError, "check S3_ENDPOINT_URL and S3_REGION"),
)

_WRONG_REGION = {"AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}

_REDIRECTS = {301, 302, 303, 307, 308}


@contextmanager
def translated_errors(what: str) -> Iterator[None]:
    """Raises StorageUnavailable, with what to do, for every error of boto3 in the block. `what`: "take artifacts/…"."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise StorageUnavailable(f"The object store did not {what}: {describe_refusal(error)}") from error
    except RuntimeError as error:
        # That is how boto3 says that the keys which a role hands out have ended already.
        if type(error) is not RuntimeError:
            raise
        raise StorageUnavailable(f"The object store was not asked to {what}: {error}") from error


def describe_refusal(error: Exception) -> str:
    """The error's own words, and what to do, if that is known."""
    advice = _advise(error)
    return f"{error} ({advice})" if advice else str(error)


def _advise(error: Exception) -> str | None:
    if not isinstance(error, ClientError):
        return next((advice for kind, advice in _ADVICE_BY_KIND if isinstance(error, kind)), None)
    answer: Mapping[str, Any] = error.response
    described, metadata = answer.get("Error", {}), answer.get("ResponseMetadata", {})
    code, headers = described.get("Code", ""), metadata.get("HTTPHeaders", {})
    if code in _WRONG_REGION or metadata.get("HTTPStatusCode") in _REDIRECTS:
        return _advise_on_redirect(
            described.get("Region") or headers.get("x-amz-bucket-region"), headers.get("location")
        )
    if code == "RequestTimeTooSkewed":
        return f"{_compare_clocks(headers.get('date'))}: set the clock of this machine, or of the store's, by NTP"
    return _ADVICE.get(code)


def _advise_on_redirect(region: str | None, location: str | None) -> str:
    if region:
        return f"the bucket is in the region {region}: set S3_REGION={region}, and if S3_ENDPOINT_URL names a region, that one"
    if location:
        address = urlsplit(location)
        return f"the store is at {address.scheme}://{address.netloc}: set S3_ENDPOINT_URL to where it does not redirect"
    return "set S3_REGION to the bucket's region"


def _compare_clocks(store_date: str | None) -> str:
    """How far the store's clock, of which its answer's Date header is a sample, is from this machine's."""
    try:
        off = (datetime.now(UTC) - parsedate_to_datetime(store_date or "")).total_seconds()
    except (TypeError, ValueError):
        return "this machine's clock and the store's differ"
    return f"this machine's clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} the store's"
