"""The page's files as the API serves them."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from werkzeug.wrappers import Response

from api.page.get_page import _TYPES
from core.settings import get_settings
from tests.conftest import REPOSITORY

_BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"

FOLDER = REPOSITORY / "api" / "page" / "static"
#: But for what is written for developers.
FILES = sorted(
    str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file() and path.name != "README.md"
)


def ask(client: FlaskClient, path: str, **headers: str) -> Response:
    """The answer, read to its end."""
    with client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()}) as answer:
        answer.get_data()
        return answer


def test_a_browser_gets_the_page(client: FlaskClient) -> None:
    """At the root, without a key; every link in it leads to a file of the page, also under a prefix that a proxy takes off."""
    answer = ask(client, "/", Accept=_BROWSER)

    assert (answer.status_code, answer.mimetype, answer.headers["Vary"]) == (200, "text/html", "Accept")
    links = re.findall(r'(?:href|src)="([^"]+)"', answer.get_data(as_text=True))
    assert links
    for link in links:
        assert not link.startswith(("/", "http")), link
        assert ask(client, f"/{link}").status_code == 200


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "application/json, text/html;q=0.9"])
def test_a_program_gets_json(client: FlaskClient, accept: str | None) -> None:
    """As before there was a page."""
    answer = client.get("/", headers={"Accept": accept} if accept else {})

    assert answer.get_json()["page"] == f"{get_settings().public_url}/"
    assert answer.headers["Vary"] == "Accept"


def test_the_policy_allows_the_page_itself_and_the_store(client: FlaskClient) -> None:
    """No script or style in the page, no other host, no frame."""
    policy = ask(client, "/", Accept=_BROWSER).headers["Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    store = get_settings().s3_public_endpoint_url

    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["font-src"] == "'self'"
    assert rules["connect-src"] == f"'self' {store}"
    assert rules["img-src"] == f"'self' blob: data: {store}"
    assert "unsafe" not in policy
    assert "*" not in policy


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_served_as_what_it_is(client: FlaskClient, name: str) -> None:
    """With its type, and asked for again each time, at the price of a 304."""
    if name == "index.html":
        pytest.skip("served at the root")
    answer = ask(client, f"/page/{name}")

    assert answer.status_code == 200
    assert answer.get_data() == (FOLDER / name).read_bytes()
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Last-Modified" in answer.headers
    again = ask(client, f"/page/{name}", If_None_Match=answer.headers["ETag"])
    assert (again.status_code, again.get_data()) == (304, b"")


def test_scripts_and_styles_have_types_that_browsers_take(client: FlaskClient) -> None:
    """Whatever the machine's own table says."""
    assert ask(client, "/page/main.js").content_type == "text/javascript; charset=utf-8"
    assert ask(client, "/page/style/base.css").content_type == "text/css; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    [
        *("/page/", "/page/index.html", "/page/nothing.js", "/page/style", "/page/main.js/more.js"),
        *("/page/../get_page.py", "/page/%2e%2e/get_page.py", "/page/..%2fget_page.py"),
        *("/page/..\\get_page.js", "/page/main.js%00.css"),
    ],
)
def test_nothing_else_is_served(client: FlaskClient, path: str) -> None:
    """Not a folder, and no file outside the page's."""
    answer = ask(client, path)

    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


@pytest.mark.parametrize("path", ["/page//etc/hostname.txt", "/page/%2fetc%2fhostname.txt"])
def test_nor_from_the_root_of_the_machine(client: FlaskClient, path: str) -> None:
    """Slashes too many are as good as one, as everywhere in the API."""
    answer = ask(client, path)

    assert answer.status_code == 308
    assert answer.headers["Location"].endswith("/page/etc/hostname.txt")
    assert ask(client, "/page/etc/hostname.txt").status_code == 404


def test_every_file_has_a_type() -> None:
    """None is installed for nothing."""
    assert {f".{name.rpartition('.')[2]}" for name in FILES} <= set(_TYPES)
