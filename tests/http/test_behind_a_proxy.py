"""Under a prefix, behind a proxy that strips it: every link and redirect leads to where it should."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urljoin

import httpx2
import pytest
import trustme

from tests.http.conftest import PUBLIC_URL
from tests.http.nginx import nginx_before
from tests.http.proxies import PREFIX, proxying
from tests.http.served import ServedApi


@pytest.fixture(scope="module", params=["a proxy of ours", "nginx"])
def proxy(
    request: pytest.FixtureRequest, shared_api: ServedApi, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx2.Client]:
    """A client of a proxy that strips the prefix."""
    authority, trusting = trustme.CA(), ssl.create_default_context()
    authority.configure_trust(trusting)
    with ExitStack() as closing:
        if request.param == "nginx":
            folder = tmp_path_factory.mktemp("nginx")
            url = f"https://localhost:{closing.enter_context(nginx_before(shared_api.port, authority, folder))}"
        else:
            url = f"http://127.0.0.1:{closing.enter_context(proxying(shared_api.port, strips_prefix=True))}"
        yield closing.enter_context(httpx2.Client(base_url=url, verify=trusting, timeout=20))


@pytest.fixture
def browser(api: ServedApi, proxy: httpx2.Client) -> httpx2.Client:
    """The same; the API logs no error."""
    return proxy


def test_the_documentation_is_reached_without_its_last_slash(browser: httpx2.Client) -> None:
    """The redirect is relative, so it stays under the prefix, on the host and the scheme that the browser knows."""
    redirect = browser.get(f"{PREFIX}/docs")

    assert (redirect.status_code, redirect.headers["Location"]) == (308, "docs/")
    page = browser.get(f"{PREFIX}/docs", follow_redirects=True)
    assert (page.status_code, page.url.path) == (200, f"{PREFIX}/docs/")


def test_every_link_of_the_pages_works(browser: httpx2.Client) -> None:
    """Pages, scripts, styles and the document that the script names."""
    followed = 0
    for page in (f"{PREFIX}/docs/", f"{PREFIX}/docs/swagger"):
        text = browser.get(page).text
        for link in re.findall(r'(?:href|src)="([^"]+)"', text):
            assert browser.get(urljoin(page, link)).status_code == 200, link
            followed += 1
    script = browser.get(f"{PREFIX}/docs/show-swagger.js").text
    [document] = re.findall(r'url: "([^"]+)"', script)

    assert followed > 4
    assert browser.get(urljoin(f"{PREFIX}/docs/swagger", document)).json()["openapi"] == "3.1.1"


@pytest.mark.parametrize("path", ["/openapi.json", "/docs/openapi.json"])
def test_the_document_names_the_public_address(browser: httpx2.Client, path: str) -> None:
    """Generated clients, and the page that tries the API, call what the world can reach."""
    assert browser.get(PREFIX + path).json()["servers"] == [{"url": PUBLIC_URL}]


def test_a_job_links_to_the_public_address(browser: httpx2.Client, api: ServedApi) -> None:
    """In the Location and in the body, and the links work."""
    headers = {"Authorization": f"Bearer {api.api_key}"}
    job = browser.post(f"{PREFIX}/v1/jobs", json={"prompt": "a mug"}, headers=headers)

    assert job.status_code == 202
    assert job.headers["Location"] == job.json()["urls"]["self"]
    for link in job.json()["urls"].values():
        assert link.startswith(f"{PUBLIC_URL}/v1/jobs/")
    path = PREFIX + job.headers["Location"].removeprefix(PUBLIC_URL)
    assert browser.get(path, headers=headers).json()["id"] == job.json()["id"]


def test_doubled_slashes_lead_to_the_public_address(browser: httpx2.Client) -> None:
    """Relative to such a path, clients disagree; nginx takes them out. One behind the base address is no redirect."""
    answer = browser.get(f"{PREFIX}/v1//jobs")

    assert (answer.status_code, answer.headers.get("Location")) in {(308, f"{PUBLIC_URL}/v1/jobs"), (401, None)}
    assert browser.get(f"{PREFIX}//livez").status_code == 200


def test_the_longest_request_passes(browser: httpx2.Client, api: ServedApi) -> None:
    """A picture of 20 MB reaches the API, which has seen that it is none."""
    body = {"prompt": "a mug", "image": "data:image/png;base64," + "A" * 20_000_000}
    answer = browser.post(f"{PREFIX}/v1/jobs", json=body, headers={"Authorization": f"Bearer {api.api_key}"})

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["image"]


def test_a_proxy_that_keeps_the_prefix_finds_nothing(api: ServedApi) -> None:
    """docs/deployment.md says that the prefix is stripped; with it, a path is another one."""
    with proxying(api.port, strips_prefix=False) as port, httpx2.Client(base_url=f"http://127.0.0.1:{port}") as browser:
        for path in ("/livez", "/docs", "/docs/", "/openapi.json", "/v1/jobs"):
            answer = browser.get(PREFIX + path)

            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
            assert "Location" not in answer.headers


@pytest.mark.parametrize("proxy", ["nginx"], indirect=True)
def test_metrics_stay_inside(browser: httpx2.Client) -> None:
    """They need no key, so the documented configuration blocks them, however the path is written."""
    for path in ("/metrics", "//metrics", "/v1/../metrics", "/%6detrics", "/metrics?x", "/metrics/"):
        assert browser.get(PREFIX + path).status_code == 404
