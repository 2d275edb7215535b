"""What no use of the page may cause: errors on the console, breaches of its policy, and requests to strangers."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebError

#: A breach of the policy is an event of the document, also where the console has no line of it.
_REPORT_BREACHES = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`breach of ${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""

#: Addresses that no request leaves the browser for.
_INSIDE = {"about", "blob", "data"}


class Watch:
    """Collects the faults of all pages of one browser context."""

    def __init__(self, context: BrowserContext, origins: Collection[str]) -> None:
        self.faults: list[str] = []
        self._origins = set(origins)
        self._expected: list[re.Pattern[str]] = []
        context.add_init_script(_REPORT_BREACHES)
        context.on("console", self._hear)
        context.on("weberror", self._catch)
        context.on("request", self._see)

    def expect(self, pattern: str) -> None:
        """From now on a fault in which the pattern is found is what the test provokes: Chromium itself writes a line to the
        console for every answer of 4xx.
        """
        self._expected.append(re.compile(pattern))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._add(f"console: {message.text} ({message.location['url']})")

    def _catch(self, error: WebError) -> None:
        self._add(f"uncaught: {error.error}")

    def _see(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in _INSIDE and f"{address.scheme}://{address.netloc}" not in self._origins:
            self._add(f"request to a stranger: {request.url}")

    def _add(self, fault: str) -> None:
        if not any(pattern.search(fault) for pattern in self._expected):
            self.faults.append(fault)
