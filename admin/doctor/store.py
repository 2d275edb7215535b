"""The object store: everything that Darkroom does with it, tried with two small objects of its own."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpcore2

from admin.doctor.finding import Area, Finding, find_advice, in_one_line
from admin.doctor.settings import is_on_this_machine
from core.artifacts.storage import bucket_in_a_hurry, sign_download
from core.errors import StorageUnavailable
from core.ids import new_id
from core.settings import Settings

_BODY = b"written by darkroom-admin doctor; it can be deleted"
_MEDIA_TYPE = "text/plain"

#: Seconds that the two clocks may differ; from fifteen minutes on stores refuse.
_CLOCK_SECONDS = 60.0

_SECONDS = 5.0
_OK = 200
_REFUSED = 400

_ADVICE = {
    "NoSuchBucket": "Make the bucket, or correct S3_BUCKET",
    "Not Found": "Make the bucket, or correct S3_BUCKET",
    "InvalidAccessKeyId": "Correct S3_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "Correct S3_SECRET_ACCESS_KEY, or let the proxy in front of the store pass the Host header on",
    "InvalidClientTokenId": "Correct S3_ACCESS_KEY_ID",
    "ExpiredToken": "Renew the keys",
    "RequestTimeTooSkewed": "Let both machines take their time from the network (NTP)",
    "AuthorizationHeaderMalformed": "Set S3_REGION to the region of the bucket",
    "PermanentRedirect": "Set S3_REGION to the region of the bucket",
    "AccessDenied": "Allow the keys to put, get, list and delete objects of the bucket",
    "Forbidden": "Correct the keys, or allow them to put, get, list and delete objects of the bucket",
    "Could not connect": "Start the store, or correct S3_ENDPOINT_URL",
    "resolve": "Correct the host in S3_ENDPOINT_URL",
    "Unable to locate credentials": "Set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, or give this machine a role",
    "timeout": "See whether a firewall drops what is sent to S3_ENDPOINT_URL",
    "SSL": "Correct the certificate of the store, or S3_ENDPOINT_URL",
    "Invalid endpoint": "Correct S3_ENDPOINT_URL",
}

_store = Area("store")


def check_store(settings: Settings) -> Iterator[Finding]:
    """Put, get, list, fetch by a link, delete; each by the way that the service takes."""
    prefix = f"doctor/{new_id()}/"
    keys = [f"{prefix}{position}.txt" for position in range(2)]
    digest = hashlib.sha256(_BODY).hexdigest()
    step = "put"
    try:
        bucket = bucket_in_a_hurry()
        for key in keys:
            bucket.put(key, _BODY, media_type=_MEDIA_TYPE, sha256=digest)
        yield _store.ok("put", f"{settings.s3_bucket} takes objects")
        step = "get"
        if bucket.get(keys[0]) == _BODY:
            yield _store.ok("get", "what was put comes back, byte for byte")
        else:
            yield _store.error(
                "get", "other bytes came back than were put", "See what is between Darkroom and the store"
            )
        step = "list"
        listed = [key for key, _ in bucket.list_objects(prefix)]
        if listed == keys:
            yield _store.ok("list", "what was put is listed")
        else:
            yield _store.error(
                "list", f"{len(listed)} of {len(keys)} objects are listed", "Use a store that lists at once what it has"
            )
        yield from _check_link(keys[0])
        step = "delete"
        bucket.delete_many(keys)
        if left := [key for key, _ in bucket.list_objects(prefix)]:
            yield _store.error(
                "delete", f"{left[0]} is still there", "Turn object locks and versions off for the bucket"
            )
        else:
            yield _store.ok("delete", "several objects are deleted with one call")
    except StorageUnavailable as error:
        reason = in_one_line(error.__cause__ or error)
        yield _store.error(
            step, reason, find_advice(reason, _ADVICE, "Correct the settings of the store, or what it says")
        )


def _check_link(key: str) -> Iterator[Finding]:
    """The link as a customer opens it: at the public address, without keys, and without anything else that we know."""
    url, _ = sign_download(key)
    place = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
    before = time.time()
    try:
        answer = _fetch(url)
    except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, OSError) as error:
        seen = f"{place} cannot be reached from here: {in_one_line(error)}"
        if is_on_this_machine(urlsplit(url).hostname or ""):
            todo = "Nothing, if this is a container and the store is published on its host; set S3_PUBLIC_ENDPOINT_URL for others"
        else:
            todo = "Open a job's link from where people download, and correct S3_PUBLIC_ENDPOINT_URL if it fails there, too"
        yield _store.warning("link", seen, todo)
        return

    if answer.status == _OK and answer.content == _BODY:
        yield _store.ok("link", f"a download link at {place} works")
    else:
        said = in_one_line(Exception(answer.content[:300].decode(errors="replace")))
        advice = "Let S3_PUBLIC_ENDPOINT_URL lead to the same store, with the Host header passed on unchanged"
        yield _store.error(
            "link",
            f"a download link at {place} is answered with {answer.status}: {said}",
            find_advice(said, _ADVICE, advice),
        )
    if _fetch(url.partition("?")[0]).status < _REFUSED:
        yield _store.error("privacy", "objects can be downloaded without a link", "Make the bucket private")
    else:
        yield _store.ok("privacy", "objects cannot be downloaded without a link")
    yield from _check_clock(answer, before)


def _fetch(url: str) -> httpcore2.Response:
    timeout = dict.fromkeys(("connect", "read", "write", "pool"), _SECONDS)
    return httpcore2.request("GET", url, extensions={"timeout": timeout})


def _check_clock(answer: httpcore2.Response, before: float) -> Iterator[Finding]:
    dates = [value.decode() for name, value in answer.headers if name.lower() == b"date"]
    if not dates:
        return
    ahead = parsedate_to_datetime(dates[0]).timestamp() - (before + time.time()) / 2
    seen = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    if abs(ahead) > _CLOCK_SECONDS:
        todo = "Let both machines take their time from the network (NTP): stores refuse signatures from 15 minutes on"
        yield _store.warning("clock", seen, todo)
    else:
        yield _store.ok("clock", seen)
