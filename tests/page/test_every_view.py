"""What holds for each view of the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.page.accessibility import list_serious_faults
from tests.page.browser import DEVICES, SCHEMES, Device, Scheme
from tests.page.conftest import Visitor
from tests.page.views import VIEWS, show


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
def test_no_view_has_a_serious_fault(visitor: Visitor, device: Device, scheme: Scheme) -> None:
    """Everybody can use it: axe-core finds nothing serious, and nothing is wider than the screen."""
    with visitor.signed_in(device=device, scheme=scheme) as (page, _):
        for view in VIEWS:
            show(page, view)

            assert (view, list_serious_faults(page)) == (view, [])
            assert page.evaluate("document.documentElement.scrollWidth") <= device.width, view


def test_the_key_is_in_no_address(page: Page, visitor: Visitor) -> None:
    """The link's key is taken out of the address, and out of the browser's history, at once."""
    assert visitor.api_key not in page.url
    page.reload()
    assert visitor.api_key not in page.url
    assert page.evaluate("history.length") <= 3
