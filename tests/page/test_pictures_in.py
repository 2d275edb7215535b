"""Pictures that come into the page: to start from, and to say how they were made."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from tests.acceptance.customer import SMALL, Customer
from tests.page.composing import colour_at, compose, press_render, see, tiles, wait_for_pictures

#: Moves a file over the page until the part of it that is named by its words is there, and lets go over that.
_DROP = """
async ({words, name, type, bytes}) => {
  const content = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([content], name, {type}));
  const send = (target, kind) => target.dispatchEvent(new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer}));
  const find = () => [...document.querySelectorAll(".drop-zone, .slot")].find((each) => each.textContent.includes(words));
  while (!find()) {
    send(document.body, "dragenter");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  send(find(), "drop");
}
"""


def test_a_dropped_picture_is_started_from(page: Page, customer: Customer) -> None:
    """Image-to-image: it is sent, shown, and what is drawn from it keeps its colours where the strength is small."""
    _drop(page, "Start from this picture", "sketch.png", _draw_sketch())
    expect(page.get_by_role("img", name="The picture to start from, 128 × 96")).to_be_visible()
    compose(page, "a large red mug on a blue background", strength=0.2, num_inference_steps=10)
    press_render(page)

    wait_for_pictures(page, 1)
    drawn = see(tiles(page).first)
    red, green, blue = colour_at(drawn, 0.1, 0.1)
    assert blue > 130 > red, (red, green, blue)
    [job] = customer.http.get("/v1/jobs").json()["data"]
    assert (job["task"], job["request"]["strength"]) == ("image-to-image", 0.2)
    assert (job["request"]["width"], job["request"]["height"]) == (128, 96)


def test_a_pasted_picture_is_started_from(page: Page) -> None:
    """From the clipboard, wherever the cursor is."""
    content = base64.b64encode(_draw_sketch()).decode()
    page.evaluate(
        """(bytes) => {
          const clipboardData = new DataTransfer();
          const content = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
          clipboardData.items.add(new File([content], "a.png", {type: "image/png"}));
          document.querySelector("textarea[name=prompt]").dispatchEvent(new ClipboardEvent("paste", {bubbles: true, clipboardData}));
        }""",
        content,
    )
    expect(page.get_by_role("img", name="The picture to start from, 128 × 96")).to_be_visible()
    page.get_by_role("button", name="Without this picture").click()
    expect(page.get_by_role("img", name="The picture to start from, 128 × 96")).to_have_count(0)


def test_a_downloaded_picture_restores_its_settings(page: Page, customer: Customer) -> None:
    """The PNG that the page saves holds what made it; dropped again, it fills in the form."""
    request = {"prompt": "a red mug on a yellow background", "seed": 4711, "guidance_scale": 3.5, **SMALL}
    customer.wait_until_finished(customer.submit(**request))
    wait_for_pictures(page, 1)
    tiles(page).first.locator(".tile-open").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download").click()
    saved = Path(waiting.value.path()).read_bytes()
    page.keyboard.press("Escape")
    compose(page, "other words", num_inference_steps=50)

    _drop(page, "Restore its settings", "mug.png", saved)
    expect(page.locator("textarea[name=prompt]")).to_have_value(request["prompt"])
    expect(page.locator("input[name=seed]")).to_have_value("4711")
    expect(page.locator("input[type=number][name=guidance_scale]")).to_have_value("3.5")
    expect(page.locator("input[type=number][name=num_inference_steps]")).to_have_value("1")
    expect(page.locator("input[name=width]")).to_have_value("64")


def test_a_strange_picture_restores_nothing(page: Page) -> None:
    """The page says so, and the form stays as it is."""
    compose(page, "my own words")
    _drop(page, "Restore its settings", "sketch.png", _draw_sketch())
    expect(page.get_by_text("Nothing is known of how this picture was made.")).to_be_visible()
    expect(page.locator("textarea[name=prompt]")).to_have_value("my own words")


def _drop(page: Page, words: str, name: str, content: bytes) -> None:
    page.evaluate(
        _DROP, {"words": words, "name": name, "type": "image/png", "bytes": base64.b64encode(content).decode()}
    )


def _draw_sketch() -> bytes:
    """A red square on blue."""
    sketch = Image.new("RGB", (128, 96), (20, 40, 220))
    ImageDraw.Draw(sketch).rectangle((40, 24, 88, 72), fill=(220, 30, 30))
    packed = io.BytesIO()
    sketch.save(packed, "PNG")
    return packed.getvalue()
