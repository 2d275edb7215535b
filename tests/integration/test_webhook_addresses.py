"""Which addresses a webhook endpoint may be created with: the rule that a delivery goes by, without a look-up."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from core.settings import get_settings
from core.webhooks.addresses import find_url_error, parse_networks
from worker.webhooks.post import post as deliver

PRIVATE_HOSTS = [
    *("localhost", "LOCALHOST", "localhost.", "a.localhost", "receiver", "receiver."),
    *("printer.local", "db.internal", "db.internal.", "wiki.intranet", "nas.lan", "box.home", "box.home.arpa"),
    *("x.localdomain", "x.corp", "x.private", "metadata.google.internal"),
    *("127.0.0.1", "127.0.0.1.", "127.1", "0x7f.1", "0x7F000001", "0177.0.0.1", "2130706433", "017700000001", "0"),
    *("10.1.2.3", "169.254.169.254", "192.168.1.1", "0.0.0.0", "100.64.0.1"),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::7f00:1]", "[fe80::1]", "[fd00::1]"),
    *("[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
]

IMPOSSIBLE_HOSTS = [
    *("256.0.0.1", "4294967297", "1.2.3.4.5", "0x7g.1", "example.1", "example.0x7f", "127.0.0.1..", "09.1.2.3"),
    *(
        "[::1%25lo]",
        "[fe80::1%25eth0]",
        "[::1%lo]",
        "[::1.]",
        "[1:2]",
        "[v1.x]",
        "exa mple.com",
        "example..com",
        ".com",
    ),
    *(
        "%6cocalhost",
        "loc\u0430lhost",
        "127。0。0。1",
        "a" * 64 + ".com",
        "user@example.com",
        "user:word@example.com",
        "@example.com",
    ),
]

PUBLIC_HOSTS = [
    *(
        "example.com",
        "EXAMPLE.com",
        "example.com.",
        "a-b.example.co.uk",
        "xn--bcher-kva.example.com",
        "127.0.0.1.nip.io",
    ),
    *(
        "93.184.216.34",
        "93.184.216.34.",
        "1.1.1.1",
        "[2606:4700:4700::1111]",
        "local.example.com",
        "x.localhost.example.com",
    ),
]


@pytest.mark.parametrize("host", [*PRIVATE_HOSTS, *IMPOSSIBLE_HOSTS])
def test_an_endpoint_that_could_never_be_called_is_refused(host: str) -> None:
    """However a private or impossible address is spelled, and whichever name only private networks have."""
    error = find_url_error(f"https://{host}/hook", allow_http=False, allowed=())

    assert error is not None
    assert len(error) < 100


@pytest.mark.parametrize("host", PUBLIC_HOSTS)
def test_a_public_address_is_taken(host: str) -> None:
    """Ordinary names, punycode, a trailing dot, and public addresses; a name's own address is checked at delivery."""
    assert find_url_error(f"https://{host}:8443/hook?x=1", allow_http=False, allowed=()) is None


@pytest.mark.parametrize("host", PRIVATE_HOSTS)
def test_a_delivery_goes_by_the_same_rule(host: str) -> None:
    """What creation refuses is not called either, so endpoints of an earlier release gain nothing."""
    outcome = deliver(f"http://{host}:9/", b"{}", {}, timeout_seconds=5, allowed_networks=())

    assert (outcome.status_code, outcome.failure) == (None, "AddressRefused")


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "0x7f.1", "[::ffff:127.0.0.1]", "receiver", "hooks.svc.cluster.local"]
)
def test_a_deployment_may_allow_its_own(host: str) -> None:
    """With loopback allowed, its names and spellings are taken, and private names: those are checked when they are called."""
    loopback = parse_networks("127.0.0.0/8")

    assert find_url_error(f"http://{host}/", allow_http=True, allowed=loopback) is None
    assert find_url_error("http://10.0.0.1/", allow_http=True, allowed=loopback) == "is not a public address"
    assert find_url_error("http://[::1%25lo]/", allow_http=True, allowed=loopback) is not None
    assert find_url_error("http://localhost/", allow_http=True, allowed=parse_networks("10.0.0.0/8")) is not None


def test_the_api_names_the_field(client: FlaskClient, api_key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A private address is 422 at creation in a deployment that allows none."""
    monkeypatch.setenv("WEBHOOK_ALLOWED_NETWORKS", "")
    get_settings.cache_clear()
    try:
        answers = [
            client.post(
                "/v1/webhook-endpoints",
                json={"url": f"https://{host}/hook"},
                headers={"Authorization": f"Bearer {api_key}"},
            )
            for host in ("localhost", "127.0.0.1.", "[::1%25lo]", "256.0.0.1", "4294967297", "example.com")
        ]
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()

    assert [answer.status_code for answer in answers] == [422] * 5 + [201]
    assert {answer.get_json(force=True)["errors"][0]["field"] for answer in answers[:5]} == {"url"}
