"""Who may look: the key by the form, by a link, and out again."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.page.accessibility import list_serious_faults
from tests.page.composing import compose
from tests.page.conftest import Visitor
from tests.page.watch import Watch

_KEPT = (
    "[...Object.entries(localStorage), ...Object.entries(sessionStorage)].filter(([, value]) => value.includes('dk_'))"
)


def test_a_key_is_typed(visited: tuple[Page, Watch], visitor: Visitor) -> None:
    """A wrong key is refused at its field; the right one opens the page, and is kept in this tab alone."""
    page, watch = visited
    watch.expect("401")
    page.goto("/")
    field = page.get_by_label("API key")
    expect(field).to_be_focused()
    assert list_serious_faults(page) == []
    field.fill("dk_wrong")
    field.press("Enter")
    expect(page.get_by_text("This key is not valid, or was revoked.")).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "true")

    field.fill(visitor.api_key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("textarea[name=prompt]")).to_be_visible()
    assert page.evaluate(_KEPT) == [["darkroom.key", visitor.api_key]]
    assert page.evaluate("sessionStorage.getItem('darkroom.key')") == visitor.api_key
    page.reload()
    expect(page.locator("textarea[name=prompt]")).to_be_visible()


def test_another_tab_is_not_signed_in(page: Page) -> None:
    """The key is the tab's own."""
    other = page.context.new_page()
    other.goto("/")
    expect(other.get_by_label("API key")).to_be_visible()


def test_signing_out_forgets_the_key(page: Page) -> None:
    """Nothing of it is left in the browser."""
    compose(page, "a red mug")
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_label("API key")).to_be_visible()
    assert page.evaluate(_KEPT) == []


def test_a_revoked_key_signs_out(visitor: Visitor) -> None:
    """As soon as the service refuses it, the page asks for another one, and what was typed is still there afterwards."""
    with visitor.signed_in() as (page, watch):
        watch.expect("401")
        compose(page, "my own words")
        page.route(
            re.compile(r"/v1/prompts/check$"),
            lambda route: route.continue_(headers={"authorization": "Bearer dk_gone"}),
        )
        compose(page, "my own words, and more")
        field = page.get_by_label("API key")
        expect(field).to_be_visible()
        page.unroute_all()
        field.fill(visitor.api_key)
        field.press("Enter")
        expect(page.locator("textarea[name=prompt]")).to_have_value("my own words, and more")
