"""`GET /` for a browser, and the files that the page is made of."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from flask import Blueprint, Response, abort, send_from_directory

from api.page.policy import build_page_policy

_FOLDER = Path(__file__).with_name("static")

#: Its links are relative, and right at `/` alone.
_PAGE = "index.html"

#: By suffix. What a machine's own table says differs from one machine to the next, and a browser runs no script of another type.
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}

page_blueprint = Blueprint("page", __name__)


def send_page() -> Response:
    """The page itself; no key is needed, since it holds none."""
    return _send(_PAGE)


@page_blueprint.get("/page/<path:name>")
def get_page_file(name: str) -> Response:
    """A script, a style sheet or a picture of the page."""
    if name == _PAGE:
        abort(404)
    return _send(name)


def _send(name: str) -> Response:
    media_type = _TYPES.get(PurePosixPath(name).suffix)
    if media_type is None:
        abort(404)
    # Without a lifetime: a browser asks each time whether a file has changed, so that all of them are of one release.
    response = send_from_directory(_FOLDER, name, mimetype=media_type)
    response.headers["Content-Security-Policy"] = build_page_policy()
    return response
