"""Where the ends of jobs are announced: `darkroom.webhooks`."""

from __future__ import annotations

from darkroom.answers import read_views
from darkroom.asynchronous.transport import AsyncTransport
from darkroom.request import Request, at, build_body, get
from darkroom.views.webhooks import CreatedWebhookEndpoint, WebhookEndpoint


class AsyncWebhooks:
    """The webhook endpoints of the account."""

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

    async def list(self) -> list[WebhookEndpoint]:
        """All endpoints, without their secrets. Calls `GET /v1/webhook-endpoints`."""
        return read_views(WebhookEndpoint, (await self._transport.ask_json(get("/v1/webhook-endpoints")))["data"])
