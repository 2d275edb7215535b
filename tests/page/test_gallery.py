"""A gallery of thousands: what is on the screen, what is found, and what becomes of pictures there."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Download, Page, expect

from infra.local import LocalStack
from tests.acceptance.customer import SMALL, Customer, open_account
from tests.page.browser import PHONE
from tests.page.composing import tiles
from tests.page.conftest import Visitor
from tests.page.many_pictures import fill_gallery
from tests.page.views import show

COUNT = 2_000


@pytest.fixture
def gallery(page: Page) -> Page:
    """The gallery of an account without pictures."""
    show(page, "gallery")
    return page


@pytest.fixture(scope="module")
def rich_customer(stack: LocalStack) -> Iterator[Customer]:
    """An account with two thousand pictures and one."""
    with open_account(stack, "many pictures") as customer:
        fill_gallery(stack, customer, COUNT)
        yield customer


@pytest.fixture
def many(visitor: Visitor, rich_customer: Customer) -> Iterator[Page]:
    """Their gallery."""
    visitor.api_key = rich_customer.api_key
    with visitor.signed_in() as (page, _):
        show(page, "gallery")
        yield page


@pytest.mark.slow
def test_thousands_are_scrolled_through_and_few_are_in_the_document(many: Page) -> None:
    """From the first to the last; the document holds what is on the screen and some rows around it."""
    expect(many.get_by_role("status").filter(has_text=re.compile(r"^100\+ pictures|^200\+ pictures"))).to_be_visible()
    last = many.get_by_role("button", name=f"a red mug number {COUNT}", exact=True)
    for _ in range(200):
        if last.count():
            break
        many.mouse.wheel(0, 6_000)
        many.wait_for_timeout(50)
        assert tiles(many).count() < 150
    last.scroll_into_view_if_needed()
    expect(last).to_be_visible()
    assert last.locator("img").evaluate("(image) => image.decode().then(() => image.naturalWidth)") == SMALL["width"]
    expect(many.get_by_text(f"{COUNT + 1} pictures")).to_be_visible()


def test_words_find_pictures(many: Page) -> None:
    """A search shows those whose prompts have all the words, and nothing else."""
    many.get_by_role("searchbox", name="Search by prompt").fill("mug 1234")

    expect(tiles(many)).to_have_count(1)
    expect(tiles(many).get_by_role("button", name="a red mug number 1234", exact=True)).to_be_visible()
    many.get_by_role("searchbox").fill("zeppelin")
    expect(many.get_by_role("heading", name="Nothing found")).to_be_visible()


def test_arrows_go_from_picture_to_picture(many: Page) -> None:
    """Without a pointer: along a row, to the next one, and into the view."""
    tiles(many).first.locator(".tile-open").focus()
    many.keyboard.press("ArrowRight")
    many.keyboard.press("ArrowRight")
    many.keyboard.press("ArrowLeft")
    expect(many.get_by_role("button", name="a red mug number 1", exact=True)).to_be_focused()
    many.keyboard.press("Enter")
    expect(many.get_by_role("dialog", name="Picture: a red mug number 1")).to_be_visible()
    many.keyboard.press("Escape")
    expect(many.get_by_role("button", name="a red mug number 1", exact=True)).to_be_focused()


def test_favourites_are_kept_when_all_else_is_cleared(gallery: Page, customer: Customer) -> None:
    """The star makes a favourite, on every device; "Clear all but favourites" keeps it, and deletes the others."""
    _draw(customer, "a red mug", "a blue tree", "a green star")
    expect(tiles(gallery)).to_have_count(3)
    tree = tiles(gallery).filter(has=gallery.get_by_role("button", name="a blue tree", exact=True))
    tree.hover()
    tree.get_by_role("button", name="Favourite").click()
    gallery.get_by_role("button", name="Favourites", exact=True).click()
    expect(tiles(gallery)).to_have_count(1)
    gallery.get_by_role("button", name="All pictures").click()
    expect(tiles(gallery)).to_have_count(3)

    gallery.get_by_role("button", name="More", exact=True).click()
    gallery.get_by_role("menuitem", name="Clear all but favourites").click()
    gallery.get_by_role("button", name="Clear", exact=True).click()
    expect(tiles(gallery)).to_have_count(1)
    assert [job["request"]["prompt"] for job in customer.http.get("/v1/jobs").json()["data"]] == ["a blue tree"]


def test_a_board_holds_what_was_put_on_it(gallery: Page, customer: Customer) -> None:
    """Made from a selection, found at its name, renamed, and deleted without its pictures."""
    _draw(customer, "a red mug", "a blue tree")
    _select(gallery, "a red mug")
    gallery.get_by_role("button", name="Put on a board").click()
    gallery.get_by_role("menuitem", name="New board").click()
    gallery.get_by_role("textbox", name="Name").fill("Autumn")
    gallery.get_by_role("button", name="Save").click()

    gallery.get_by_role("navigation", name="Boards").get_by_role("button", name=re.compile("^Autumn")).click()
    expect(tiles(gallery)).to_have_count(1)
    gallery.get_by_role("button", name="Board Autumn").click()
    gallery.get_by_role("menuitem", name="Rename").click()
    gallery.get_by_role("textbox", name="Name").fill("Winter")
    gallery.get_by_role("button", name="Save").click()
    gallery.get_by_role("button", name="Board Winter").click()
    gallery.get_by_role("menuitem", name="Delete the board").click()
    gallery.get_by_role("dialog").get_by_role("button", name="Delete the board").click()
    expect(tiles(gallery)).to_have_count(2)
    assert customer.http.get("/v1/boards").json()["data"] == []


def test_many_are_downloaded_as_one_archive(gallery: Page, customer: Customer) -> None:
    """Each picture under its own words, whole, and with what it was made from."""
    jobs = _draw(customer, "a red mug", "a blue tree")
    for prompt in ("a red mug", "a blue tree"):
        _select(gallery, prompt)
    with gallery.expect_download() as waiting:
        gallery.get_by_role("button", name="Download as zip").click()

    with zipfile.ZipFile(_path_of(waiting.value)) as archive:
        assert archive.testzip() is None
        assert sorted(name.rsplit("-", 2)[0] for name in archive.namelist()) == ["a-blue-tree", "a-red-mug"]
        for name in archive.namelist():
            prompt = name.rsplit("-", 2)[0].replace("-", " ")
            [job] = [job for job in jobs if job["request"]["prompt"] == prompt]
            drawn = Image.open(io.BytesIO(customer.download(job["outputs"][0])))
            assert Image.open(io.BytesIO(archive.read(name))).tobytes() == drawn.tobytes()


def test_deleted_pictures_are_gone(gallery: Page, customer: Customer) -> None:
    """After a question, from the screen and from the service."""
    [job, _] = _draw(customer, "a red mug", "a blue tree")
    _select(gallery, "a red mug")
    gallery.get_by_role("toolbar").get_by_role("button", name="Delete").click()
    gallery.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(tiles(gallery)).to_have_count(1)
    assert customer.http.get(f"/v1/jobs/{job['id']}").status_code == 410


def test_a_picture_is_used_again(gallery: Page, customer: Customer) -> None:
    """Everything of it goes into the form, the seed locked; or the picture itself is started from."""
    job = customer.submit("a red mug", seed=77, guidance_scale=3.5, **SMALL)
    customer.wait_until_finished(job)
    tiles(gallery).first.locator(".tile-open").click()
    gallery.get_by_role("button", name="Use this picture").click()
    gallery.get_by_role("menuitem", name="Use everything").click()

    expect(gallery.locator("textarea[name=prompt]")).to_have_value("a red mug")
    expect(gallery.locator("input[name=seed]")).to_have_value("77")
    expect(gallery.locator("input[type=number][name=guidance_scale]")).to_have_value("3.5")
    expect(gallery.locator("input[name=width]")).to_have_value("64")

    tiles(gallery).first.locator(".tile-open").click()
    gallery.get_by_role("button", name="Use this picture").click()
    gallery.get_by_role("menuitem", name="Start from it").click()
    expect(gallery.get_by_role("img", name="The picture to start from, 64 × 64")).to_be_visible()
    expect(gallery.locator("input[type=number][name=strength]")).to_be_visible()


def test_details_show_the_same_as_code(gallery: Page, customer: Customer) -> None:
    """What a picture was made from, and a command that makes it again."""
    customer.wait_until_finished(customer.submit("a red mug", seed=77, **SMALL))
    tiles(gallery).first.locator(".tile-open").click()
    gallery.get_by_role("button", name="Details").click()

    details = gallery.get_by_role("dialog", name="Details")
    expect(details.locator("dl")).to_contain_text("Seed77")
    command = details.locator("pre").inner_text()
    assert customer.api_key not in command
    [body] = re.findall(r"-d '(\{.*\})'", command)
    assert (json.loads(body)["prompt"], json.loads(body)["seed"]) == ("a red mug", 77)


def test_two_are_compared(gallery: Page, customer: Customer) -> None:
    """Two selected pictures lie one upon the other, and a slider shows more of one."""
    _draw(customer, "a red mug", "a blue tree")
    for prompt in ("a red mug", "a blue tree"):
        _select(gallery, prompt)
    gallery.get_by_role("button", name="Compare two").click()

    expect(gallery.get_by_role("dialog", name="Compare").get_by_role("img")).to_have_count(2)
    expect(gallery.get_by_role("slider", name="How much of the left picture is shown")).to_be_visible()


def test_a_phone_has_the_whole_gallery(visitor: Visitor, customer: Customer) -> None:
    """Two columns, the search, and the boards."""
    _draw(customer, "a red mug", "a blue tree")
    with visitor.signed_in(device=PHONE) as (page, _):
        show(page, "gallery")
        expect(tiles(page)).to_have_count(2)
        expect(page.get_by_role("searchbox")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE.width


def _draw(customer: Customer, *prompts: str) -> list[dict[str, Any]]:
    return customer.wait_until_all_finished([customer.submit(prompt, **SMALL) for prompt in prompts])


def _select(page: Page, prompt: str) -> None:
    page.get_by_role("checkbox", name=f"Select: {prompt}", exact=True).click(force=True)


def _path_of(download: Download) -> Path:
    return Path(download.path())
