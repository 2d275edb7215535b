"""Where the bucket's name stands in an address, and for which region it is signed."""

from __future__ import annotations

import hashlib
import ssl
from urllib.parse import urlsplit

import httpx2
import pytest

from core.artifacts.storage import bucket, sign_download
from tests.object_store.conftest import KEY_ID, SECRET, OpenStore
from tests.object_store.signatures import Key
from tests.object_store.strict_store import Rules, StrictStore

BODY = b"the bytes of an image"
KEY = "artifacts/job_1/1/0.png"


def put() -> None:
    bucket().put(KEY, BODY, media_type="image/png", sha256=hashlib.sha256(BODY).hexdigest())


def fetch(url: str, store: StrictStore) -> httpx2.Response:
    """As a customer does it, who knows nothing but the link."""
    assert store.tls is None or urlsplit(url).scheme == "https"
    with httpx2.Client(proxy=store.url, verify=ssl.create_default_context()) as client:
        return client.get(url)


@pytest.mark.parametrize(
    ("region", "domain"),
    [
        ("eu-central-1", "amazonaws.com"),
        ("us-east-1", "amazonaws.com"),
        ("eu-south-1", "amazonaws.com"),
        ("me-south-1", "amazonaws.com"),
        ("mx-central-1", "amazonaws.com"),
        ("us-gov-west-1", "amazonaws.com"),
        ("cn-north-1", "amazonaws.com.cn"),
        ("eu-isoe-west-1", "cloud.adc-e.uk"),
        ("xx-future-1", "amazonaws.com"),
    ],
)
def test_amazon_is_addressed_at_the_regions_own_host(open_amazon: OpenStore, region: str, domain: str) -> None:
    """Without an endpoint an upload and its link go to the bucket's host in the region, over TLS, and both are taken."""
    store = open_amazon(region, domain=domain)

    put()
    url, _ = sign_download(KEY)

    assert url.startswith(f"https://darkroom.s3.{region}.{domain}/{KEY}?")
    assert fetch(url, store).content == BODY
    assert {request.headers["host"] for request in store.seen} == {f"darkroom.s3.{region}.{domain}"}


@pytest.mark.parametrize("addressing", ["auto", "virtual", "path"])
def test_a_dot_in_the_buckets_name_leaves_tls_whole(open_amazon: OpenStore, addressing: str) -> None:
    """No certificate covers two labels before the host, so such a bucket is named in the path, whatever the setting says."""
    store = open_amazon("eu-central-1", S3_BUCKET="our.darkroom", S3_ADDRESSING=addressing)
    store.rules.bucket = "our.darkroom"

    put()
    url, _ = sign_download(KEY)

    assert url.startswith(f"https://s3.eu-central-1.amazonaws.com/our.darkroom/{KEY}?")
    assert fetch(url, store).content == BODY


@pytest.mark.parametrize(
    ("addressing", "address"),
    [
        ("auto", "http://s3.store.example/darkroom/"),
        ("path", "http://s3.store.example/darkroom/"),
        ("virtual", "http://darkroom.s3.store.example/"),
    ],
)
def test_an_endpoint_is_addressed_as_the_setting_says(open_amazon: OpenStore, addressing: str, address: str) -> None:
    """With an endpoint the bucket stands in the path, unless the setting says otherwise, for uploads and links alike."""
    store = open_amazon(
        "eu-central-1",
        S3_ENDPOINT_URL="http://s3.store.example",
        S3_PUBLIC_ENDPOINT_URL="http://s3.store.example/",
        S3_ADDRESSING=addressing,
    )
    store.tls, store.rules.host = None, "s3.store.example"
    store.rules.is_path_allowed = addressing != "virtual"

    put()
    url, _ = sign_download(KEY)

    assert url.startswith(f"{address}{KEY}?")
    assert fetch(url, store).content == BODY
    assert {request.headers["host"] for request in store.seen} == {urlsplit(address).netloc}


def test_links_carry_the_public_address(open_store: OpenStore) -> None:
    """The public endpoint is addressed by the same rule, and its links are signed for its own host."""
    store = open_store(S3_PUBLIC_ENDPOINT_URL="http://pictures.example:8080", S3_ADDRESSING="virtual")
    put()

    url, _ = sign_download(KEY)
    store.rules.host = "pictures.example"

    assert url.startswith(f"http://darkroom.pictures.example:8080/{KEY}?")
    with httpx2.Client(proxy=store.url) as client:
        assert client.get(url).content == BODY
        assert client.get(url.replace("darkroom.pictures", "pictures")).status_code != 200


@pytest.mark.parametrize("address", ["http://127.0.0.1:9000", "http://[::1]:9000"])
def test_an_address_of_numbers_has_no_names_before_it(open_store: OpenStore, address: str) -> None:
    """An IP address is addressed by path even where virtual addressing is asked for: it has no subdomains."""
    open_store(S3_PUBLIC_ENDPOINT_URL=address, S3_ADDRESSING="virtual")

    url, _ = sign_download(KEY)

    assert url.startswith(f"{address}/darkroom/{KEY}?")


@pytest.mark.parametrize("region", ["eu-central-1", "garage", "auto"])
def test_the_region_of_an_endpoint_is_signed(open_store: OpenStore, region: str) -> None:
    """A store that insists on a region of its own name takes what is signed for it."""
    store = open_store(rules=Rules(keys={KEY_ID: Key(SECRET)}, region=region))

    put()

    assert fetch(sign_download(KEY)[0], store).content == BODY
