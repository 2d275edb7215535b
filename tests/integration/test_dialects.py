"""What holds for every dialect, whatever it translates."""

from __future__ import annotations

import base64
import re

import pytest
from flask.testing import FlaskClient

from api.translation.dialect import Dialect
from api.translation.registered import DIALECTS

EVERY = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)

#: Begins the endpoints of `build_dialect_blueprint`.
_BLUEPRINT = "dialect_"

PROBLEM = "application/problem+json"


def list_addresses(client: FlaskClient, dialect: Dialect) -> dict[str, str]:
    """A method that each address of the dialect takes, with something in each place of it."""
    rules = [
        rule
        for rule in client.application.url_map.iter_rules()
        if rule.endpoint.startswith(f"{_BLUEPRINT}{dialect.name}.")
    ]
    return {
        re.sub(r"<[^>]+>", "of-nobody", rule.rule): min((rule.methods or set()) - {"HEAD", "OPTIONS"}) for rule in rules
    }


@EVERY
def test_every_operation_needs_a_key(client: FlaskClient, database: None, dialect: Dialect) -> None:
    """Without one, or with one of nobody in any spelling, it is 401, in the dialect's own words."""
    addresses = list_addresses(client, dialect)
    assert addresses
    basic = base64.b64encode(b"me:dk_of_nobody").decode()
    for path, method in addresses.items():
        for header in (
            "",
            "Bearer dk_of_nobody",
            "Key dk_of_nobody",
            f"Basic {basic}",
            "Basic !",
            "Basic",
            "Of nobody",
        ):
            answer = client.open(path, method=method, headers={"Authorization": header} if header else {})
            assert (answer.status_code, answer.mimetype != PROBLEM) == (401, True), f"{method} {path} {header}"


@EVERY
def test_errors_before_any_operation_are_in_its_words(client: FlaskClient, database: None, dialect: Dialect) -> None:
    """At an address with nothing, and for a method that an address does not take."""
    [path, *_] = list_addresses(client, dialect)
    for answer in (client.get(f"/{dialect.root}/of/nobody/at/all"), client.open(path, method="PATCH")):
        assert answer.status_code in {404, 405}
        assert answer.mimetype != PROBLEM
        assert answer.headers["X-Request-Id"].startswith("req_")
        assert answer.headers["Cache-Control"] == "no-store"


@EVERY
def test_every_spelling_of_a_key_opens_the_account(client: FlaskClient, api_key: str, dialect: Dialect) -> None:
    """As `Bearer`, `Key` and `Token`, and as the password or the name of `Basic`, in any case."""
    reads = [path for path, method in list_addresses(client, dialect).items() if method == "GET"]
    spellings = [f"{scheme} {api_key}" for scheme in ("Bearer", "bearer", "Key", "Token")]
    spellings += [f"Basic {base64.b64encode(each.encode()).decode()}" for each in (f"me:{api_key}", f"{api_key}:")]
    for path in reads[:1]:
        for spelling in spellings:
            assert client.get(path, headers={"Authorization": spelling}).status_code not in {401, 500}, spelling


def test_none_is_in_the_api_document(client: FlaskClient) -> None:
    """They are described on pages of their own."""
    paths = client.get("/openapi.json").get_json()["paths"]
    assert not [path for path in paths if path.split("/")[1] in {dialect.root for dialect in DIALECTS}]


def test_roots_are_their_own() -> None:
    """No two dialects begin alike, and none begins like something of ours."""
    roots = [dialect.root for dialect in DIALECTS]
    assert len({*roots}) == len(roots)
    assert not {*roots} & {"v1", "docs", "media", "livez", "readyz", "metrics", "openapi.json", ""}
