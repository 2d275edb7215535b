"""Webhooks on the page: an endpoint, its secret, and what became of its deliveries."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from standardwebhooks import Webhook

from infra.local.webhook_listener import listening
from tests.acceptance.customer import SMALL, Customer
from tests.page.conftest import Visitor
from tests.page.views import show


def test_an_endpoint_is_added_called_and_deleted(page: Page, customer: Customer) -> None:
    """Its secret is shown once, and verifies the call."""
    show(page, "webhooks")
    with listening() as listener:
        page.get_by_label("Address").fill(listener.url)
        page.get_by_label("What it is for").fill("the shop")
        page.get_by_role("button", name="Add endpoint").click()
        secret = page.get_by_label("Secret", exact=True).input_value()
        page.get_by_role("button", name="Done").click()
        expect(page.get_by_text("the shop")).to_be_visible()

        job = customer.submit(**SMALL)
        call = listener.calls.get(timeout=60)

    assert Webhook(secret).verify(call.body, call.headers)["data"]["id"] == job["id"]
    page.reload()
    show(page, "webhooks")
    delivery = page.get_by_role("row").filter(has_text="job.succeeded")
    expect(delivery).to_contain_text(listener.url)
    expect(delivery).to_contain_text("Delivered")
    expect(delivery).to_contain_text("204 in")
    assert secret not in page.content()

    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name=f"Delete {listener.url}").click()

    expect(page.get_by_role("button", name=f"Delete {listener.url}")).to_have_count(0)
    assert customer.http.get("/v1/webhook-endpoints").json()["data"] == []


def test_an_address_that_is_not_taken_is_refused_at_its_field(visitor: Visitor) -> None:
    """With the service's reason."""
    with visitor.signed_in() as (page, watch):
        show(page, "webhooks")
        watch.expect("status of 422")
        page.get_by_label("Address").fill("ftp://example.com")
        page.get_by_role("button", name="Add endpoint").click()

        expect(page.locator(".field-error")).to_contain_text("http")


def test_a_call_that_failed_is_sent_again_by_hand(page: Page, customer: Customer) -> None:
    """What came back is shown for each try; the receiver gets the same event once more."""
    with listening() as listener:
        url = listener.url
        customer.http.post("/v1/webhook-endpoints", json={"url": url}).raise_for_status()
        customer.submit(**SMALL)
        first = listener.calls.get(timeout=60)
        show(page, "webhooks")
        delivery = page.get_by_role("row").filter(has_text=url)
        expect(delivery).to_contain_text("Delivered")

        delivery.get_by_role("button", name=f"Send job.succeeded to {url} again").click()

        second = listener.calls.get(timeout=60)
        assert second.headers["webhook-id"] == first.headers["webhook-id"]
        expect(delivery.get_by_text("2: by hand: 204 in")).to_be_visible()
