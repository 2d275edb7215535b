"""Sweeps on the page: said before the run, seen as they fill, opened, and taken along."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.acceptance.customer import Customer
from tests.page.conftest import Visitor
from tests.page.views import show


def fill_axes(page: Page, *, prompts: str, seeds: str = "", **parameters: str) -> None:
    show(page, "sweeps")
    page.get_by_label("Prompts, one a line").fill(prompts)
    page.get_by_label("Seeds", exact=True).fill(seeds)
    for name, values in parameters.items():
        page.get_by_label("Add a parameter").select_option(name)
        page.get_by_label(name.replace("_", " "), exact=True).fill(values)


def test_a_sweep_fills_and_each_cell_opens(page: Page, customer: Customer) -> None:
    """The number of cells is said before the run; the grid has the axes as headings; a cell opens with its own picture."""
    fill_axes(page, prompts="a {red|blue} mug", seeds="7, 8", num_inference_steps="1-3 (+2)")
    expect(page.get_by_text("2 prompts × 2 num inference steps × 2 seeds = 8 cells")).to_be_visible()

    page.get_by_role("button", name="Run 8 cells").click()

    expect(page.get_by_role("columnheader")).to_have_text(
        [f"num inference steps {steps} · seed {seed}" for steps in (1, 3) for seed in (7, 8)]
    )
    expect(page.get_by_role("rowheader")).to_have_text(["a red mug", "a blue mug"])
    expect(page.locator("button.cell")).to_have_count(8, timeout=60_000)
    expect(page.get_by_text("8 of 8 cells drawn")).to_be_visible()

    page.get_by_role("button", name="Open a blue mug · num inference steps 3 · seed 7").click()
    viewer = page.get_by_role("dialog")
    shown = viewer.locator("img").get_attribute("src")
    [sweep] = customer.http.get("/v1/sweeps").json()["data"]
    jobs = customer.http.get(f"/v1/sweeps/{sweep['id']}/jobs").json()["data"]
    wanted = {"prompt": "a blue mug", "num_inference_steps": 3, "seed": 7}
    [job] = [job for job in jobs if job["sweep"]["cell"] == wanted]
    assert shown is not None
    assert f"/{job['outputs'][0]['url'].split('/artifacts/')[1].split('?')[0]}" in shown
    page.keyboard.press("ArrowRight")
    expect(viewer.get_by_text("8 / 8")).to_be_visible()
    page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)


def test_a_sweep_is_taken_along(page: Page, customer: Customer, tmp_path: Path) -> None:
    """Its contact sheet, and all of its pictures in an archive that other programs read."""
    fill_axes(page, prompts="a red mug\na blüe house 家", num_inference_steps="1")
    page.get_by_label("Title of the contact sheet").fill("Two things")
    page.get_by_role("button", name="Run 2 cells").click()
    expect(page.get_by_role("heading", name="Two things")).to_be_visible()

    with page.expect_download(timeout=60_000) as sheet:
        page.get_by_role("button", name="Contact sheet").click(timeout=60_000)
    with page.expect_download() as archive:
        page.get_by_role("button", name="All as zip").click()

    sheet.value.save_as(tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as drawn:
        assert drawn.width > 256
    archive.value.save_as(tmp_path / "pictures.zip")
    [sweep] = customer.http.get("/v1/sweeps").json()["data"]
    jobs = customer.http.get(f"/v1/sweeps/{sweep['id']}/jobs").json()["data"]
    with zipfile.ZipFile(tmp_path / "pictures.zip") as pictures:
        assert pictures.testzip() is None
        assert pictures.namelist() == ["001.png", "002.png"]
        for name, job in zip(pictures.namelist(), jobs, strict=True):
            stored = Image.open(io.BytesIO(customer.download(job["outputs"][0])))
            taken = Image.open(io.BytesIO(pictures.read(name)))
            assert taken.tobytes() == stored.tobytes()
            assert job["request"]["prompt"] in taken.info["darkroom"]


def test_a_draft_takes_further_values(page: Page, customer: Customer) -> None:
    """Nothing runs until somebody says so."""
    fill_axes(page, prompts="a red mug", num_inference_steps="1")
    page.get_by_role("button", name="Keep as a draft").click()
    expect(page.get_by_text("Draft of 1 cell")).to_be_visible()
    assert customer.http.get("/v1/jobs").json()["data"] == []

    page.get_by_label("Seeds", exact=True).fill("1-3")
    page.get_by_role("button", name="Add to the draft").click()
    page.get_by_role("button", name="Run 3 cells").click()

    expect(page.locator("button.cell")).to_have_count(3, timeout=60_000)


def test_a_sweep_is_cancelled(page: Page) -> None:
    """The cells that were not drawn say so."""
    fill_axes(page, prompts="a red mug", seeds="8 random", num_inference_steps="100")
    page.get_by_role("button", name="Run 8 cells").click()

    page.get_by_role("button", name="Cancel").click()

    expect(page.get_by_role("button", name="Delete")).to_be_visible(timeout=60_000)
    expect(page.locator(".cell.cancelled").first).to_be_visible()


def test_what_is_wrong_is_said_at_its_field(visitor: Visitor) -> None:
    """Before the run, where the page sees it; after the service's refusal, where that names it."""
    with visitor.signed_in() as (page, watch):
        fill_axes(page, prompts="a red mug", seeds="7, seven", num_inference_steps="4, 400")
        expect(page.get_by_text("seven is no whole number.")).to_be_visible()
        expect(page.get_by_role("button", name="Run")).to_be_disabled()

        page.get_by_label("Seeds", exact=True).fill("7")
        watch.expect("status of 422")
        page.get_by_role("button", name="Run 2 cells").click()

        field = page.locator(".field", has=page.get_by_label("num inference steps", exact=True))
        expect(field.locator(".field-error")).to_contain_text("100")


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("2, 4", [2, 4]),
        ("1-5", [1, 2, 3, 4, 5]),
        ("8-2 (+-2)", [8, 6, 4, 2]),
        ("0-1 [5]", [0, 0.25, 0.5, 0.75, 1]),
        ("0.1-0.5 (+0.1)", [0.1, 0.2, 0.3, 0.4, 0.5]),
        ("-1--3", [-1, -2, -3]),
        ("4, 4", [4]),
    ],
)
def test_lists_and_ranges(page: Page, typed: str, values: list[float]) -> None:
    """Ranges are written as in other programs: a step in round brackets, a number of values in square ones."""
    read = page.evaluate(
        "async (text) => (await import('/page/sweeps/axes.js')).parseValues(text, {type: 'number'})", typed
    )

    assert read == values


def test_choices_in_prompts(page: Page) -> None:
    """Every combination, in order; nested ones too; and far too many stop the browser no more than a few."""
    expand = "async (text) => (await import('/page/sweeps/axes.js')).expandPrompts(text)"

    assert page.evaluate(expand, "a {red|blue} {mug|cup}\n\na {|large {old|new} }house") == [
        *("a red mug", "a red cup", "a blue mug", "a blue cup"),
        *("a house", "a large old house", "a large new house"),
    ]
    assert len(page.evaluate(expand, "{a|b}" * 40)) < 5_000
