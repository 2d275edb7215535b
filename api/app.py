"""Build the API."""

from __future__ import annotations

from flask_openapi import Info, OpenAPI
from flask_openapi.models.security_scheme import SecurityScheme
from flask_openapi.models.server import Server

import core.schema  # noqa: F401  (every table, so that foreign keys find theirs)
from api.deletions import get_deletion, list_deletions  # noqa: F401  (each adds its operation)
from api.deletions.blueprint import deletions_blueprint
from api.documentation import DESCRIPTION, OPENAPI_EXTENSIONS, register_documentation
from api.health import health_blueprint
from api.jobs import cancel_job, delete_job, get_job, get_preview, list_jobs, post_job  # noqa: F401  (each adds its operation)
from api.jobs.blueprint import jobs_blueprint
from api.json_body import JsonRequest
from api.large_bodies import register_large_bodies
from api.metrics import metrics_blueprint
from api.models import get_model, list_models  # noqa: F401  (each adds its operation)
from api.models.blueprint import models_blueprint
from api.own_address import OwnAddress
from api.parse_json import MAX_BODY_BYTES
from api.problems import Problem, answer_validation_error, register_problems
from api.request_context import register_request_context
from api.security_headers import DOCUMENTATION_PATH, register_security_headers
from api.unread_body import register_unread_bodies
from api.webhook_endpoints import delete_webhook_endpoint, list_webhook_endpoints, post_webhook_endpoint  # noqa: F401  (each adds its operation)
from api.webhook_endpoints.blueprint import webhook_endpoints_blueprint
from core.catalog import get_catalog
from core.logs import configure_logging
from core.settings import get_settings


def _operation_id(*, name: str, **_: str) -> str:
    """The function's name: what generated clients call the operation."""
    return name


def create_app() -> OpenAPI:
    """The WSGI application. Raises pydantic's ValidationError or InvalidCatalog, naming what is wrong with a setting or
    the models file.
    """
    settings = get_settings()
    configure_logging(settings)
    get_catalog()

    app = OpenAPI(
        "api",
        info=Info(title="Darkroom", version="1", description=DESCRIPTION),
        servers=[Server(url=settings.public_url)],
        security_schemes={"api_key": SecurityScheme(type="http", scheme="bearer")},
        openapi_extensions=OPENAPI_EXTENSIONS,
        validation_error_model=Problem,
        validation_error_callback=answer_validation_error,
        doc_prefix=DOCUMENTATION_PATH,
        operation_id_callback=_operation_id,
    )
    app.wsgi_app = OwnAddress(app.wsgi_app, settings.public_url)  # type: ignore[method-assign]  # as Flask's documentation does
    app.request_class = JsonRequest
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES

    register_request_context(app)
    register_security_headers(app)
    register_problems(app)
    register_large_bodies(app)
    register_unread_bodies(app)
    register_documentation(app)
    app.register_blueprint(health_blueprint)
    app.register_blueprint(metrics_blueprint)
    app.register_api(jobs_blueprint)
    app.register_api(deletions_blueprint)
    app.register_api(models_blueprint)
    app.register_api(webhook_endpoints_blueprint)
    return app
