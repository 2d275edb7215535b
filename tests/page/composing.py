"""What somebody does in the first view, and what they then see."""

from __future__ import annotations

import io

from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.page.wait_in_page import wait_in_page

#: A picture of few steps takes seconds on cores that other tests use too.
LONGEST_MS = 120_000


def compose(page: Page, prompt: str, **parameters: object) -> None:
    """Type a prompt, and set parameters by the names that the API has for them."""
    page.locator("textarea[name=prompt]").fill(prompt)
    for name, value in parameters.items():
        page.locator(f"input[type=number][name={name}]").fill(str(value))


def press_render(page: Page) -> None:
    """Press the button, once it can be pressed."""
    page.get_by_role("button", name="Render", exact=True).click()


def tiles(page: Page) -> Locator:
    """The finished pictures on the screen, newest first."""
    return page.get_by_role("list", name="Pictures", exact=True).get_by_role("listitem")


def wait_for_pictures(page: Page, count: int) -> None:
    """Until so many finished pictures are shown, each with its pixels loaded."""
    expect(tiles(page)).to_have_count(count, timeout=LONGEST_MS)
    wait_in_page(
        page, "[...document.querySelectorAll('.tile img')].every((image) => image.complete && image.naturalWidth > 0)"
    )


def see(locator: Locator) -> Image.Image:
    """What the screen shows there, as RGB."""
    locator.evaluate("(element) => Promise.all(element.getAnimations({subtree: true}).map((each) => each.finished))")
    return Image.open(io.BytesIO(locator.screenshot(animations="disabled"))).convert("RGB")


def colour_at(picture: Image.Image, across: float, down: float) -> tuple[int, int, int]:
    """The mean colour of a ninth of a ninth around a place, which is given in shares of the sides."""
    width, height = picture.size
    reach_x, reach_y = max(1, width // 18), max(1, height // 18)
    x, y = round(across * width), round(down * height)
    spot = picture.crop((max(0, x - reach_x), max(0, y - reach_y), x + reach_x, y + reach_y)).resize(
        (1, 1), Image.Resampling.BOX
    )
    red, green, blue = spot.getpixel((0, 0))  # type: ignore[misc]
    return int(red), int(green), int(blue)


def is_yellow(colour: tuple[int, int, int]) -> bool:
    """As Picturebook draws it."""
    red, green, blue = colour
    return red > 180 and green > 150 and blue < 120


def is_red(colour: tuple[int, int, int]) -> bool:
    """As Picturebook draws it."""
    red, green, blue = colour
    return red > 150 and green < 110 and blue < 110
