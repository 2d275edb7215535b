"""`GET /`: what this is, and where to read on."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from core.settings import get_settings

root_blueprint = Blueprint("root", __name__)


@root_blueprint.get("/")
def get_root() -> Response:
    """For everybody who opens the address alone; no key is needed."""
    url = get_settings().public_url
    return jsonify(
        service="Darkroom",
        description="Send a prompt, get images in your bucket.",
        documentation=f"{url}/docs/",
        openapi=f"{url}/openapi.json",
        errors=f"{url}/docs/errors/",
    )
