"""`python -m tests.page.measure`: how fast the page is, on this machine with an embedded stack that does nothing else."""

from __future__ import annotations

import argparse
import statistics
from datetime import datetime
from typing import Any

from playwright.sync_api import Browser, Page

from infra.local import LocalStack
from tests.acceptance.customer import SMALL, Customer, open_account
from tests.page.browser import open_context, running_chromium
from tests.page.composing import compose
from tests.page.many_pictures import fill_gallery
from tests.page.views import show, sign_in
from tests.page.wait_in_page import wait_in_page

_PICTURES = 2_000
_RUNS = 10

_FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"

#: Until the frame after a key: what somebody sees of it.
_TYPE = """
async (letters) => {
  const field = document.querySelector("textarea[name=prompt]");
  field.focus();
  const taken = [];
  for (const letter of letters) {
    const began = performance.now();
    document.execCommand("insertText", false, letter);
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    taken.push(performance.now() - began);
  }
  return taken;
}
"""

#: The moment at which a picture with these words is on the screen, its pixels loaded.
_LANDED = """
(words) => new Promise((resolve) => {
  const look = () => {
    const image = [...document.querySelectorAll(".tile")].find((tile) => tile.textContent.includes(words))?.querySelector("img");
    if (image?.complete && image.naturalWidth) resolve(Date.now());
    else requestAnimationFrame(look);
  };
  look();
})
"""


def main() -> None:
    """Start the service, fill a gallery, and print the figures."""
    argparse.ArgumentParser(
        prog="python -m tests.page.measure", description="Prints how fast the page is."
    ).parse_args()
    with LocalStack() as stack, running_chromium() as browser, open_account(stack, "measure") as customer:
        fill_gallery(stack, customer, _PICTURES)
        _report("first paint", [_measure_first_paint(browser, stack, customer) for _ in range(_RUNS)])
        with open_context(browser, stack.url) as context:
            page = context.new_page()
            sign_in(page, customer.api_key)
            _scroll_through(page)
            _report(f"a key, with {_PICTURES} pictures", _measure_typing(page))
            _report("a picture after its job's end", [_measure_landing(page, customer, run) for run in range(_RUNS)])


def _report(what: str, milliseconds: list[float]) -> None:
    ordered = sorted(milliseconds)
    print(
        f"{what}: median {statistics.median(ordered):.0f} ms, {ordered[0]:.0f} to {ordered[-1]:.0f} ms, {len(ordered)} runs"
    )


def _measure_first_paint(browser: Browser, stack: LocalStack, customer: Customer) -> float:
    """With an empty cache, from the link to the first thing on the screen."""
    with open_context(browser, stack.url) as context:
        page = context.new_page()
        sign_in(page, customer.api_key)
        return float(wait_in_page(page, _FIRST_PAINT))


def _scroll_through(page: Page) -> None:
    """All pictures are in the page's list, and it is at the top again."""
    show(page, "compose")
    for _ in range(_PICTURES // 10):
        page.mouse.move(900, 400)
        page.mouse.wheel(0, 8_000)
        page.wait_for_timeout(60)
    page.evaluate("scrollTo(0, 0)")


def _measure_typing(page: Page) -> list[float]:
    return [float(each) for each in page.evaluate(_TYPE, "a large red mug on a yellow background ")]


def _measure_landing(page: Page, customer: Customer, run: int) -> float:
    words = f"a blue star, the {run}th"
    compose(page, words, **{name: value for name, value in SMALL.items() if name == "num_inference_steps"})
    page.evaluate(f"words => {{ window.landed = ({_LANDED})(words); }}", words)
    page.keyboard.press("Control+Enter")
    landed = float(page.evaluate("window.landed"))
    [job] = _find(customer, words)
    return landed - datetime.fromisoformat(job["finished_at"]).timestamp() * 1000


def _find(customer: Customer, words: str) -> list[dict[str, Any]]:
    jobs = customer.http.get("/v1/jobs", params={"limit": 1}).json()["data"]
    return [job for job in jobs if job["request"]["prompt"] == words]


if __name__ == "__main__":
    main()
