"""What a deployment can draw with: `darkroom.models`."""

from __future__ import annotations

from darkroom.answers import read_views
from darkroom.asynchronous.transport import AsyncTransport
from darkroom.request import at, get
from darkroom.views.models import Model, ModelDetail


class AsyncModels:
    """The models of the deployment."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(self, model: str | Model) -> ModelDetail:
        """The model with the JSON schema of its parameters, by task. Calls `GET /v1/models/{model_id}`."""
        return await self._transport.ask(get(at("/v1/models/{}", model)), ModelDetail)

    async def list(self) -> list[Model]:
        """All models. Calls `GET /v1/models`."""
        return read_views(Model, (await self._transport.ask_json(get("/v1/models")))["data"])
