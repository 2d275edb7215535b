"""Painting a mask and continuing a picture beyond its edges, from the file to the rendered pixels."""

from __future__ import annotations

import io
from typing import Any

import httpx2
import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from tests.acceptance.customer import Customer

SIDE = 64


def draw_picture() -> bytes:
    """A picture of which no two columns and no two rows are equal."""
    values = np.zeros((SIDE, SIDE, 3), np.uint8)
    values[..., 0] = np.arange(SIDE) * 3
    values[..., 1] = np.arange(SIDE)[:, None] * 3
    values[..., 2] = 90
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


def read_pixels(body: bytes) -> np.ndarray[Any, np.dtype[np.uint8]]:
    with Image.open(io.BytesIO(body)) as image:
        return np.asarray(image.convert("RGB"))


def start_from(page: Page, body: bytes) -> None:
    """Choose a picture, as the file dialog would."""
    chooser = page.locator("input[type=file][aria-label='Start from a picture']")
    chooser.set_input_files({"name": "start.png", "mimeType": "image/png", "buffer": body})
    expect(page.get_by_role("button", name="Repaint a part")).to_be_visible()


def render(page: Page, customer: Customer, prompt: str) -> dict[str, Any]:
    """Type a prompt, press the button, and return the job as it ended."""
    page.get_by_role("textbox", name="Prompt", exact=True).fill(prompt)
    page.get_by_role("button", name="Render", exact=False).first.click()
    [job] = wait_for_jobs(page, customer)
    ended = customer.wait_until_finished(job)
    assert ended["status"] == "succeeded", ended["failure"]
    return ended


def wait_for_jobs(page: Page, customer: Customer) -> list[dict[str, Any]]:
    for _ in range(100):
        if jobs := customer.http.get("/v1/jobs").json()["data"]:
            return list(jobs)
        page.wait_for_timeout(100)
    raise AssertionError("no job was sent")


def read_newest_file(customer: Customer) -> np.ndarray[Any, np.dtype[np.uint8]]:
    [newest, *_] = customer.http.get("/v1/files").json()["data"]
    return read_pixels(httpx2.get(newest["url"]).raise_for_status().content)[..., 0]


def test_only_what_is_painted_is_drawn_anew(page: Page, customer: Customer) -> None:
    """A rectangle by numbers is a mask: its pixels are another picture's, and all others are the same to the bit."""
    body = draw_picture()
    start_from(page, body)
    page.get_by_role("button", name="Repaint a part").click()
    page.get_by_text("A rectangle by numbers").click()
    painter = page.get_by_role("dialog")
    for side, pixels in {"From the left": 32, "From the top": 0, "Width": 32, "Height": 64}.items():
        painter.get_by_label(side).fill(str(pixels))
    page.get_by_role("button", name="Paint it").click()
    expect(page.get_by_text("50 % of the picture is drawn anew.")).to_be_visible()
    page.get_by_role("button", name="Use this mask").click()
    expect(page.get_by_role("button", name="Change the mask")).to_be_visible()

    job = render(page, customer, "a red mug")

    assert job["task"] == "inpainting"
    before, after = read_pixels(body), read_pixels(customer.download(job["outputs"][0]))
    assert after.shape == before.shape
    assert (after[:, :32] == before[:, :32]).all()
    assert (after[:, 48:] != before[:, 48:]).any(axis=2).mean() > 0.9


def test_brush_eraser_undo_and_invert_make_the_mask(page: Page, customer: Customer) -> None:
    """The mask that is sent is what was painted, by pointer and by keys: white there, and black elsewhere."""
    start_from(page, draw_picture())
    page.get_by_role("button", name="Repaint a part").click()
    canvas = page.get_by_role("application")
    box = canvas.bounding_box()
    assert box is not None
    page.get_by_role("dialog").get_by_role("slider").fill("8")

    def stroke(x: float, y: float, to_x: float, to_y: float) -> None:
        """From one share of the picture to another."""
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + to_x * box["width"], box["y"] + to_y * box["height"], steps=4)
        page.mouse.up()

    stroke(0.25, 0.25, 0.75, 0.25)
    stroke(0.25, 0.75, 0.75, 0.75)
    page.get_by_role("button", name="Undo").click()
    canvas.press("e")
    stroke(0.5, 0, 0.5, 1)
    canvas.press("i")
    canvas.press("Control+z")
    canvas.press("b")
    # The brush stands where the pointer left it, and goes down by half its size.
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.75 * box["height"])
    canvas.press("ArrowDown")
    canvas.press("Space")
    page.get_by_role("button", name="Use this mask").click()
    expect(page.get_by_role("button", name="Change the mask")).to_be_visible()

    mask = read_newest_file(customer)
    assert mask.shape == (SIDE, SIDE)
    painted = {"the first stroke": (16, 20), "its other end": (16, 44), "the dab of the space bar": (52, 16)}
    kept = {"what was erased": (16, 32), "what was undone": (48, 40), "the corner": (0, 0)}
    assert {what: mask[place] for what, place in painted.items()} == dict.fromkeys(painted, 255)
    assert {what: mask[place] for what, place in kept.items()} == dict.fromkeys(kept, 0)


def test_a_mask_can_be_changed_later(page: Page, customer: Customer) -> None:
    """The painter opens with the mask that was made before, and continues it."""
    start_from(page, draw_picture())
    for name, key in (("Repaint a part", None), ("Change the mask", "i")):
        page.get_by_role("button", name=name).click()
        if key is None:
            page.get_by_text("A rectangle by numbers").click()
            page.get_by_role("button", name="Paint it").click()
        else:
            expect(page.get_by_text("25 % of the picture is drawn anew.")).to_be_visible()
            page.get_by_role("application").press(key)
            expect(page.get_by_text("75 % of the picture is drawn anew.")).to_be_visible()
        page.get_by_role("button", name="Use this mask").click()
        expect(page.get_by_role("button", name="Change the mask")).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)

    page.wait_for_timeout(500)
    assert (read_newest_file(customer) == 255).mean() == 0.75


def test_a_picture_is_continued_beyond_its_edges(page: Page, customer: Customer) -> None:
    """What is typed is settled to the model's steps, the result is larger, and the picture is in it to the bit."""
    body = draw_picture()
    start_from(page, body)
    page.get_by_role("button", name="Extend", exact=True).click()
    page.get_by_label("Right", exact=True).fill("30")
    page.get_by_label("Right", exact=True).press("Tab")
    expect(page.get_by_label("Right", exact=True)).to_have_value("32")
    page.get_by_role("slider", name="Added at the top").press("ArrowUp")
    expect(page.get_by_text("64 × 64 becomes 96 × 72.")).to_be_visible()
    page.get_by_role("button", name="Continue the picture").click()

    job = render(page, customer, "a red mug")

    assert job["task"] == "outpaint"
    after = read_pixels(customer.download(job["outputs"][0]))
    assert after.shape == (72, 96, 3)
    assert (after[8:, :64] == read_pixels(body)).all()
