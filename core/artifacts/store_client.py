"""Build the boto3 clients of the store, with what S3-compatible stores need otherwise than boto3 does it."""

from __future__ import annotations

import base64
import hashlib
import os
from functools import partial
from typing import Any

import boto3
from botocore.config import Config

from core.settings import Settings

# A transfer's checksum, and no secret's.
_MD5 = partial(hashlib.md5, usedforsecurity=False)


def build_session(settings: Settings) -> Any:
    """A boto3 session with the key pair of the settings; without one, boto3 looks where it always does: profile, container
    or instance role.
    """
    key_id, secret, token = settings.s3_access_key_id, settings.s3_secret_access_key, settings.s3_session_token
    if not key_id or not secret:
        return boto3.Session(region_name=settings.s3_region)
    return boto3.Session(
        region_name=settings.s3_region,
        aws_access_key_id=key_id.get_secret_value(),
        aws_secret_access_key=secret.get_secret_value(),
        aws_session_token=token.get_secret_value() if token else _find_token(key_id.get_secret_value()),
    )


def build_client(
    session: Any,
    settings: Settings,
    endpoint_url: str | None,
    *,
    connect_timeout: float = 5,
    read_timeout: float = 20,
    total_tries: int = 5,
) -> Any:
    """An S3 client; timeouts in seconds."""
    client = session.client(
        "s3",
        endpoint_url=endpoint_url,
        config=Config(
            signature_version="s3v4",
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            retries={"mode": "standard", "total_max_attempts": total_tries},
            # urllib3 drops a connection that finds no slot in the pool, with a warning: one slot for each thread that
            # calls the store, in the API and in a worker (uploads, input images, the checkpoints' writer).
            max_pool_connections=max(
                settings.api_threads, settings.s3_upload_threads + settings.render_concurrency + 1
            ),
            # Many S3-compatible stores refuse the checksum trailers that boto3 sends unasked.
            request_checksum_calculation=settings.s3_checksums,
            response_checksum_validation=settings.s3_checksums,
            s3={
                "addressing_style": _choose_addressing(settings, endpoint_url),
                "us_east_1_regional_endpoint": "regional",
            },
        ),
    )
    client.meta.events.register("before-call.s3", _follow_no_redirect)
    client.meta.events.register("before-sign.s3.DeleteObjects", _sign_content_md5)
    if settings.s3_checksums == "when_required":
        client.meta.events.register("before-parameter-build.s3.PutObject", _add_content_md5)
    return client


def _find_token(key_id: str) -> str | None:
    """The session token that boto3 reads from the environment, unless it belongs to another key there."""
    is_the_keys_own = os.environ.get("AWS_ACCESS_KEY_ID", key_id) == key_id
    return os.environ.get("AWS_SESSION_TOKEN") or None if is_the_keys_own else None


def _choose_addressing(settings: Settings, endpoint_url: str | None) -> str:
    if settings.s3_addressing != "auto":
        return settings.s3_addressing
    # With boto3's own "auto", links go to AWS' global host, which refuses the signatures of most regions.
    return "path" if endpoint_url else "virtual"


def _follow_no_redirect(params: dict[str, Any], **_: Any) -> None:
    """Have a wrong region be an error. boto3 would find out the right one and go there, but links, which are signed without
    asking the store, would still lead to the wrong one.
    """
    params["context"].setdefault("s3_redirect", {})["redirected"] = True


def _add_content_md5(params: dict[str, Any], **_: Any) -> None:
    """Send an object with Content-MD5: the one checksum that every S3-compatible store compares."""
    body = params["Body"]
    if isinstance(body, bytes):
        params["ContentMD5"] = _hash(body)
        return
    digest = hashlib.file_digest(body, _MD5)
    body.seek(0)
    params["ContentMD5"] = base64.b64encode(digest.digest()).decode()


def _sign_content_md5(request: Any, **_: Any) -> None:
    """Send a multi-delete with Content-MD5: many stores demand it, and boto3 has no parameter for it.

    The CRC32 that boto3 adds to it unasked goes if only required checksums are wanted: some stores refuse headers that they
    do not know.
    """
    # A further try signs the same request again.
    del request.headers["Content-MD5"]
    request.headers["Content-MD5"] = _hash(request.body)
    if request.context["client_config"].request_checksum_calculation == "when_required":
        for name in ("x-amz-checksum-crc32", "x-amz-sdk-checksum-algorithm"):
            del request.headers[name]


def _hash(body: bytes) -> str:
    return base64.b64encode(_MD5(body).digest()).decode()
