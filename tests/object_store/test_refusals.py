"""A store that refuses is named with what to do about it, and what passes by itself is tried again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from core.artifacts.storage import bucket, bucket_in_a_hurry
from core.errors import ObjectMissing, StorageUnavailable
from core.settings import Settings
from tests.integration.conftest import Post
from tests.object_store.conftest import OpenStore
from tests.object_store.signatures import Key, Refused
from tests.unit.pictures import png_uri

KEY = "artifacts/job_1/1/0.png"

USES: dict[str, Callable[[], object]] = {
    "put": lambda: bucket_in_a_hurry().put(KEY, b"pixels", media_type="image/png", sha256="0" * 64),
    "get": lambda: bucket_in_a_hurry().get(KEY),
    "list": lambda: list(bucket_in_a_hurry().list_objects("artifacts/")),
    "delete": lambda: bucket_in_a_hurry().delete(KEY),
    "delete many": lambda: bucket_in_a_hurry().delete_many([KEY, KEY + "2"]),
}


def put() -> None:
    USES["put"]()


@pytest.fixture(params=list(USES.values()), ids=list(USES))
def use(request: pytest.FixtureRequest) -> Callable[[], object]:
    """Each call that the service makes."""
    called: Callable[[], object] = request.param
    return called


@pytest.mark.parametrize(("seconds", "direction"), [(3_600, "behind"), (-3_600, "ahead of")])
def test_a_clock_that_is_off_is_named(
    open_store: OpenStore, use: Callable[[], object], seconds: float, direction: str
) -> None:
    """The message says which way this machine's clock is off, by how much, and to set it."""
    open_store().rules.clock_seconds = seconds

    with pytest.raises(StorageUnavailable, match=rf"3(59\d|60\d) s {direction} the store's: set .* NTP"):
        use()


def test_the_buckets_region_is_named(open_amazon: OpenStore, use: Callable[[], object]) -> None:
    """A bucket of another region is an error that names the region: links would lead to the wrong one."""
    store = open_amazon("us-east-1")
    store.rules.region = "eu-central-1"

    with pytest.raises(StorageUnavailable, match="set S3_REGION=eu-central-1"):
        use()

    assert {request.headers["host"] for request in store.seen} == {"darkroom.s3.us-east-1.amazonaws.com"}


def test_the_region_that_an_endpoint_wants_is_named(open_store: OpenStore, use: Callable[[], object]) -> None:
    """So it is where there is an endpoint, whatever word its region is."""
    open_store(S3_REGION="us-east-1").rules.region = "garage"

    with pytest.raises(StorageUnavailable, match="set S3_REGION=garage"):
        use()


def test_a_redirect_is_named_with_where_it_leads(open_store: OpenStore, use: Callable[[], object]) -> None:
    """A proxy that sends http:// to https:// is an error with the address to set."""
    store = open_store()
    store.rules.redirect = "https://store.example/darkroom/x?list-type=2"

    with pytest.raises(StorageUnavailable, match=r"the store is at https://store\.example: set S3_ENDPOINT_URL"):
        use()


def test_a_store_that_is_busy_is_asked_again(open_store: OpenStore, use: Callable[[], object]) -> None:
    """One 503 SlowDown, or 500, costs a moment."""
    store = open_store()
    put()

    for status, code in (
        (503, "SlowDown"),
        (503, "ServiceUnavailable"),
        (500, "InternalError"),
        (429, "TooManyRequests"),
    ):
        store.rules.next_refusals = [Refused(status, code, "Please reduce your request rate.")]
        use()
        put()


def test_a_store_that_stays_busy_is_named(open_store: OpenStore, use: Callable[[], object]) -> None:
    """After the last try the message says what asks less of it."""
    open_store().rules.next_refusals = [Refused(503, "SlowDown", "Please reduce your request rate.")] * 50

    with pytest.raises(StorageUnavailable, match=r"SlowDown.*S3_UPLOAD_THREADS"):
        use()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"keys": {}}, "S3_ACCESS_KEY_ID"),
        ({"keys": {"AKIAOURS": Key("another")}}, "S3_SECRET_ACCESS_KEY"),
        ({"keys": {"AKIAOURS": Key("the secret of ours/+", "token")}}, "S3_SESSION_TOKEN"),
        ({"bucket": "another"}, "S3_BUCKET"),
        ({"is_path_allowed": False}, "S3_ADDRESSING=virtual"),
        ({"next_refusals": [Refused(403, "AccessDenied", "Access Denied")] * 9}, "rights"),
    ],
)
def test_what_is_set_wrong_is_named(
    open_store: OpenStore, use: Callable[[], object], change: dict[str, object], words: str
) -> None:
    """A refusal names the setting that causes it."""
    store = open_store()
    for name, value in change.items():
        setattr(store.rules, name, value)

    with pytest.raises(StorageUnavailable, match=words):
        use()


def test_no_checksums_are_sent_unasked(open_amazon: OpenStore, use: Callable[[], object]) -> None:
    """A store that refuses checksums and trailers takes everything, over TLS too."""
    store = open_amazon("eu-central-1")
    put()
    store.rules.refuses_checksums = True

    use()

    assert {request.headers.get("content-md5") is None for request in store.seen if request.body} == {False}


def test_checksums_are_sent_where_they_are_asked_for(open_store: OpenStore, use: Callable[[], object]) -> None:
    """S3_CHECKSUMS=when_supported adds them to an upload and to a multi-delete, and a store that knows them takes both."""
    store = open_store(S3_CHECKSUMS="when_supported")
    put()

    use()

    sent = [request.headers for request in store.seen if request.body]
    assert sent
    assert all("x-amz-checksum-crc32" in headers for headers in sent)


def test_checksums_that_a_store_refuses_are_named(open_amazon: OpenStore) -> None:
    """Where they are asked for, the error says which setting asks."""
    store = open_amazon("eu-central-1", S3_CHECKSUMS="when_supported")
    store.rules.refuses_checksums = True

    with pytest.raises(StorageUnavailable, match="S3_CHECKSUMS"):
        put()

    assert "x-amz-trailer" in store.seen[-1].headers


def test_what_is_missing_is_not_unavailable(open_store: OpenStore) -> None:
    """A missing object is told from a missing bucket."""
    store = open_store()
    with pytest.raises(ObjectMissing):
        bucket().get("artifacts/none")

    store.rules.bucket = "another"
    with pytest.raises(StorageUnavailable, match="S3_BUCKET") as raised:
        bucket().get("artifacts/none")
    assert not isinstance(raised.value, ObjectMissing)


def test_a_dead_store_is_named(open_store: OpenStore, use: Callable[[], object]) -> None:
    """Nothing at the endpoint: the error names it and its setting."""
    open_store(S3_ENDPOINT_URL="http://127.0.0.1:9")

    with pytest.raises(StorageUnavailable, match=r"127\.0\.0\.1:9.*S3_ENDPOINT_URL"):
        use()


def test_an_unknown_certificate_is_named(
    open_amazon: OpenStore, monkeypatch: pytest.MonkeyPatch, use: Callable[[], object]
) -> None:
    """The certificate of an authority that nobody named: the error says how to name it."""
    open_amazon("eu-central-1")
    monkeypatch.delenv("AWS_CA_BUNDLE")

    with pytest.raises(StorageUnavailable, match="AWS_CA_BUNDLE"):
        use()


def test_customers_are_not_shown_how_the_store_is_set_up(open_store: OpenStore, post: Post) -> None:
    """A submit that needs the store is 503 with a time to come back; the advice is in the log alone."""
    store = open_store()
    store.rules.next_refusals = [Refused(503, "SlowDown", "Please reduce your request rate.")] * 50

    with capture_logs() as logs:
        answer = post({"prompt": "a mug", "image": png_uri()})

    problem = answer.get_json(force=True)
    assert (answer.status_code, problem["code"]) == (503, "storage_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert not [word for word in ("S3", "SlowDown", "inputs/", "PutObject") if word in answer.text]
    assert any("S3_UPLOAD_THREADS" in entry.get("error", "") for entry in logs)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"S3_ACCESS_KEY_ID": "AKIA"}, "S3_SECRET_ACCESS_KEY"),
        ({"S3_SECRET_ACCESS_KEY": "secret"}, "S3_ACCESS_KEY_ID"),
        ({"S3_SESSION_TOKEN": "token"}, "S3_ACCESS_KEY_ID"),
        ({"S3_ADDRESSING": "subdomain"}, "s3_addressing"),
        ({"S3_ENDPOINT_URL": "store.example:9000"}, "s3_endpoint_url"),
        ({"S3_PUBLIC_ENDPOINT_URL": "//store.example"}, "s3_public_endpoint_url"),
        ({"S3_ENDPOINT_URL": "http://object_store:8333"}, "s3_endpoint_url(.|\n)*no '_'"),
        ({"S3_ENDPOINT_URL": "http://"}, "s3_endpoint_url"),
        ({"S3_ENDPOINT_URL": "http://[::1"}, "s3_endpoint_url"),
        ({"S3_ENDPOINT_URL": "http://store:99999"}, "s3_endpoint_url"),
        ({"S3_ENDPOINT_URL": "http://store:0"}, "s3_endpoint_url"),
        ({"S3_ENDPOINT_URL": "http://key:secret@store"}, "s3_endpoint_url"),
        ({"S3_PUBLIC_ENDPOINT_URL": "https://store.example?x=1"}, "s3_public_endpoint_url"),
        ({"S3_REGION": "eu central"}, "s3_region"),
        ({"S3_BUCKET": "our/bucket"}, "s3_bucket"),
        (
            {"S3_ENDPOINT_URL": "https://account.r2.cloudflarestorage.com/darkroom"},
            "S3_ENDPOINT_URL.*without the bucket",
        ),
        ({"S3_ENDPOINT_URL": "https://store.example/darkroom/"}, "S3_ENDPOINT_URL.*without the bucket"),
        (
            {"S3_PUBLIC_ENDPOINT_URL": "https://darkroom.s3.eu-central-1.amazonaws.com"},
            "S3_PUBLIC_ENDPOINT_URL.*without",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused_at_start(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], words: str
) -> None:
    """Each error names the setting."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "ENDPOINT_URL", "PUBLIC_ENDPOINT_URL"):
        monkeypatch.delenv(f"S3_{name}", raising=False)
    monkeypatch.setenv("API_KEY_PEPPER", "x" * 32)
    monkeypatch.setenv("S3_BUCKET", "darkroom")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError, match=words):
        Settings()


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:9000", "http://[::1]:9000", "http://object-store:8333", "https://S3.Example.COM./store/v1"],
)
def test_every_address_of_a_store_is_taken(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Names, numbers and a folder on the host."""
    monkeypatch.setenv("API_KEY_PEPPER", "x" * 32)
    monkeypatch.setenv("S3_ENDPOINT_URL", address)

    assert Settings().s3_endpoint_url == address


def test_a_store_of_our_name_is_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host or a folder that only begins like the bucket is the operator's own."""
    monkeypatch.setenv("API_KEY_PEPPER", "x" * 32)
    monkeypatch.setenv("S3_ENDPOINT_URL", "https://darkroom.example.com/darkrooms/")
    monkeypatch.setenv("S3_PUBLIC_ENDPOINT_URL", "https://darkroom-store.example.com")

    assert Settings().s3_endpoint_url == "https://darkroom.example.com/darkrooms"
