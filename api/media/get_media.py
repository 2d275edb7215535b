"""`GET /media/{token}/{name}`: an output, to everybody who has its signed address, and whatever key comes with it."""

from __future__ import annotations

from flask import Blueprint, Response, request

from core.artifacts.capability import read_output_link
from core.artifacts.read_outputs import read_outputs
from core.errors import OutputNotFound

media_blueprint = Blueprint("media", __name__)


@media_blueprint.get("/media/<token>/<name>")
def get_media(token: str, name: str) -> Response:
    """The file. The `Authorization` that some clients send along is not looked at. Raises OutputNotFound."""
    artifact_id = read_output_link(token, name)
    if artifact_id is None:
        raise OutputNotFound
    [output] = read_outputs([artifact_id])
    response = Response(output.body, mimetype=output.media_type)
    response.headers["Cache-Control"] = "private, no-store"
    response.set_etag(output.sha256[:32])
    response.make_conditional(request, accept_ranges=True, complete_length=len(output.body))
    return response
