from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import boto3
import pytest
import trustme

from core.artifacts import storage
from core.settings import get_settings
from infra.local import LocalStack
from infra.local.settings import BUCKET
from tests.integration.conftest import account_id, api_key, client, database, post, submit  # noqa: F401  (fixtures)
from tests.object_store.role import Role, RoleKeys
from tests.object_store.signatures import Key
from tests.object_store.strict_store import Rules, StrictStore

#: Opens a store with these rules, and points this process' settings at it; further settings by their names.
OpenStore = Callable[..., StrictStore]

KEY_ID, SECRET = "AKIAOURS", "the secret of ours/+"

#: Variables of boto3 that would change what is tested.
_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL_S3")


@pytest.fixture
def open_store(servers: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenStore]:
    """By default it is reached directly, in path addressing, with a key pair of its own."""
    with ExitStack() as stack:

        def open_one(*, tls: ssl.SSLContext | None = None, rules: Rules | None = None, **settings: str) -> StrictStore:
            rules = rules or Rules(keys={KEY_ID: Key(SECRET)})
            store = stack.enter_context(StrictStore(servers.environment, rules, tls=tls))
            for name in _VARIABLES:
                monkeypatch.delenv(name, raising=False)
            monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
            monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
            monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
            for name, value in {
                "S3_ENDPOINT_URL": store.url,
                "S3_PUBLIC_ENDPOINT_URL": store.url,
                "S3_REGION": rules.region,
                "S3_ACCESS_KEY_ID": KEY_ID,
                "S3_SECRET_ACCESS_KEY": SECRET,
                **settings,
            }.items():
                if value:
                    monkeypatch.setenv(name, value)
                else:
                    monkeypatch.delenv(name, raising=False)
            forget_clients()
            return store

        yield open_one
        monkeypatch.undo()
        forget_clients()


@pytest.fixture
def open_amazon(open_store: OpenStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> OpenStore:
    """AWS itself, as far as a client can see: the real host names with certificates for them, behind a proxy."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))

    def open_one(
        region: str, *, domain: str = "amazonaws.com", rules: Rules | None = None, **settings: str
    ) -> StrictStore:
        host = f"s3.{region}.{domain}"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # As AWS' certificates: one label before the host, and no more.
        names = (host, f"*.{host}", "s3.amazonaws.com", "*.s3.amazonaws.com")
        authority.issue_cert(*names).configure_cert(context)
        rules = rules or Rules(keys={KEY_ID: Key(SECRET)})
        rules.region, rules.host = region, host
        settings = {"S3_ENDPOINT_URL": "", "S3_PUBLIC_ENDPOINT_URL": "", "S3_REGION": region, **settings}
        store = open_store(tls=context, rules=rules, **settings)
        monkeypatch.setenv("HTTPS_PROXY", store.url)
        monkeypatch.setenv("HTTP_PROXY", store.url)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "authority.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        return store

    return open_one


@pytest.fixture
def open_role(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Role]]:
    """A role of the container, which boto3 asks for keys when it is given none."""
    with ExitStack() as stack:

        def open_one(*sets: RoleKeys) -> Role:
            role = stack.enter_context(Role(*sets))
            monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", role.url)
            return role

        yield open_one


@pytest.fixture(scope="session")
def embedded(servers: LocalStack) -> Iterator[Any]:
    """A client of the embedded store itself."""
    environment = servers.environment
    with closing(
        boto3.client(
            "s3",
            endpoint_url=environment["S3_ENDPOINT_URL"],
            region_name=environment["S3_REGION"],
            aws_access_key_id=environment["S3_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["S3_SECRET_ACCESS_KEY"],
        )
    ) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _empty_bucket(embedded: Any) -> Iterator[None]:
    """What a test leaves is deleted."""
    yield
    for item in embedded.list_objects(Bucket=BUCKET).get("Contents", []):
        embedded.delete_object(Bucket=BUCKET, Key=item["Key"])


def forget_clients() -> None:
    """Have the next call read the settings again."""
    get_settings.cache_clear()
    for built in (storage.bucket, storage.bucket_in_a_hurry, storage._link_signer, storage._session):
        built.cache_clear()
