"""Sign download links, and know until when the keys that signed them are valid."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import structlog
from botocore.exceptions import NoCredentialsError

from core.artifacts.sign_get import EXAMPLE_KEY, BucketAddress, LinkMaker
from core.artifacts.store_client import build_client, build_session
from core.artifacts.store_refusals import translated_errors
from core.errors import StorageUnavailable
from core.settings import Settings

#: A role is not asked for fresh keys more often than this, in seconds: some sources hand out the same ones for hours.
_RENEWAL_SECONDS = 300.0

_log = structlog.get_logger()


class LinkSigner:
    """Presigns GET addresses. A link is as long-lived as was asked for, or as the keys that sign it.

    Keys of a role (instance metadata, a container's, AssumeRole, a web identity) end after some hours, and every link that
    they signed ends with them: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
    """

    def __init__(self, settings: Settings, session: Any) -> None:
        self._settings = settings
        self._keys = _Keys.find(settings, session)
        self._renewed_at: float | None = None
        #: What signs links, and the second and the lifetime that it is for.
        self._ready: tuple[LinkMaker | None, tuple[int, int]] = None, (0, 0)
        self._renewal = threading.Lock()

    def sign(self, key: str, *, seconds: int) -> tuple[str, datetime]:
        """The address of an object, and the time (UTC) until which it works. Raises StorageUnavailable without valid keys.

        There is no network call, except where keys come from a role: it is asked for fresh ones when less than `seconds`
        is left of the present ones.
        """
        ready, second = self._ready
        if ready is None or second != (int(time.time()), seconds):
            with translated_errors("sign links"):
                ready = self._get_ready(seconds)
        return ready.sign(key), ready.expires_at

    def _get_ready(self, seconds: int) -> LinkMaker:
        keys, ends_at = self._keys, self._keys.ask_end()
        if ends_at is not None and ends_at < datetime.now(UTC) + timedelta(seconds=seconds):
            keys, ends_at = self._renew(keys, ends_at)
        now = datetime.now(UTC)
        left = seconds if ends_at is None else max(1, min(seconds, int((ends_at - now).total_seconds())))
        ready = LinkMaker(keys.address, keys.credentials.get_frozen_credentials(), now=now, seconds=left)
        if left == seconds:
            # For the other links of this second. Keys that are to be renewed are asked again for each.
            self._ready = ready, (int(now.timestamp()), seconds)
        return ready

    def name_period(self, *, seconds: int) -> str:
        """A name of the present time: links for `seconds` that were signed in a time of the same name work for three quarters
        of what they were signed for, or more. While the keys end before such a link would, it is another one at each call.
        """
        with translated_errors("get keys for links"):
            ends_at = self._keys.ask_end()
            now = time.time()
            if ends_at is not None and ends_at.timestamp() - seconds < now:
                # Links end with the keys: those that were signed a moment ago may be as short as a second.
                return f"{now}"
            return f"{now // max(1, seconds // 4):.0f}"

    def _renew(self, keys: _Keys, ends_at: datetime) -> tuple[_Keys, datetime | None]:
        """The keys that last longest: fresh ones, or those at hand."""
        if not self._renewal.acquire(blocking=False):
            return keys, ends_at
        try:
            if self._renewed_at is not None and time.monotonic() - self._renewed_at < _RENEWAL_SECONDS:
                return keys, ends_at
            self._renewed_at = time.monotonic()
            # From a new session: boto3 remembers a role's keys in the old one until shortly before their end.
            with translated_errors("renew keys"):
                fresh = _Keys.find(self._settings, build_session(self._settings))
                fresh_end = fresh.ask_end()
            if fresh_end is not None and fresh_end <= ends_at:
                return keys, ends_at
            self._keys = fresh
            return fresh, fresh_end
        except StorageUnavailable as error:
            _log.warning("link_keys_not_renewed", error=str(error), ends_at=ends_at.isoformat())
            return keys, ends_at
        finally:
            self._renewal.release()


@dataclass
class _Keys:
    """A client, and the credentials that it signs with."""

    client: Any
    credentials: Any
    bucket: str

    @classmethod
    def find(cls, settings: Settings, session: Any) -> _Keys:
        # Behind a container network the store has one address for workers and another for the people who download.
        endpoint_url = settings.s3_public_endpoint_url or settings.s3_endpoint_url
        client = build_client(session, settings, endpoint_url)
        return cls(client, session.get_credentials(), settings.s3_bucket)

    @cached_property
    def address(self) -> BucketAddress:
        """Where the bucket is, by boto3's own rules."""
        return BucketAddress.of(
            self.client.generate_presigned_url("get_object", Params={"Bucket": self.bucket, "Key": EXAMPLE_KEY})
        )

    def ask_end(self) -> datetime | None:
        """When the credentials end (UTC); None if they have no end. Those of a role are renewed by boto3 in their last
        quarter of an hour.
        """
        if self.credentials is None:
            raise NoCredentialsError
        self.credentials.get_frozen_credentials()
        # boto3 says only whether less than some time is left, and not how much is.
        return getattr(self.credentials, "_expiry_time", None)
