"""Keys that end: those of a role, and a pair with a session token."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from structlog.testing import capture_logs

from core.artifacts import link_signer
from core.artifacts.storage import bucket, prepare_clients, sign_download
from core.errors import StorageUnavailable
from infra.local.environment import inherit
from tests.object_store.conftest import KEY_ID, SECRET, OpenStore
from tests.object_store.role import Role, RoleKeys
from tests.object_store.signatures import Key
from tests.object_store.strict_store import Rules

OpenRole = Callable[..., Role]

KEY = "artifacts/job_1/1/0.png"
HOUR, DAY, WEEK = 3_600, 86_400, 604_800

#: What leaves the settings without keys.
NO_KEYS = {"S3_ACCESS_KEY_ID": "", "S3_SECRET_ACCESS_KEY": ""}


def put() -> None:
    bucket().put(KEY, b"pixels", media_type="image/png", sha256="0" * 64)


def read_expiry(url: str) -> datetime:
    """When the link ends, by its own parameters."""
    fields = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    signed_at = datetime.strptime(fields["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return signed_at + timedelta(seconds=int(fields["X-Amz-Expires"]))


def test_a_link_of_a_role_promises_no_more_than_its_keys(open_store: OpenStore, open_role: OpenRole) -> None:
    """A link that was asked for a week says the end of the keys that signed it, works until then, and not after."""
    role = open_role(RoleKeys.lasting(HOUR))
    [key] = role.keys.values()
    assert key.ends_at is not None
    store = open_store(rules=Rules(keys=role.keys), DOWNLOAD_URL_SECONDS=str(WEEK), **NO_KEYS)
    put()

    url, expires_at = sign_download(KEY)

    assert abs((expires_at - key.ends_at).total_seconds()) <= 2
    assert expires_at <= key.ends_at
    assert expires_at <= read_expiry(url) <= key.ends_at + timedelta(seconds=1)
    assert httpx2.get(url).content == b"pixels"
    store.rules.clock_seconds = (expires_at - datetime.now(UTC)).total_seconds() - 5
    assert httpx2.get(url).status_code == 200
    store.rules.clock_seconds += 10
    assert httpx2.get(url).status_code in (400, 403)


def test_keys_with_too_little_left_are_renewed_first(open_store: OpenStore, open_role: OpenRole) -> None:
    """The role is asked for fresh keys if the present ones would end before the link, though boto3 would keep them."""
    role = open_role(RoleKeys.lasting(30 * 60), RoleKeys.lasting(6 * HOUR, number=2))
    open_store(rules=Rules(keys=role.keys), DOWNLOAD_URL_SECONDS=str(2 * HOUR), **NO_KEYS)
    put()

    url, expires_at = sign_download(KEY)

    assert abs((expires_at - datetime.now(UTC)).total_seconds() - 2 * HOUR) <= 2
    assert "ASIAROLE2" in url
    assert httpx2.get(url).content == b"pixels"
    for _ in range(20):
        sign_download(KEY)
    assert role.asked == 2


def test_a_role_is_not_asked_for_every_link(
    open_store: OpenStore, open_role: OpenRole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys that never last as long as links should are asked for again after five minutes, not at each link."""
    role = open_role(*(RoleKeys.lasting(HOUR + number, number=number) for number in range(4)))
    open_store(rules=Rules(keys=role.keys), DOWNLOAD_URL_SECONDS=str(DAY), **NO_KEYS)

    for _ in range(20):
        sign_download(KEY)
    assert role.asked == 2

    monkeypatch.setattr(link_signer, "_RENEWAL_SECONDS", 0.0)
    url, _ = sign_download(KEY)
    assert role.asked == 3
    assert "ASIAROLE2" in url


def test_keys_that_last_are_not_renewed(open_store: OpenStore, open_role: OpenRole) -> None:
    """A link of the usual quarter of an hour has it in full, and costs no call of the role."""
    role = open_role(RoleKeys.lasting(HOUR))
    open_store(rules=Rules(keys=role.keys), **NO_KEYS)

    expiries = [sign_download(KEY)[1] for _ in range(20)]

    assert all(abs((expires_at - datetime.now(UTC)).total_seconds() - 900) <= 2 for expires_at in expiries)
    assert role.asked == 1


def test_threads_renew_once(open_store: OpenStore, open_role: OpenRole) -> None:
    """Of many threads that sign at once, one asks the role; no link of the others promises too much."""
    role = open_role(*(RoleKeys.lasting(HOUR * number, number=number) for number in (1, 2, 3, 4)))
    open_store(rules=Rules(keys=role.keys), DOWNLOAD_URL_SECONDS=str(DAY), **NO_KEYS)
    prepare_clients()
    start, signed = threading.Barrier(16), []

    def sign() -> None:
        start.wait()
        signed.append(sign_download(KEY))

    threads = [threading.Thread(target=sign) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert role.asked == 2
    for url, expires_at in signed:
        key_id = parse_qs(urlsplit(url).query)["X-Amz-Credential"][0].partition("/")[0]
        ends_at = role.keys[key_id].ends_at
        assert ends_at is not None
        assert expires_at <= ends_at


def test_a_role_that_does_not_answer_costs_no_valid_link(open_store: OpenStore, open_role: OpenRole) -> None:
    """While the keys at hand are valid, links are signed with them, up to their end, and the log says why."""
    role = open_role(RoleKeys.lasting(HOUR))
    open_store(rules=Rules(keys=role.keys), DOWNLOAD_URL_SECONDS=str(DAY), **NO_KEYS)
    prepare_clients()
    role.is_failing = True

    with capture_logs() as logs:
        url, expires_at = sign_download(KEY)

    [key] = role.keys.values()
    assert key.ends_at is not None
    assert expires_at <= key.ends_at
    assert "ASIAROLE1" in url
    assert [entry["event"] for entry in logs] == ["link_keys_not_renewed"]


@pytest.mark.slow
def test_without_a_role_that_answers_there_is_a_clear_error(open_store: OpenStore, open_role: OpenRole) -> None:
    """The start survives it, and every use of the store is storage_unavailable; when the role answers, all works."""
    role = open_role(RoleKeys.lasting(HOUR))
    role.is_failing = True
    open_store(rules=Rules(keys=role.keys), **NO_KEYS)

    with capture_logs() as logs:
        prepare_clients()
    assert [entry["event"] for entry in logs] == ["store_clients_not_prepared"]
    with pytest.raises(StorageUnavailable, match="role"):
        put()
    with pytest.raises(StorageUnavailable, match="role"):
        sign_download(KEY)

    role.is_failing = False
    put()
    assert httpx2.get(sign_download(KEY)[0]).content == b"pixels"


def test_a_role_of_ended_keys_is_a_clear_error(open_store: OpenStore, open_role: OpenRole) -> None:
    """Keys that have ended when they are handed out are storage_unavailable, and so say upload and link."""
    role = open_role(RoleKeys.lasting(-5))
    open_store(rules=Rules(keys=role.keys), **NO_KEYS)

    for use in (put, lambda: sign_download(KEY)):
        with pytest.raises(StorageUnavailable, match="expired"):
            use()


def test_without_any_keys_there_is_a_clear_error(open_store: OpenStore) -> None:
    """The error names the settings."""
    open_store(**NO_KEYS)

    for use in (put, lambda: sign_download(KEY)):
        with pytest.raises(StorageUnavailable, match="S3_ACCESS_KEY_ID"):
            use()


@pytest.mark.parametrize("name", ["S3_SESSION_TOKEN", "AWS_SESSION_TOKEN"])
def test_a_session_token_is_signed(open_store: OpenStore, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Uploads and links of a temporary pair carry its token, from our setting or from boto3's."""
    open_store(rules=Rules(keys={KEY_ID: Key(SECRET, "a token/+=")}))
    monkeypatch.setenv(name, "a token/+=")

    put()
    url, _ = sign_download(KEY)

    assert parse_qs(urlsplit(url).query)["X-Amz-Security-Token"] == ["a token/+="]
    assert httpx2.get(url).content == b"pixels"


def test_the_token_of_another_key_is_left_alone(open_store: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_SESSION_TOKEN belongs to AWS_ACCESS_KEY_ID: a pair of ours for another store does not get it."""
    open_store()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIASOMEBODY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of somebody")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of somebody")

    put()

    assert httpx2.get(sign_download(KEY)[0]).content == b"pixels"


def test_the_embedded_stack_takes_no_token_of_its_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a key pair of its own, which a token in the caller's environment does not belong to."""
    for name in ("S3_SESSION_TOKEN", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "of another pair")

    assert not {"S3_SESSION_TOKEN", "AWS_SESSION_TOKEN"} & inherit({}).keys()


def test_keys_of_the_environment_end_when_it_says(open_store: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_CREDENTIAL_EXPIRATION, which tools write beside temporary keys, bounds the links."""
    ends_at = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=40)
    open_store(
        rules=Rules(keys={"ASIAENV": Key("secret", "token", ends_at)}), DOWNLOAD_URL_SECONDS=str(WEEK), **NO_KEYS
    )
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", ends_at.isoformat())
    put()

    url, expires_at = sign_download(KEY)

    assert ends_at - timedelta(seconds=2) <= expires_at <= ends_at
    assert httpx2.get(url).content == b"pixels"


def test_an_ended_pair_is_named(open_store: OpenStore) -> None:
    """A pair whose time is over is an error that says which settings to renew."""
    open_store(
        rules=Rules(keys={KEY_ID: Key(SECRET, "token", datetime.now(UTC) - timedelta(seconds=1))}),
        S3_SESSION_TOKEN="token",
    )

    with pytest.raises(StorageUnavailable, match="S3_SESSION_TOKEN"):
        put()


def test_amazon_takes_a_roles_keys(open_amazon: OpenStore, open_role: OpenRole) -> None:
    """As on AWS itself: a role's keys, a region's own host, a link that its customer can use."""
    role = open_role(RoleKeys.lasting(HOUR))
    store = open_amazon("eu-south-1", rules=Rules(keys=role.keys), **NO_KEYS)
    put()

    with httpx2.Client(proxy=store.url, verify=ssl.create_default_context()) as client:
        assert client.get(sign_download(KEY)[0]).content == b"pixels"
