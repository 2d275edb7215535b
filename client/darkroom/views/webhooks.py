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


class WebhookAttempt(View):
    """One call and what came back."""

    #: From 1.
    attempt_number: int
    #: `scheduled`: it was due; `manual`: the account asked for it.
    trigger: str
    started_at: datetime
    #: Null: there was no answer.
    response_status_code: int | None = None
    response_duration_ms: int
    #: Why there was no answer, or how one that was not 2xx began.
    error: str | None = None


class WebhookDelivery(View):
    """One event on its way to one address."""

    id: str
    #: `pending`: it is still tried; `delivered`: an answer was 2xx; `exhausted`: no try is left; `cancelled`: the
    #: endpoint was deleted, or answered 410 Gone.
    status: str
    #: Null: the request of the job, or of the sweep, named the address (`webhook`).
    endpoint_id: str | None = None
    url: str
    #: The `webhook-id` of each call.
    event_id: str
    event_type: str
    #: Null: it is of a sweep.
    job_id: str | None = None
    sweep_id: str | None = None
    created_at: datetime
    #: Null: there is no further try.
    next_attempt_at: datetime | None = None
    finished_at: datetime | None = None
    #: Those that were made, the first one first.
    attempts: list[WebhookAttempt]
