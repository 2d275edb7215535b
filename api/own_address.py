"""The address that the app believes it has: PUBLIC_URL, whatever a request says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

#: Key of a request's environ: the Host that it came with.
SENT_HOST = "darkroom.sent_host"

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class OwnAddress:
    """Scheme, host and prefix of every request become those of PUBLIC_URL.

    Anybody can send any Host header, and health checks send whatever they have: none is refused, and none finds its way
    into an answer. Who has to know keeps to SENT_HOST.
    """

    def __init__(self, app: WSGIApplication, public_url: str) -> None:
        self._app = app
        address = urlsplit(public_url)
        self._environ = {
            "wsgi.url_scheme": address.scheme,
            "HTTP_HOST": address.netloc,
            "SCRIPT_NAME": address.path,
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[SENT_HOST] = environ.get("HTTP_HOST")
        environ.update(self._environ)
        return self._app(environ, start_response)
