"""Links that we sign ourselves."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config

from core.artifacts.sign_get import EXAMPLE_KEY, BucketAddress, LinkMaker

_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize("key", ["artifacts/job_1/2/0.png", "inputs/job_1/image.2.png", "a key/with ü+&=?~.png"])
@pytest.mark.parametrize("token", [None, "a token/+="])
@pytest.mark.parametrize(
    ("endpoint", "addressing"),
    [
        (None, "virtual"),
        ("http://127.0.0.1:9000", "path"),
        ("https://store.example:443/", "path"),
        ("http://store.example:80", "virtual"),
        ("https://store.example:8443", "virtual"),
    ],
)
def test_a_link_is_the_one_that_boto3_signs(key: str, token: str | None, endpoint: str | None, addressing: str) -> None:
    """Address, parameters and signature are boto3's own, of the same moment."""
    session = boto3.Session("AKIAEXAMPLE", _SECRET, aws_session_token=token, region_name="eu-central-1")
    client = session.client(
        "s3", endpoint_url=endpoint, config=Config(signature_version="s3v4", s3={"addressing_style": addressing})
    )

    def presign(name: str) -> str:
        link: str = client.generate_presigned_url("get_object", Params={"Bucket": "images", "Key": name}, ExpiresIn=900)
        return link

    theirs = presign(key)
    moment = parse_qs(urlsplit(theirs).query)["X-Amz-Date"][0]
    now = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    credentials = session.get_credentials()
    assert credentials is not None
    links = LinkMaker(
        BucketAddress.of(presign(EXAMPLE_KEY)), credentials.get_frozen_credentials(), now=now, seconds=900
    )

    assert _read(links.sign(key)) == _read(theirs)
    assert (links.expires_at - now).total_seconds() == 900


def _read(link: str) -> tuple[str, dict[str, list[str]]]:
    return link.partition("?")[0], parse_qs(urlsplit(link).query)
