"""A connection that is lost, and a way on which streams do not come through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from infra.local import LocalStack
from tests.acceptance.customer import SMALL, Customer
from tests.faults.proxy import Flow, Proxy
from tests.page.browser import open_context
from tests.page.composing import LONGEST_MS, tiles, wait_for_pictures
from tests.page.conftest import Visitor
from tests.page.views import sign_in

_MUG = "a large red mug"
_LOST = "Darkroom does not answer"
_STREAM = re.compile(r"/v1/events$")


@pytest.fixture
def proxy(stack: LocalStack) -> Iterator[Proxy]:
    """A way to the service that can be cut."""
    with Proxy(urlsplit(stack.url).port or 80) as proxy:
        yield proxy


@pytest.fixture
def far_page(browser: Browser, proxy: Proxy, customer: Customer) -> Iterator[Page]:
    """The page behind that way."""
    with open_context(browser, f"http://127.0.0.1:{proxy.port}") as context:
        page = context.new_page()
        sign_in(page, customer.api_key)
        yield page


def test_a_cut_connection_is_said_and_heals(far_page: Page, proxy: Proxy, customer: Customer) -> None:
    """What happened while it was cut is there when it is back, without a reload."""
    first = customer.submit(_MUG, num_inference_steps=60)
    expect(far_page.get_by_role("article", name=_MUG)).to_be_visible(timeout=LONGEST_MS)
    with proxy.doing(Flow.RESET):
        expect(far_page.get_by_text(_LOST)).to_be_visible()
        customer.wait_until_finished(first, seconds=LONGEST_MS / 1000)
        customer.wait_until_finished(customer.submit("a blue tree", **SMALL))

    wait_for_pictures(far_page, 2)
    expect(far_page.get_by_text(_LOST)).to_be_hidden()
    expect(far_page.get_by_role("article")).to_have_count(0)


def test_what_ended_before_the_first_stream_opened_is_shown(visitor: Visitor, customer: Customer) -> None:
    """No event was there to resume behind: the page finds both by itself, the newer one in front."""
    with visitor.visiting() as (page, watch):
        watch.expect(r"net::ERR_FAILED .*/v1/events")
        page.route(_STREAM, lambda route: route.abort())
        sign_in(page, customer.api_key)
        expect(page.get_by_text("Nothing drawn yet")).to_be_visible(timeout=LONGEST_MS)
        for prompt in (_MUG, "a blue tree"):
            customer.wait_until_finished(customer.submit(prompt, **SMALL))
        page.unroute(_STREAM)
        wait_for_pictures(page, 2)
        expect(tiles(page).first.get_by_role("button", name="a blue tree", exact=True)).to_be_visible()


def test_a_cut_stream_resumes_behind_its_last_event(far_page: Page, proxy: Proxy, customer: Customer) -> None:
    """The stream is asked for again with the number of the last event that came."""
    customer.wait_until_finished(customer.submit(_MUG, **SMALL))
    wait_for_pictures(far_page, 1)
    with far_page.expect_request(_STREAM, timeout=LONGEST_MS) as again:
        proxy.flow = Flow.RESET
        proxy.flow = Flow.PASS
    assert int(again.value.headers["last-event-id"]) > 0
    customer.wait_until_finished(customer.submit("a blue tree", **SMALL))
    wait_for_pictures(far_page, 2)


@pytest.mark.slow
def test_where_streams_are_held_back_the_page_asks(visitor: Visitor, customer: Customer) -> None:
    """Behind a proxy that passes no stream on, jobs and pictures are shown all the same, and the page says why it is slower."""
    with visitor.visiting() as (page, _):
        page.route(_STREAM, lambda _: None)
        sign_in(page, customer.api_key)
        expect(page.get_by_text("Live events do not come through")).to_be_visible(timeout=LONGEST_MS)
        customer.submit(_MUG, **SMALL)
        wait_for_pictures(page, 1)
        expect(tiles(page).first.get_by_role("button", name=_MUG, exact=True)).to_be_visible()
