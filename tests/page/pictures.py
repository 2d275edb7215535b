"""`python -m tests.page.pictures`: draw every view of the page into docs/page/, on a desktop and a phone, light and dark, and the tutorial's."""

from __future__ import annotations

import time

from playwright.sync_api import Browser

from infra.local import LocalStack
from infra.local.webhook_listener import listening
from tests.acceptance.customer import Customer, open_account
from tests.conftest import REPOSITORY
from tests.page.browser import DEVICES, SCHEMES, Device, Scheme, open_context, running_chromium
from tests.page.tutorial_pictures import draw_tutorial, draw_window
from tests.page.views import VIEWS, show, sign_in

FOLDER = REPOSITORY / "docs" / "page"

#: What is in the gallery of the pictures, all of it Picturebook's.
_PROMPTS = (
    "a large red mug on a yellow background",
    "a large blue star and a small green tree",
    "two orange fish on a blue background",
    "a small yellow house on a purple background",
    "a large green chair on a pink background",
    "a red car on the left and a blue lamp on the right",
    "a medium white heart on a turquoise background",
    "a large purple flower on a white background",
)
_SEEDS = (1, 2, 3)


def main() -> None:
    """Start the service, fill it, and draw what a person then sees."""
    FOLDER.mkdir(exist_ok=True)
    with LocalStack() as stack, running_chromium() as browser, open_account(stack, "pictures") as customer:
        _fill(customer)
        for device in DEVICES:
            for scheme in SCHEMES:
                _draw_views(browser, stack, customer, device, scheme)
        draw_tutorial(browser, stack, FOLDER)


def _fill(customer: Customer) -> None:
    """Pictures, two favourites, a sweep that has ended, and a webhook endpoint that was called."""
    with listening() as listener:
        customer.http.post("/v1/webhook-endpoints", json={"url": listener.url, "description": "The shop's own server"})
        jobs = [customer.submit(prompt, seed=seed) for prompt in _PROMPTS for seed in _SEEDS]
        body = {
            "name": "Mugs by colour",
            "prompts": [f"a large {colour} mug on a yellow background" for colour in ("red", "green", "blue")],
            "seeds": [1, 2, 3],
        }
        customer.http.post("/v1/sweeps", json=body).raise_for_status()
        done = customer.wait_until_all_finished(jobs, seconds=300)
        _wait_until_delivered(customer, calls=len(jobs) + 9 + 1)
    favourites = [output["id"] for job in done[:2] for output in job["outputs"]]
    customer.http.post("/v1/outputs/change", json={"outputs": favourites, "favourite": True}).raise_for_status()
    board = customer.http.post("/v1/boards", json={"name": "Autumn cards"}).raise_for_status().json()
    customer.http.post(
        "/v1/outputs/change", json={"outputs": favourites, "add_to_board": board["id"]}
    ).raise_for_status()


def _wait_until_delivered(customer: Customer, *, calls: int) -> None:
    """The end of each job was announced, of those of the sweep as well, and the sweep's own."""
    until = time.monotonic() + 300
    while time.monotonic() < until:
        deliveries = (
            customer.http.get("/v1/webhook-deliveries", params={"limit": 100}).raise_for_status().json()["data"]
        )
        if [delivery["status"] for delivery in deliveries] == ["delivered"] * calls:
            return
        time.sleep(0.2)
    raise TimeoutError("the webhook endpoint was not called for everything")


def _draw_views(browser: Browser, stack: LocalStack, customer: Customer, device: Device, scheme: Scheme) -> None:
    with open_context(browser, stack.url, device=device, scheme=scheme) as context:
        page = context.new_page()
        sign_in(page, customer.api_key)
        for view in VIEWS:
            show(page, view)
            draw_window(page, FOLDER / f"{view}-{device.name}-{scheme}.webp")


if __name__ == "__main__":
    main()
