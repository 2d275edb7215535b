"""The queue on the page: what waits and why, and who goes first."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.acceptance.customer import SMALL, Customer
from tests.page.views import show


def test_a_paused_queue_says_so_and_resumes(page: Page, customer: Customer) -> None:
    """While it is paused every job shows why it waits; the last is moved to the front; after the resume they are drawn."""
    show(page, "queue")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused since")).to_be_visible()

    jobs = [customer.submit(f"a red mug {number}", **SMALL) for number in range(3)]

    expect(page.get_by_role("heading", name=re.compile("picturebook 3 of yours, [0-9]+ in all"))).to_be_visible()
    expect(page.get_by_text("You have paused your jobs: Resume lets them start.")).to_be_visible()
    page.get_by_role("button", name="To the front: a red mug 2").click()
    expect(page.locator(".queue-group .queue-prompt")).to_have_text(["a red mug 2", "a red mug 0", "a red mug 1"])
    page.get_by_role("button", name="Cancel: a red mug 1").click()
    expect(page.locator(".queue-group .queue-prompt")).to_have_text(["a red mug 2", "a red mug 0"])

    page.get_by_role("button", name="Resume").click()

    ended = customer.wait_until_all_finished(jobs)
    assert [job["status"] for job in ended] == ["succeeded", "cancelled", "succeeded"]
    expect(page.get_by_text("0 run, 0 wait")).to_be_visible()
    drawn = page.get_by_role("figure").filter(has_text="Jobs drawn in each minute")
    drawn.get_by_text("As a table").click()
    numbers = drawn.locator("tbody td:nth-child(2)")
    expect(numbers.first).to_be_visible(timeout=15_000)
    assert sum(map(int, numbers.all_text_contents())) == 2


def test_a_running_job_is_seen_and_put_back(page: Page, customer: Customer) -> None:
    """Its steps are shown; paused at once it waits again, and resumes at its step."""
    job = customer.submit("a red mug", width=320, height=320, num_inference_steps=60)
    customer.wait_until_rendering(job)
    show(page, "queue")
    expect(page.get_by_role("progressbar", name="Progress of a red mug")).to_be_visible()
    expect(page.get_by_text("of 60")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="picturebook: 1 together, 1 of yours")).to_be_visible()

    page.get_by_role("button", name="Pause at once").click()

    expect(page.get_by_text("Nothing is being drawn.")).to_be_visible(timeout=30_000)
    assert customer.read(job)["status"] == "queued"
    page.get_by_role("button", name="Cancel: a red mug").click()
    expect(page.get_by_text("0 run, 0 wait")).to_be_visible()
    assert customer.read(job)["status"] == "cancelled"
