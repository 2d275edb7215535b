"""The bucket: put, get, list and delete, on any S3-compatible store, through boto3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any, BinaryIO

import structlog
from botocore.exceptions import ClientError

from core.artifacts.link_signer import LinkSigner
from core.artifacts.store_client import build_client, build_session
from core.artifacts.store_refusals import translated_errors
from core.errors import ObjectMissing, StorageUnavailable
from core.settings import get_settings

#: Keys that one call may delete: S3's limit.
_MOST_KEYS = 1_000

#: Codes with which a store refuses a multi-delete that it does not know, or that it wants otherwise than AWS does.
_NO_MULTI_DELETE = {"InvalidArgument", "InvalidRequest", "MalformedXML", "MethodNotAllowed", "NotImplemented"}
_NO_MULTI_DELETE_STATUS = {405, 501}

#: What lies under a key never changes.
_CACHED_FOR_EVER = "private, max-age=31536000, immutable"

_MISSING = {"NoSuchKey", "NotFound", "404"}

_log = structlog.get_logger()


class Bucket:
    """The objects of the deployment's bucket. Every method raises StorageUnavailable when the store still does not answer
    after the client's tries, or refuses.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name
        self._has_multi_delete = True

    def put(self, key: str, body: bytes, *, media_type: str, sha256: str) -> None:
        """Store bytes under a key, with their sha256 in the object's metadata. The store refuses bytes that changed on
        their way.
        """
        with translated_errors(f"take {key}"):
            self._client.put_object(
                Bucket=self._name,
                Key=key,
                Body=body,
                ContentType=media_type,
                CacheControl=_CACHED_FOR_EVER,
                Metadata={"sha256": sha256},
            )

    def put_file(self, key: str, file: BinaryIO, *, media_type: str, sha256: str) -> None:
        """Store all of an open file, without reading it into memory. Otherwise as `put`."""
        with translated_errors(f"take {key}"):
            file.seek(0)
            self._client.put_object(
                Bucket=self._name,
                Key=key,
                Body=file,
                ContentType=media_type,
                CacheControl=_CACHED_FOR_EVER,
                Metadata={"sha256": sha256},
            )

    def get(self, key: str) -> bytes:
        """An object's bytes. Raises ObjectMissing if there is none."""
        with translated_errors(f"give {key}"):
            try:
                body: bytes = self._client.get_object(Bucket=self._name, Key=key)["Body"].read()
            except ClientError as error:
                if _read_code(error) in _MISSING:
                    raise ObjectMissing(f"The object store has no {key}") from error
                raise
        return body

    def list_objects(self, prefix: str, *, start_after: str = "") -> Iterator[tuple[str, datetime]]:
        """Every key that starts with the prefix and sorts after `start_after`, and when its object was last written."""
        marker = start_after
        while True:
            # The first version of the call: a store that knows only that one answers the second version's with its first
            # page alone, and without a sign of it. What continues a list is its last key: not every store says another.
            with translated_errors(f"list {prefix}"):
                page = self._client.list_objects(Bucket=self._name, Prefix=prefix, Marker=marker)
            listed = page.get("Contents", [])
            yield from ((item["Key"], item["LastModified"]) for item in listed)
            if not page.get("IsTruncated"):
                return
            if not listed or listed[-1]["Key"] == marker:
                raise StorageUnavailable(f"The object store does not continue its list of {prefix} after {marker}")
            marker = listed[-1]["Key"]

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there counts as deleted."""
        with translated_errors(f"delete {key}"):
            try:
                self._client.delete_object(Bucket=self._name, Key=key)
            except ClientError as error:
                if _read_code(error) not in _MISSING:
                    raise

    def delete_many(self, keys: Sequence[str]) -> None:
        """Delete objects, up to 1,000 with each call; those that are not there count as deleted.

        A store that refuses the call for many is asked to delete them one by one.
        """
        for start in range(0, len(keys), _MOST_KEYS):
            named = keys[start : start + _MOST_KEYS]
            if self._has_multi_delete and self._delete_at_once(named):
                continue
            for key in named:
                self.delete(key)
            if self._has_multi_delete:
                self._has_multi_delete = False
                _log.info("multi_delete_not_supported")

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

    def _delete_at_once(self, keys: Sequence[str]) -> bool:
        """Returns whether the store knows such a call. An answer of 200 may still name objects that were not deleted."""
        with translated_errors(f"delete {len(keys)} objects"):
            try:
                answer = self._client.delete_objects(
                    Bucket=self._name, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
                )
            except ClientError as error:
                status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
                if _read_code(error) in _NO_MULTI_DELETE or status in _NO_MULTI_DELETE_STATUS:
                    return False
                raise
        kept = [refused for refused in answer.get("Errors", []) if refused.get("Code") not in _MISSING]
        if kept:
            raise StorageUnavailable(
                f"The object store did not delete {len(kept)} of {len(keys)} objects, "
                f"first {kept[0].get('Key')}: {kept[0].get('Code')}: {kept[0].get('Message')}"
            )
        return True


@cache
def bucket() -> Bucket:
    """For work that can wait: boto3 makes up to 5 tries of a call that failed in a way that may pass, of 20 s each.

    Raises StorageUnavailable if a role that supplies the keys does not answer.
    """
    return _open_bucket(connect_timeout=5, read_timeout=20, total_tries=5)


@cache
def bucket_in_a_hurry() -> Bucket:
    """For work that somebody waits for: up to 2 tries of 10 s each, so that a dead store is reported within seconds.

    Raises StorageUnavailable as `bucket` does.
    """
    return _open_bucket(connect_timeout=2, read_timeout=10, total_tries=2)


def sign_download(key: str) -> tuple[str, datetime]:
    """A presigned GET address of an object, and the time (UTC) until which it works: DOWNLOAD_URL_SECONDS, or until the keys
    end that sign it. Raises StorageUnavailable without valid keys.
    """
    return _link_signer().sign(key, seconds=get_settings().download_url_seconds)


def name_link_period() -> str:
    """A name of the present time: links of `sign_download` that were signed in a time of the same name are not replaced yet, for
    they work for three quarters of their time or more. Raises StorageUnavailable without valid keys.
    """
    return _link_signer().name_period(seconds=get_settings().download_url_seconds)


def prepare_clients() -> None:
    """Build what the first call would build: boto3 reads megabytes of descriptions for that. No call of the store."""
    try:
        bucket()
        bucket_in_a_hurry()
        _link_signer()
    except StorageUnavailable as error:
        _log.warning("store_clients_not_prepared", error=str(error))


@cache
def _link_signer() -> LinkSigner:
    with translated_errors("get keys for links"):
        return LinkSigner(get_settings(), _session())


@cache
def _session() -> Any:
    # One for all clients: it holds the descriptions that boto3 reads, and the keys that a role supplies.
    return build_session(get_settings())


def _open_bucket(*, connect_timeout: float, read_timeout: float, total_tries: int) -> Bucket:
    settings = get_settings()
    with translated_errors("connect"):
        client = build_client(
            _session(),
            settings,
            settings.s3_endpoint_url,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            total_tries=total_tries,
        )
        return Bucket(client, settings.s3_bucket)


def _read_code(error: ClientError) -> str:
    code: str = error.response.get("Error", {}).get("Code", "")
    return code
