"""The OpenAPI document and the pages that show it, without a network."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, jsonify
from flask_openapi import OpenAPI

DESCRIPTION = """\
Send a prompt, get images in your bucket. A job that was answered with 202 is never lost and reaches exactly one end:
`succeeded`, `failed` or `cancelled`. Poll it, or add a webhook endpoint and be called back.

Authenticate with `Authorization: Bearer dk_…`. Errors are `application/problem+json` with a stable `code`.
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


def register_documentation(app: OpenAPI) -> None:
    """Serve `/openapi.json`; the framework serves the pages under `/docs` from its own files."""

    @app.route("/openapi.json")
    def get_openapi_document() -> Response:
        return jsonify(current_app.api_doc)  # type: ignore[attr-defined]  # the app is an OpenAPI
