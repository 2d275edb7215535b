"""The pictures of docs/tutorial.md: somebody's first minutes on the page."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from infra.local import LocalStack
from tests.acceptance.customer import open_account
from tests.page.browser import open_context
from tests.page.composing import compose, press_render, tiles, wait_for_pictures
from tests.page.views import sign_in

#: As the tutorial has it.
_PROMPT = "a large red mug on a yellow background"


def draw_tutorial(browser: Browser, stack: LocalStack, folder: Path) -> None:
    """Type the prompt, render, and open the picture, with an account that is new."""
    with open_account(stack, "tutorial") as newcomer, open_context(browser, stack.url) as context:
        page = context.new_page()
        sign_in(page, newcomer.api_key)
        compose(page, _PROMPT)
        expect(page.locator(".prompt-marks mark")).to_have_count(4)
        draw_window(page, folder / "tutorial-prompt.webp")
        press_render(page)
        wait_for_pictures(page, 1)
        tiles(page).first.locator(".tile-open").click()
        page.get_by_role("button", name="Details").click()
        expect(page.get_by_role("dialog", name="Details")).to_contain_text("Seed")
        draw_window(page, folder / "tutorial-picture.webp")


def draw_window(page: Page, path: Path) -> None:
    """A picture of what the window shows, without a blinking cursor or an animation half way."""
    page.wait_for_timeout(500)
    drawn = page.screenshot(animations="disabled", caret="hide", scale="css")
    Image.open(io.BytesIO(drawn)).save(path, quality=85, method=6)
