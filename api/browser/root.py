"""`GET /`: the page to a browser; to everybody else what this is, and where to read on."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from api.page.get_page import send_page
from core.settings import get_settings

root_blueprint = Blueprint("root", __name__)


@root_blueprint.get("/")
def get_root() -> Response:
    """For everybody who opens the address alone; no key is needed."""
    response = send_page() if _prefers_html() else _introduce()
    response.vary.add("Accept")
    return response


def _prefers_html() -> bool:
    """Browsers name it before all others; programs that take anything mean data."""
    wanted = request.accept_mimetypes
    return wanted["text/html"] > wanted["application/json"]


def _introduce() -> Response:
    url = get_settings().public_url
    return jsonify(
        service="Darkroom",
        description="Send a prompt, get images in your bucket.",
        page=f"{url}/",
        documentation=f"{url}/docs/",
        openapi=f"{url}/openapi.json",
        errors=f"{url}/docs/errors/",
    )
