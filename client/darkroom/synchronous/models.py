"""What a deployment can draw with: `darkroom.models`."""

from __future__ import annotations

from darkroom.answers import read_views
from darkroom.request import at, get
from darkroom.synchronous.transport import Transport
from darkroom.views.models import Model, ModelDetail


class Models:
    """The models of the deployment."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, model: str | Model) -> ModelDetail:
        """The model with the JSON schema of its parameters, by task. Calls `GET /v1/models/{model_id}`."""
        return self._transport.ask(get(at("/v1/models/{}", model)), ModelDetail)

    def list(self) -> list[Model]:
        """All models. Calls `GET /v1/models`."""
        return read_views(Model, (self._transport.ask_json(get("/v1/models")))["data"])
