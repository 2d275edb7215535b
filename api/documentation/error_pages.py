"""A page for every code that a problem may have: what it means and what to do. Its `type` is the page's address."""

from __future__ import annotations

from html import escape
from http import HTTPStatus

from flask import Flask, Response

from api.problem_kinds import ERROR_PAGES, ErrorKind, list_error_kinds
from core.errors import NotFound

#: What to do, by HTTP status, where a code has no advice of its own.
_OF_STATUS = {
    HTTPStatus.BAD_REQUEST: "Send the body again as valid JSON.",
    HTTPStatus.UNAUTHORIZED: "Send the key that <code>darkroom-admin issue-key</code> printed; a revoked one does not come back.",
    HTTPStatus.FORBIDDEN: "Ask the operator of this deployment.",
    HTTPStatus.NOT_FOUND: "Check the id, and that it belongs to the account of the key: what belongs to others is not found either.",
    HTTPStatus.METHOD_NOT_ALLOWED: "The header <code>Allow</code> names the methods that there are.",
    HTTPStatus.CONFLICT: "Read the job: its status says what can still be done with it.",
    HTTPStatus.GONE: "It does not come back; its receipt says what was deleted and when.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Send less: a body holds at most 1 MiB beside its pictures, and 32 MiB with them.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "Send the body as <code>application/json</code>, without a Content-Encoding.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "<code>errors</code> names each field, what is wrong with it, and the values that are allowed.",
    HTTPStatus.TOO_MANY_REQUESTS: "Send the same request again after the seconds of <code>Retry-After</code>.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Send the same request again after the seconds of <code>Retry-After</code>, with the same "
    "Idempotency-Key if it has one: then it counts once.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Send the <code>request_id</code> to the operator: it finds the lines of the log.",
}

#: What to do about one code.
_OF_CODE = {
    "idempotency_key_reused": "A key stands for one body. Send the first body again, or choose another key.",
    "client_id_taken": "An id stands for one body. Send the first body again, or choose another id.",
    "job_finished": "Nothing is to be done: the job has ended by itself.",
    "too_many_webhook_endpoints": "Delete an endpoint first, or name the address in the request of each job (<code>webhook</code>).",
    "webhook_endpoint_gone": "Add the endpoint again, and read the job itself: its delivery cannot be sent any more.",
    "too_many_boards": "Delete a board first: the pictures on it stay.",
    "not_found": "The address is wrong: the message names operations that are near.",
}

_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="{up}errors.css">
<main>
{body}
</main>
</html>
"""

_STYLE = """\
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem; color: #222; background: #fff; }
main { max-width: 46rem; margin: auto; }
code { background: #f2f2f2; padding: .1em .3em; border-radius: 3px; }
td { padding: .2rem 1rem .2rem 0; vertical-align: top; }
"""


def register_error_pages(app: Flask) -> None:
    """Serve the list of codes and a page for each."""
    kinds = {kind.code: kind for kind in list_error_kinds()}

    @app.route(f"{ERROR_PAGES}/")
    def list_errors() -> str:
        rows = "".join(
            f'<tr><td><a href="{kind.code}"><code>{kind.code}</code></a><td>{kind.status:d}<td>{escape(kind.meaning)}'
            for kind in kinds.values()
        )
        return _PAGE.format(title="Errors of Darkroom", up="../", body=f"<h1>Errors</h1>\n<table>{rows}</table>")

    @app.route(f"{ERROR_PAGES}/<code>")
    def show_error(code: str) -> str:
        if code not in kinds:
            raise NotFound
        return _PAGE.format(title=f"{code}: an error of Darkroom", up="../", body=_describe(kinds[code]))

    @app.route("/docs/errors.css")
    def get_errors_style() -> Response:
        return Response(_STYLE, mimetype="text/css")


def _describe(kind: ErrorKind) -> str:
    later = (
        ""
        if kind.retry_after is None
        else f"<p>The answer asks to wait {kind.retry_after} s (<code>Retry-After</code>)."
    )
    advice = _OF_CODE.get(kind.code) or _OF_STATUS.get(kind.status, "")
    return (
        f"<h1><code>{kind.code}</code></h1>\n<p>HTTP {kind.status:d} {kind.status.phrase}.\n"
        f"<p>{escape(kind.meaning)}\n<h2>What to do</h2>\n<p>{advice}\n{later}\n"
        f'<p><a href="./">All errors</a> · <a href="../">All operations</a>'
    )
