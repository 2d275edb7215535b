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
    expect(page.get_by_text(listener.url).first).to_be_visible()
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
