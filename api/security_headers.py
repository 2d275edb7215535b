"""Headers that keep an answer out of other sites' frames, of caches, and of the addresses that browsers pass on."""

from __future__ import annotations

from flask import Flask, Response, request

from api.translation.dialect import find_dialect

#: An answer of the API is data: opened in a browser it loads and runs nothing.
_DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

#: The documentation's pages run their own scripts and call this API. Swagger UI styles its elements one by one, and its
#: icons are data URIs.
_DOCUMENTATION_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

#: Where the documentation's pages are.
DOCUMENTATION_PATH = "/docs"


def register_security_headers(app: Flask) -> None:
    """Put them on every answer of the app, errors included."""

    @app.after_request
    def add_security_headers(response: Response) -> Response:
        headers = response.headers
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        is_documentation = request.path.startswith(f"{DOCUMENTATION_PATH}/")
        # The page for people has set its own.
        headers.setdefault("Content-Security-Policy", _DOCUMENTATION_POLICY if is_documentation else _DATA_POLICY)
        if request.path.startswith("/v1/") or find_dialect() is not None:
            # Jobs hold prompts, and addresses that open their images without a key.
            headers["Cache-Control"] = "no-store"
        return response
