"""Where the ends of jobs are announced."""

from __future__ import annotations

from datetime import datetime

from darkroom.views.view import View


class WebhookEndpoint(View):
    """An endpoint, without its secret."""

    id: str
    url: str
    description: str
    created_at: datetime
    #: Set when the receiver answered 410 Gone.
    disabled_at: datetime | None = None


class CreatedWebhookEndpoint(WebhookEndpoint):
    """The new endpoint with its secret, which is shown only here."""

    #: `whsec_…`: verify every call with it.
    secret: str
