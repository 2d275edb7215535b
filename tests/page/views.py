"""The views of the page, for what goes over all of them."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.page.wait_in_page import wait_in_page

#: By name, the part of the address after its `#`.
VIEWS = {
    "compose": "/",
    "gallery": "/gallery",
    "sweeps": "/sweeps",
    "queue": "/queue",
    "webhooks": "/webhooks",
}

_IS_DRAWN = """
async () => {
  await document.fonts.ready;
  const pictures = [...document.images].filter((image) => image.loading !== "lazy");
  return document.querySelector("main h1, main h2, main form") !== null && pictures.every((image) => image.complete);
}
"""


def sign_in(page: Page, api_key: str, view: str = "compose") -> None:
    """Open a view by the link that carries the key, and wait until it is drawn."""
    page.goto(f"/#key={api_key}")
    wait_in_page(page, "!location.hash.includes('key=')")
    show(page, view)


def show(page: Page, view: str) -> None:
    """Go to a view, and wait until it is drawn. Pictures far down are loaded when somebody scrolls there."""
    page.evaluate("(route) => { location.hash = route; }", VIEWS[view])
    wait_in_page(page, _IS_DRAWN)
