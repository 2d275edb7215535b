"""`GET /openai/v1/models`: the models."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from api.dialects.openai.blueprint import openai_blueprint
from core.catalog import get_catalog


@openai_blueprint.get("/models")
def list_models() -> Response:
    """Every model that can be drawn with: those that are still to be fetched are left out."""
    catalog = get_catalog()
    return jsonify(object="list", data=[_show(id_) for id_ in catalog.models if catalog.is_available(id_)])


@openai_blueprint.get("/models/<model_id>")
def read_model(model_id: str) -> Response:
    """One model. Raises ModelNotFound."""
    get_catalog().get(model_id)
    return jsonify(_show(model_id))


def _show(model_id: str) -> dict[str, Any]:
    return {"id": model_id, "object": "model", "created": 0, "owned_by": "darkroom"}
