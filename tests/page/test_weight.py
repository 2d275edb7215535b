"""How much the page asks of a browser; `python -m tests.page.measure` prints how long it takes."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import Page, Response, expect

from tests.acceptance.customer import SMALL, Customer
from tests.conftest import REPOSITORY
from tests.page.composing import compose, tiles
from tests.page.conftest import Visitor
from tests.page.views import show, sign_in

STATIC = REPOSITORY / "api" / "page" / "static"

#: Of the scripts that the first view needs, unpacked, in bytes.
_MOST_SCRIPT = 150_000

_WATCH = """
() => {
  window.changed = [];
  new MutationObserver((records) => window.changed.push(...records.map(({target}) => target.nodeName))).observe(
    document.querySelector(".stage"), {subtree: true, childList: true, attributes: true, characterData: true});
}
"""


def test_the_first_view_needs_little_script(visitor: Visitor) -> None:
    """All scripts that a browser with an empty cache loads for it, before compression."""
    scripts: dict[str, Response] = {}
    with visitor.visiting() as (page, _):
        page.on(
            "response",
            lambda response: scripts.update({response.url: response}) if response.url.endswith(".js") else None,
        )
        sign_in(page, visitor.api_key)
        expect(page.locator("textarea[name=prompt]")).to_be_visible()
        sizes = {url: len(response.body()) for url, response in scripts.items()}
    assert 0 < sum(sizes.values()) <= _MOST_SCRIPT, sizes
    # What the page does not name is asked for only when the script that needs it has come.
    named = re.findall(r'rel="modulepreload" href="([^"]+)"', (STATIC / "index.html").read_text("utf-8"))
    assert {urlsplit(url).path.removeprefix("/") for url in sizes} == {*named, "page/main.js"}


def test_typing_draws_no_picture_again(page: Page, customer: Customer) -> None:
    """A key changes the form alone, however many pictures stand beside it."""
    customer.wait_until_all_finished([customer.submit(f"a red mug {number}", **SMALL) for number in range(3)])
    show(page, "compose")
    expect(tiles(page)).to_have_count(3)
    page.evaluate(_WATCH)
    compose(page, "a")
    page.locator("textarea[name=prompt]").press_sequentially(" large red mug")

    assert page.evaluate("window.changed") == []
