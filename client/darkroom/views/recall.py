"""Requests that are handed over."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from darkroom.views.view import View


class Recall(View):
    """What the open pages of the account show in their forms."""

    #: Always `recall`.
    type: str = "recall"
    #: Grows: a later one has a larger number.
    number: int
    at: datetime
    #: From then on it is not kept any more.
    expires_at: datetime
    #: A render request as it was handed over: a body for `POST /v1/jobs`.
    request: dict[str, Any]
