"""The bucket: put, delete and sign download addresses, on any S3-compatible store, through boto3."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from core.errors import ObjectMissing, StorageUnavailable
from core.settings import Settings, get_settings

#: Keys that one call may delete: S3's limit.
_MOST_KEYS = 1_000


class Bucket:
    """The objects of the deployment's bucket. Every method raises StorageUnavailable when the store still does not answer
    after the client's tries, or refuses.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def put(self, key: str, body: bytes, *, media_type: str, sha256: str) -> None:
        """Store bytes under a key, with their sha256 in the object's metadata. The store refuses bytes that changed on
        their way.
        """
        try:
            self._client.put_object(
                Bucket=self._name,
                Key=key,
                Body=body,
                # The one checksum that every S3-compatible store compares; a transfer's, and no secret's.
                ContentMD5=base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode(),
                ContentType=media_type,
                CacheControl="private, max-age=31536000, immutable",
                Metadata={"sha256": sha256},
            )
        except (BotoCoreError, ClientError) as error:
            raise StorageUnavailable(f"The object store did not take {key}: {error}") from error

    def get(self, key: str) -> bytes:
        """An object's bytes. Raises ObjectMissing if there is none."""
        try:
            body: bytes = self._client.get_object(Bucket=self._name, Key=key)["Body"].read()
        except self._client.exceptions.NoSuchKey as error:
            raise ObjectMissing(f"The object store has no {key}") from error
        except (BotoCoreError, ClientError) as error:
            raise StorageUnavailable(f"The object store did not give {key}: {error}") from error
        return body

    def list_objects(self, prefix: str, *, start_after: str = "") -> Iterator[tuple[str, datetime]]:
        """Every key that starts with the prefix and sorts after `start_after`, and when its object was last written."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._name, Prefix=prefix, StartAfter=start_after
        )
        try:
            for page in pages:
                yield from ((item["Key"], item["LastModified"]) for item in page.get("Contents", []))
        except (BotoCoreError, ClientError) as error:
            raise StorageUnavailable(f"The object store did not list {prefix}: {error}") from error

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there counts as deleted."""
        try:
            self._client.delete_object(Bucket=self._name, Key=key)
        except (BotoCoreError, ClientError) as error:
            raise StorageUnavailable(f"The object store did not delete {key}: {error}") from error

    def delete_many(self, keys: Sequence[str]) -> None:
        """Delete objects, up to 1,000 with each call; those that are not there count as deleted."""
        for start in range(0, len(keys), _MOST_KEYS):
            named = [{"Key": key} for key in keys[start : start + _MOST_KEYS]]
            try:
                answer = self._client.delete_objects(Bucket=self._name, Delete={"Objects": named, "Quiet": True})
            except (BotoCoreError, ClientError) as error:
                raise StorageUnavailable(f"The object store did not delete {len(named)} objects: {error}") from error
            if refused := answer.get("Errors"):
                raise StorageUnavailable(
                    f"The object store did not delete {refused[0]['Key']}: {refused[0].get('Message')}"
                )

    def delete_prefix(self, prefix: str) -> list[str]:
        """Delete every object whose key starts with the prefix, until the store lists none, and return the keys.

        Raises StorageUnavailable also if an object is still listed after it was deleted.
        """
        deleted: list[str] = []
        while keys := [key for key, _ in islice(self.list_objects(prefix), _MOST_KEYS)]:
            if not set(keys).isdisjoint(deleted):
                raise StorageUnavailable(f"The object store still lists what it deleted under {prefix}")
            self.delete_many(keys)
            deleted += keys
        return deleted


@cache
def bucket() -> Bucket:
    """For work that can wait: boto3 makes up to 5 tries of a call that failed in a way that may pass, of 20 s each."""
    settings = get_settings()
    return Bucket(_build_client(settings, settings.s3_endpoint_url), settings.s3_bucket)


@cache
def bucket_in_a_hurry() -> Bucket:
    """For work that somebody waits for: up to 2 tries of 10 s each, so that a dead store is reported within seconds."""
    settings = get_settings()
    client = _build_client(settings, settings.s3_endpoint_url, connect_timeout=2, read_timeout=10, total_tries=2)
    return Bucket(client, settings.s3_bucket)


def sign_download(key: str) -> tuple[str, datetime]:
    """A presigned GET address of an object, and the time (UTC) until which it works. No network call."""
    settings = get_settings()
    seconds = settings.download_url_seconds
    expires_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
    url: str = _signing_client().generate_presigned_url(
        "get_object", Params={"Bucket": settings.s3_bucket, "Key": key}, ExpiresIn=seconds
    )
    return url, expires_at


def prepare_clients() -> None:
    """Build what the first call would build: boto3 reads megabytes of descriptions for that. No network call."""
    bucket()
    bucket_in_a_hurry()
    _signing_client()


@cache
def _signing_client() -> Any:
    # Behind a container network the store has one address for workers and another for the people who download.
    settings = get_settings()
    return _build_client(settings, settings.s3_public_endpoint_url or settings.s3_endpoint_url)


def _build_client(
    settings: Settings,
    endpoint_url: str | None,
    *,
    connect_timeout: float = 5,
    read_timeout: float = 20,
    total_tries: int = 5,
) -> Any:
    key_id, secret = settings.s3_access_key_id, settings.s3_secret_access_key
    return boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        region_name=settings.s3_region,
        # Without keys in the settings boto3 looks where it always does: profile, container or instance role.
        aws_access_key_id=key_id.get_secret_value() if key_id else None,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        config=Config(
            signature_version="s3v4",
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            retries={"mode": "standard", "total_max_attempts": total_tries},
            max_pool_connections=settings.s3_upload_threads,
            # Many S3-compatible stores refuse the checksum trailers that boto3 sends unasked.
            request_checksum_calculation=settings.s3_checksums,
            response_checksum_validation=settings.s3_checksums,
            s3={"addressing_style": "path" if endpoint_url else "auto"},
        ),
    )
