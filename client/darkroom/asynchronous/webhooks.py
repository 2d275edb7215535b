"""Where the ends of jobs are announced: `darkroom.webhooks`."""

from __future__ import annotations

from collections.abc import AsyncIterator

from darkroom.answers import read_views
from darkroom.asynchronous.pages import list_views
from darkroom.asynchronous.transport import AsyncTransport
from darkroom.request import Request, at, build_body, get, identify
from darkroom.views.jobs import Job
from darkroom.views.webhooks import CreatedWebhookEndpoint, WebhookDelivery, WebhookEndpoint


class AsyncWebhooks:
    """The webhook endpoints of the account, and what became of each call."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(self, url: str, *, description: str | None = None) -> CreatedWebhookEndpoint:
        """Call this address at every end of a job. The secret is shown only here. Calls `POST /v1/webhook-endpoints`."""
        body = build_body({"url": url, "description": description})
        request = Request("POST", "/v1/webhook-endpoints", json=body, is_repeatable=False)
        return await self._transport.ask(request, CreatedWebhookEndpoint)

    async def delete(self, endpoint: str | WebhookEndpoint) -> None:
        """Call this address no more. Calls `DELETE /v1/webhook-endpoints/{endpoint_id}`."""
        await self._transport.send(Request("DELETE", at("/v1/webhook-endpoints/{}", endpoint)))

    async def secret(self) -> str:
        """The account's secret, with which the webhooks of single jobs and sweeps are signed. Calls `GET /v1/webhook-secret`."""
        return str((await self._transport.ask_json(get("/v1/webhook-secret")))["secret"])

    async def delivery(self, delivery: str | WebhookDelivery) -> WebhookDelivery:
        """The delivery as it stands, with its tries. Calls `GET /v1/webhook-deliveries/{delivery_id}`."""
        return await self._transport.ask(get(at("/v1/webhook-deliveries/{}", delivery)), WebhookDelivery)

    def deliveries(
        self,
        *,
        endpoint: str | WebhookEndpoint | None = None,
        status: str | None = None,
        job: str | Job | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[WebhookDelivery]:
        """The deliveries that all filters let through, the newest first, each with its tries. Calls `GET /v1/webhook-deliveries`."""
        return list_views(
            self._transport,
            "/v1/webhook-deliveries",
            WebhookDelivery,
            limit,
            endpoint=None if endpoint is None else identify(endpoint),
            status=status,
            job=None if job is None else identify(job),
        )

    async def redeliver(self, delivery: str | WebhookDelivery) -> WebhookDelivery:
        """Make the call once more, however the delivery had ended. Calls `POST /v1/webhook-deliveries/{delivery_id}/redeliver`."""
        path = at("/v1/webhook-deliveries/{}/redeliver", delivery)
        return await self._transport.ask(Request("POST", path, is_repeatable=False), WebhookDelivery)

    async def list(self) -> list[WebhookEndpoint]:
        """All endpoints, without their secrets. Calls `GET /v1/webhook-endpoints`."""
        return read_views(WebhookEndpoint, (await self._transport.ask_json(get("/v1/webhook-endpoints")))["data"])
