"""Waits for what only the document itself knows."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Page

_PAUSE_MS = 50


def wait_in_page(page: Page, expression: str, *, argument: Any = None, seconds: float = 60) -> Any:
    """Return what the expression, or the function, gives as soon as that is true. Raises TimeoutError if it never is.

    `Page.wait_for_function` asks a second time by `eval` in the document, which the page's policy forbids: it works only where
    the first answer is the right one.
    """
    deadline = time.monotonic() + seconds
    while not (answer := page.evaluate(expression, argument)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"never true in {seconds} s: {expression.strip()}")
        page.wait_for_timeout(_PAUSE_MS)
    return answer
