"""What the customers' web server is sent."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from standardwebhooks import WebhookVerificationError

from infra.local.webhook_listener import ReceivedCall, WebhookListener
from tests.soak.customers import Customer


@dataclass(frozen=True)
class Received:
    """A webhook that came in, and the account whose secret it is signed with (None: nobody's)."""

    webhook_id: str
    account: int | None
    type: str
    job: dict[str, Any]


class Receiver:
    """Verifies each call as it comes in, as its age is a part of that."""

    def __init__(self, listener: WebhookListener, customers: Sequence[Customer]) -> None:
        self.received: list[Received] = []
        self._calls = listener.calls
        self._customers = customers

    def run(self, is_over: threading.Event) -> None:
        """Until it is over and nothing is left."""
        while not (is_over.is_set() and self._calls.empty()):
            try:
                call = self._calls.get(timeout=0.1)
            except queue.Empty:
                continue
            event = json.loads(call.body)
            account = self._find_sender(call)
            self.received.append(Received(call.headers["webhook-id"], account, event["type"], event["data"]))

    def _find_sender(self, call: ReceivedCall) -> int | None:
        for number, customer in enumerate(self._customers):
            try:
                customer.webhook.verify(call.body, call.headers)
            except WebhookVerificationError:
                continue
            return number
        return None
