"""A store as strict as AWS, and as odd as some others: a proxy that checks every request, before the embedded S3 server.

It is reached as a forward proxy (HTTP_PROXY, HTTPS_PROXY), so that clients use the real host names, and TLS with them; or
directly, as any S3 endpoint.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Self
from urllib.parse import quote, urlencode, urlsplit
from xml.sax.saxutils import escape

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.object_store.forward_proxy import Answer, ForwardProxy
from tests.object_store.signatures import Key, Refused, Request, check_signature

_CHECKSUMS = ("x-amz-checksum-", "x-amz-sdk-checksum-", "x-amz-trailer")


@dataclass
class Rules:
    """How the store behaves. A test changes them while it runs."""

    keys: dict[str, Key]
    region: str = "eu-central-1"
    #: The name of its bucket, whatever the embedded store's is.
    bucket: str = "darkroom"
    #: Its name; the bucket's stands before it in virtual addressing. None: it answers to any, in path addressing.
    host: str | None = None
    is_path_allowed: bool = True
    demands_content_md5: bool = False
    refuses_checksums: bool = False
    #: Status and code with which a multi-delete is refused, if it is.
    multi_delete_refusal: tuple[int, str] | None = None
    #: Keys that a multi-delete does not delete, with a code each, in its answer of 200.
    kept: dict[str, str] = field(default_factory=dict)
    #: Google's store answers the DELETE of what is not there with 404.
    is_missing_delete_404: bool = False
    knows_second_list: bool = True
    most_keys_listed: int = 1000
    #: Each page of a list is the first one.
    ignores_marker: bool = False
    #: How far its clock is ahead of this machine's.
    clock_seconds: float = 0
    #: Answers that are refusals, for the next calls, before anything else is looked at.
    next_refusals: list[Refused] = field(default_factory=list)
    #: Where every call is redirected to, if it is.
    redirect: str | None = None


class StrictStore:
    """One store on loopback over the bucket of the embedded one. `seen`: requests, in order."""

    def __init__(self, environment: Mapping[str, str], rules: Rules, *, tls: ssl.SSLContext | None = None) -> None:
        self.environment = environment
        self.rules = rules
        self.seen: list[Request] = []
        self.tls = tls
        self._server = ForwardProxy(self._respond, tls=tls)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), name="strict-store", daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    def _respond(self, request: Request) -> Answer:
        clock = datetime.now(UTC) + timedelta(seconds=self.rules.clock_seconds)
        try:
            answer = self._answer(request, now=clock)
        except Refused as refused:
            details = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in refused.details.items())
            body = f"<Error><Code>{refused.code}</Code><Message>{escape(refused.message)}</Message>{details}</Error>"
            answer = Answer(refused.status, {"content-type": "application/xml"}, body.encode())
        location = {"location": self.rules.redirect} if self.rules.redirect is not None else {}
        return answer._replace(headers={**answer.headers, **location, "date": format_datetime(clock, usegmt=True)})

    def _answer(self, request: Request, *, now: datetime) -> Answer:
        self.seen.append(request)
        rules = self.rules
        if rules.next_refusals:
            raise rules.next_refusals.pop(0)
        if rules.redirect is not None:
            raise Refused(307, "TemporaryRedirect", "Please re-send this request to the specified endpoint.")
        if rules.refuses_checksums and any(name.startswith(_CHECKSUMS) for name in request.headers):
            raise Refused(501, "NotImplemented", "A header you provided implies functionality that is not implemented")
        bucket, key = self._find_object(request)
        check_signature(request, keys=rules.keys, region=rules.region, now=now)
        if bucket != rules.bucket:
            raise Refused(404, "NoSuchBucket", "The specified bucket does not exist")
        if request.method == "POST" and "delete" in request.parameters:
            self._check_multi_delete(request)
            return self._delete_but_for_kept(request)
        if request.method == "DELETE" and rules.is_missing_delete_404:
            found = self._pass_on(request._replace(method="HEAD"), key)
            if found.status == http.client.NOT_FOUND:
                raise Refused(404, "NoSuchKey", "The specified key does not exist.")
        return self._pass_on(request, key)

    def _delete_but_for_kept(self, request: Request) -> Answer:
        kept = {name: code for name, code in self.rules.kept.items() if f"<Key>{name}</Key>".encode() in request.body}
        body = request.body
        for name in kept:
            body = body.replace(f"<Object><Key>{name}</Key></Object>".encode(), b"")
        answer = self._pass_on(request._replace(body=body), "")
        errors = "".join(
            f"<Error><Key>{name}</Key><Code>{code}</Code><Message>Kept.</Message></Error>"
            for name, code in kept.items()
        )
        return answer._replace(body=answer.body.replace(b"</DeleteResult>", f"{errors}</DeleteResult>".encode()))

    def _find_object(self, request: Request) -> tuple[str, str]:
        """The bucket and the key that a request is for."""
        host, name = request.headers["host"].partition(":")[0], self.rules.host
        path = request.path.lstrip("/")
        if name is None or host == name:
            if not self.rules.is_path_allowed:
                raise Refused(403, "SecondLevelDomainForbidden", "Please use virtual hosted style to access.")
            bucket, _, key = path.partition("/")
            return bucket, key
        if host.endswith(f".{name}"):
            return host.removesuffix(f".{name}"), path
        raise Refused(301, "PermanentRedirect", "The bucket must be addressed using the specified endpoint.")

    def _check_multi_delete(self, request: Request) -> None:
        if self.rules.multi_delete_refusal is not None:
            status, code = self.rules.multi_delete_refusal
            raise Refused(status, code, "No.")
        sent = request.headers.get("content-md5")
        if sent is None:
            if self.rules.demands_content_md5 or not any(
                name.startswith("x-amz-checksum-") for name in request.headers
            ):
                raise Refused(400, "MissingContentMD5", "Missing required header for this request: Content-MD5.")
        elif sent != base64.b64encode(hashlib.md5(request.body).digest()).decode():
            raise Refused(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")

    def _pass_on(self, request: Request, key: str) -> Answer:
        environment = self.environment
        parameters = {name: value for name, value in request.parameters.items() if not name.startswith("X-Amz-")}
        if request.method == "GET" and not key:
            parameters["max-keys"] = str(self.rules.most_keys_listed)
            if self.rules.ignores_marker:
                parameters.pop("marker", None)
            if not self.rules.knows_second_list:
                for name in ("list-type", "start-after", "continuation-token"):
                    parameters.pop(name, None)
        address = f"{environment['S3_ENDPOINT_URL']}/{environment['S3_BUCKET']}"
        url = "?".join(filter(None, (f"{address}/{key}" if key else address, urlencode(parameters, quote_via=quote))))
        kept = ("content-type", "cache-control", "content-md5", "x-amz-meta-")
        headers = {name: value for name, value in request.headers.items() if name.startswith(kept)}
        if request.body != b"" and "delete" in parameters:
            headers.pop("content-md5", None)
        signed = AWSRequest(request.method, url, headers, request.body)
        keys = Credentials(environment["S3_ACCESS_KEY_ID"], environment["S3_SECRET_ACCESS_KEY"])
        S3SigV4Auth(keys, "s3", environment["S3_REGION"]).add_auth(signed)
        target = urlsplit(url)
        connection = http.client.HTTPConnection(target.netloc, timeout=20)
        try:
            connection.request(
                request.method, url.removeprefix(f"http://{target.netloc}"), request.body, dict(signed.headers.items())
            )
            response = connection.getresponse()
            passed = ("content-type", "cache-control", "etag", "last-modified", "x-amz-")
            answered = {name.lower(): value for name, value in response.getheaders()}
            return Answer(
                response.status,
                {name: value for name, value in answered.items() if name.startswith(passed)},
                response.read(),
            )
        finally:
            connection.close()
