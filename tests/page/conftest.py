"""A browser before the whole service, with somebody who has signed in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from infra.local import LocalStack
from tests.acceptance.customer import Customer, open_account
from tests.page.browser import DESKTOP, PHONE, Device, Scheme, open_context, running_chromium
from tests.page.views import sign_in
from tests.page.watch import Watch

# Other tests use the cores too: a view that takes long is no fault, one that never comes is.
expect.set_options(timeout=60_000)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, started once."""
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def customer(stack: LocalStack, request: pytest.FixtureRequest) -> Iterator[Customer]:
    """Somebody with an account of their own. What they do by the API, the page shows."""
    with open_account(stack, request.node.name) as customer:
        yield customer


class Visitor:
    """Opens pages of one account, each in a browser of its own, and holds every page to what `Watch` says."""

    def __init__(self, browser: Browser, stack: LocalStack, customer: Customer) -> None:
        self.stack = stack
        self.api_key = customer.api_key
        self._browser = browser

    @contextmanager
    def visiting(self, *, device: Device = DESKTOP, scheme: Scheme = "light") -> Iterator[tuple[Page, Watch]]:
        """A page that has not been opened yet, and what is watched of it. At the end there are no faults."""
        origins = (self.stack.url, self.stack.environment["S3_PUBLIC_ENDPOINT_URL"])
        with open_context(self._browser, self.stack.url, device=device, scheme=scheme) as context:
            watch = Watch(context, origins)
            yield context.new_page(), watch
        assert watch.faults == []

    @contextmanager
    def signed_in(self, *, device: Device = DESKTOP, scheme: Scheme = "light") -> Iterator[tuple[Page, Watch]]:
        """A page that was opened by the link with the key."""
        with self.visiting(device=device, scheme=scheme) as (page, watch):
            sign_in(page, self.api_key)
            yield page, watch


@pytest.fixture
def visitor(browser: Browser, stack: LocalStack, customer: Customer) -> Visitor:
    """Somebody at the page's address, for tests that want more than one browser, a phone, or a dark one."""
    return Visitor(browser, stack, customer)


@pytest.fixture
def visited(visitor: Visitor) -> Iterator[tuple[Page, Watch]]:
    """A page that has not been opened yet (`page.goto("/")`), and its watch, which learns from the test what it provokes."""
    with visitor.visiting() as page_and_watch:
        yield page_and_watch


@pytest.fixture
def page(visitor: Visitor) -> Iterator[Page]:
    """The page on a desktop, signed in. At the end it has caused no fault."""
    with visitor.signed_in() as (page, _):
        yield page


@pytest.fixture
def phone(visitor: Visitor) -> Iterator[Page]:
    """The page on a phone, signed in. At the end it has caused no fault."""
    with visitor.signed_in(device=PHONE) as (page, _):
        yield page
