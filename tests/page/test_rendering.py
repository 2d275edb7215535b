"""From words to a picture on the screen, as somebody does it who has never read the API's documentation."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.acceptance.customer import Customer
from tests.page.browser import PHONE
from tests.page.composing import (
    LONGEST_MS,
    colour_at,
    compose,
    is_red,
    is_yellow,
    press_render,
    see,
    tiles,
    wait_for_pictures,
)
from tests.page.conftest import Visitor
from tests.page.views import sign_in
from tests.page.watch import Watch

_MUG = "a large red mug on a yellow background"

#: Takes long enough for somebody to look on.
_LONG = {"num_inference_steps": 100, "width": 320, "height": 320}


def test_words_become_a_picture(page: Page, customer: Customer) -> None:
    """A prompt and a press of Ctrl+Enter, and the picture shows what the prompt says."""
    compose(page, _MUG, num_inference_steps=8)
    page.keyboard.press("Control+Enter")

    wait_for_pictures(page, 1)
    picture = see(tiles(page).first)
    assert is_yellow(colour_at(picture, 0.1, 0.1)), colour_at(picture, 0.1, 0.1)
    assert is_red(colour_at(picture, 0.45, 0.5)), colour_at(picture, 0.45, 0.5)
    [job] = customer.http.get("/v1/jobs").json()["data"]
    assert (job["request"]["prompt"], job["request"]["num_inference_steps"]) == (_MUG, 8)


def test_what_the_service_recognises_is_underlined(page: Page) -> None:
    """While somebody types: the things and colours, what is excluded, and how many tokens it is."""
    compose(page, "🦊 a red mug, no cat")

    marks = page.locator(".prompt-marks mark")
    expect(marks).to_have_text(["red", "mug", "no cat"])
    expect(page.locator(".advice")).to_contain_text("Leave out")


def test_a_phone_opens_simple(visitor: Visitor) -> None:
    """A prompt, a style, a size and a button; and the picture comes all the same."""
    with visitor.signed_in(device=PHONE) as (page, _):
        expect(page.get_by_role("button", name="Simple")).to_have_attribute("aria-pressed", "true")
        expect(page.locator("select[name=scheduler]")).to_have_count(0)
        compose(page, _MUG)
        page.locator("label.ratio", has_text="16:9").click()
        press_render(page)
        wait_for_pictures(page, 1)
        width, height = see(tiles(page).first).size
        assert 1.6 < width / height < 1.9

        page.get_by_role("button", name="Advanced").click()
        expect(page.locator("textarea[name=prompt]")).to_have_value(_MUG)


def test_a_running_job_shows_its_steps_and_a_preview_and_is_cancelled(page: Page, customer: Customer) -> None:
    """Escape cancels the newest job, which is then gone from the screen."""
    compose(page, _MUG, **_LONG)
    press_render(page)

    running = page.get_by_role("article", name=_MUG)
    expect(running.get_by_role("img")).to_be_visible(timeout=LONGEST_MS)
    expect(running.locator(".job-state")).to_contain_text(re.compile(r"\d+ / 100"))
    page.keyboard.press("Escape")
    expect(running).to_have_count(0, timeout=LONGEST_MS)
    [job] = customer.http.get("/v1/jobs").json()["data"]
    assert job["status"] == "cancelled"


def test_ten_at_once_and_all_cancelled_by_one_press(page: Page, customer: Customer) -> None:
    """One press sends ten jobs with ten seeds; one button cancels all of them."""
    compose(page, _MUG, **_LONG)
    page.get_by_role("button", name="Render ten times, each with another seed").click()

    page.get_by_role("button", name="Cancel all 10").click()
    expect(page.get_by_role("list", name="Jobs that wait or run")).to_have_count(0, timeout=LONGEST_MS)
    jobs = customer.http.get("/v1/jobs").json()["data"]
    assert [job["status"] for job in jobs] == ["cancelled"] * 10
    assert len({job["request"]["seed"] for job in jobs}) == 10


def test_running_jobs_are_found_again_on_another_device(visitor: Visitor, customer: Customer) -> None:
    """Whoever sent it: a job is shown wherever its account signs in, and again after a reload."""
    job = customer.submit(_MUG, **_LONG)
    with visitor.signed_in() as (page, _):
        expect(page.get_by_text(_MUG).first).to_be_visible()
        page.reload()
        expect(page.get_by_text(_MUG).first).to_be_visible()
    with visitor.signed_in(device=PHONE) as (page, _):
        expect(page.get_by_text(_MUG).first).to_be_visible()
    customer.cancel(job)


def test_a_refusal_stands_at_its_field(visitor: Visitor) -> None:
    """What is wrong is said beside the field that it is about, before anything is sent."""
    with visitor.signed_in() as (page, watch):
        watch.expect("422")
        compose(page, _MUG, num_inference_steps=400)

        field = page.locator("input[type=number][name=num_inference_steps]")
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(page.locator("#field-num_inference_steps-error")).to_have_text("this model allows at most 100")


def test_a_locked_seed_draws_the_same_again(page: Page, customer: Customer) -> None:
    """The lock keeps the seed that was drawn; unlocked, the next job has another."""
    compose(page, _MUG, num_inference_steps=1)
    press_render(page)
    wait_for_pictures(page, 1)
    page.get_by_role("button", name="Keep this seed").click()
    press_render(page)
    wait_for_pictures(page, 2)
    page.get_by_role("button", name="Draw a new seed for each run").click()
    press_render(page)
    wait_for_pictures(page, 3)

    third, second, first = (job["request"]["seed"] for job in customer.http.get("/v1/jobs").json()["data"])
    assert first == second != third


def test_earlier_prompts_come_back(page: Page) -> None:
    """The arrow up in an empty prompt recalls them, the newest first; the arrow down goes back."""
    for prompt in ("a red mug", "a blue tree"):
        compose(page, prompt, num_inference_steps=1, width=64, height=64)
        with page.expect_response(lambda response: response.url.endswith("/v1/jobs") and response.status == 202):
            press_render(page)
    field = page.locator("textarea[name=prompt]")
    field.fill("")
    field.press("ArrowUp")
    expect(field).to_have_value("a blue tree")
    field.press("ArrowUp")
    expect(field).to_have_value("a red mug")
    field.press("ArrowDown")
    expect(field).to_have_value("a blue tree")


def test_a_program_fills_in_the_form(page: Page, customer: Customer) -> None:
    """What is handed over by `PUT /v1/recall` is in the fields of the open page a moment later, and can be undone."""
    compose(page, "my own words")
    handed_over = {"prompt": "a green star", "steps": 5, "size": "192x128", "seed": 7}
    customer.http.put("/v1/recall", json=handed_over).raise_for_status()

    field = page.locator("textarea[name=prompt]")
    expect(field).to_have_value("a green star")
    expect(page.locator("input[type=number][name=num_inference_steps]")).to_have_value("5")
    expect(page.locator("input[name=width]")).to_have_value("192")
    expect(page.locator("input[name=seed]")).to_have_value("7")
    page.get_by_role("button", name="Undo").click()
    expect(field).to_have_value("my own words")


def test_a_model_that_is_not_there_is_said_before_the_run(visited: tuple[Page, Watch], visitor: Visitor) -> None:
    """Whose weights are not fetched, or whom no worker can draw with: the button is off, and the page says why."""
    page, _ = visited
    page.goto(f"/#key={visitor.api_key}")
    compose(page, _MUG)
    page.locator("select[name=model]").select_option("sdxl")

    expect(page.locator(".notices")).to_contain_text("sdxl")
    expect(page.get_by_role("button", name="Render", exact=True)).to_be_disabled()


_CHOOSE_AT_ONCE = """
new MutationObserver((_, observer) => {
  const select = document.querySelector("select[name=model]");
  if (!select?.options.length) return;
  observer.disconnect();
  select.value = window.chosen = [...select.options].at(-1).value;
  select.dispatchEvent(new Event("change", { bubbles: true }));
}).observe(document, { childList: true, subtree: true });
"""


def test_a_model_that_is_chosen_at_once_stays_chosen(visitor: Visitor) -> None:
    """Before the page has set the deployment's own: the first model that it reads whole is the chosen one."""
    with visitor.visiting() as (page, _):
        page.add_init_script(_CHOOSE_AT_ONCE)
        with page.expect_request(re.compile(r"/v1/models/")) as first:
            sign_in(page, visitor.api_key)
        chosen = page.evaluate("chosen")
        assert first.value.url.endswith(f"/v1/models/{chosen}")
        expect(page.locator("select[name=model]")).to_have_value(chosen)
