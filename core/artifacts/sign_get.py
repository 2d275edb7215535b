"""Sign a GET address as S3 wants it (Signature Version 4, in the query). boto3 takes half a millisecond for that, and a list
of jobs has a hundred links.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, Self
from urllib.parse import quote, urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}

#: Stands for the key in the address that boto3 makes.
EXAMPLE_KEY = "example"


class Credentials(Protocol):
    """A key pair as botocore has it."""

    access_key: str
    secret_key: str
    token: str | None


@dataclass(frozen=True)
class BucketAddress:
    """Where the bucket's objects are, for the people who download them."""

    #: Up to the key: `https://host/bucket/` or `https://bucket.host/`.
    base: str
    #: What the signature names: the Host header, the path up to the key, and the region.
    host: str
    path: str
    region: str

    @classmethod
    def of(cls, presigned: str) -> Self:
        """Takes the parts of an address that boto3 has signed for the key `EXAMPLE_KEY`."""
        address = urlsplit(presigned)
        scope = next(part for part in address.query.split("&") if part.startswith("X-Amz-Credential="))
        return cls(
            base=presigned.partition("?")[0].removesuffix(EXAMPLE_KEY),
            host=address.netloc.removesuffix(_DEFAULT_PORTS[address.scheme]),
            path=address.path.removesuffix(EXAMPLE_KEY),
            region=scope.split("%2F")[2],
        )


class LinkMaker:
    """Signs links of one moment (UTC), which work for `seconds` from then: what they have in common is made once."""

    def __init__(self, address: BucketAddress, credentials: Credentials, *, now: datetime, seconds: int) -> None:
        moment = now.strftime("%Y%m%dT%H%M%SZ")
        scope = f"{moment[:8]}/{address.region}/s3/aws4_request"
        token = f"&X-Amz-Security-Token={_escape(credentials.token)}" if credentials.token else ""
        query = (
            f"X-Amz-Algorithm={_ALGORITHM}&X-Amz-Credential={_escape(f'{credentials.access_key}/{scope}')}"
            f"&X-Amz-Date={moment}&X-Amz-Expires={seconds}{token}&X-Amz-SignedHeaders=host"
        )
        self.expires_at = now.replace(microsecond=0) + timedelta(seconds=seconds)
        self._base, self._query = address.base, query
        self._request = f"GET\n{address.path}", f"\n{query}\nhost:{address.host}\n\nhost\nUNSIGNED-PAYLOAD"
        self._to_sign = f"{_ALGORITHM}\n{moment}\n{scope}\n"
        self._key = f"AWS4{credentials.secret_key}".encode()
        for part in scope.split("/"):
            self._key = hmac.digest(self._key, part.encode(), "sha256")

    def sign(self, key: str) -> str:
        """Returns the address of an object."""
        name = quote(key, safe="/-_.~")
        request = name.join(self._request)
        text = f"{self._to_sign}{hashlib.sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(self._key, text.encode(), "sha256").hex()
        return f"{self._base}{name}?{self._query}&X-Amz-Signature={signature}"


def _escape(text: str) -> str:
    return quote(text, safe="-_.~")
