"""What axe-core, a checker of accessibility, says of a page."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

#: Of its four degrees: minor, moderate, serious, critical.
_BAD = {"serious", "critical"}


def list_serious_faults(page: Page) -> list[str]:
    """The faults that keep people from using what the page shows now, each with the elements that have it."""
    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{each['id']} ({each['impact']}): {each['help']}: {', '.join(node['html'][:120] for node in each['nodes'])}"
        for each in violations
        if each["impact"] in _BAD
    ]
