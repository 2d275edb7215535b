"""The page that shows the operations, and the document behind it, without a network."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from flask import Response, jsonify
from flask_openapi import OpenAPI

from api.security_headers import DOCUMENTATION_PATH
from core.settings import get_settings

DESCRIPTION = """\
Send a prompt, get images in your bucket. A job that was answered with 202 is never lost and reaches exactly one end:
`succeeded`, `failed` or `cancelled`. Poll it, or add a webhook endpoint and be called back.

Authenticate with `Authorization: Bearer dk_…`. Errors are `application/problem+json` with a stable `code`, each with
[a page of its own](errors/).
Unknown fields are refused. Ids are opaque.
"""

OPENAPI_EXTENSIONS: dict[str, Any] = {
    "openapi": "3.1.1",
    "webhooks": {
        "job": {
            "post": {
                "summary": "A job ended",
                "description": (
                    "Sent to every webhook endpoint of the account, signed as Standard Webhooks (`webhook-id`, "
                    "`webhook-timestamp`, `webhook-signature`). The same `webhook-id` may come twice."
                ),
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["type", "timestamp", "data"],
                                "properties": {
                                    "type": {"enum": ["job.succeeded", "job.failed", "job.cancelled"]},
                                    "timestamp": {"type": "string", "format": "date-time"},
                                    "data": {"$ref": "#/components/schemas/JobView"},
                                },
                            }
                        }
                    }
                },
                "responses": {"2XX": {"description": "Received. Anything else is tried again."}},
            }
        }
    },
}


#: The framework's own pages have their scripts between their tags, where a Content-Security-Policy that is worth having
#: forbids them.
_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Darkroom API</title>
<link rel="icon" href="swagger/images/swagger.svg">
<link rel="stylesheet" href="swagger/css/swagger-ui.css">
<div id="swagger-ui"></div>
<script src="swagger/js/swagger-ui-bundle.js"></script>
<script src="show-swagger.js"></script>
</html>
"""

_SHOW_SWAGGER = """\
// The document names the public address. What is tried here goes to the server that showed the page, whatever it is called.
const published = PUBLIC_URL;
const here = new URL("..", window.location.href.split(/[?#]/)[0]).href.replace(/[/]$/, "");
window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  requestInterceptor: (request) => {
    if (request.url.startsWith(published + "/")) request.url = here + request.url.slice(published.length);
    return request;
  },
  // Otherwise the page asks a validator on the internet.
  validatorUrl: null,
  // An address could name another document, and so another server to send the API key to.
  queryConfigEnabled: false,
});
"""


def register_documentation(app: OpenAPI) -> None:
    """Serve `/openapi.json`, and the page at `/docs` with Swagger UI's files, which the framework serves."""
    # In the document what matters stands first.
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's own provider has it
    app.config["OPENAPI_HTML_STRING"] = app.config["SWAGGER_HTML_STRING"] = _PAGE

    # Relative, as the page's own links are: which prefix a proxy has taken off the path, only the client knows.
    @app.route(DOCUMENTATION_PATH, strict_slashes=True)
    def redirect_to_documentation() -> Response:
        target = DOCUMENTATION_PATH.rpartition("/")[2] + "/"
        return Response(status=HTTPStatus.PERMANENT_REDIRECT, headers={"Location": target})

    @app.route("/openapi.json")
    def get_openapi_document() -> Response:
        return jsonify(app.api_doc)

    @app.route(f"{DOCUMENTATION_PATH}/show-swagger.js")
    def get_swagger_script() -> Response:
        script = _SHOW_SWAGGER.replace("PUBLIC_URL", json.dumps(get_settings().public_url))
        return Response(script, mimetype="text/javascript")
