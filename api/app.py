"""Build the API."""

from __future__ import annotations

from flask_openapi import Info, OpenAPI
from flask_openapi.models.security_scheme import SecurityScheme
from flask_openapi.models.server import Server

import core.schema  # noqa: F401  (every table, so that foreign keys find theirs)
from api.again import get_receipt, replay_job, retry_job, vary_job  # noqa: F401  (each adds its operation)
from api.boards import delete_board, get_board, list_boards, patch_board, post_board  # noqa: F401  (each adds its operation)
from api.boards.blueprint import boards_blueprint
from api.browser.cross_origin import parse_origins, register_cross_origin
from api.browser.root import root_blueprint
from api.deletions import get_deletion, list_deletions  # noqa: F401  (each adds its operation)
from api.deletions.blueprint import deletions_blueprint
from api.documentation.document import complete_document
from api.documentation.error_pages import register_error_pages
from api.documentation.pages import DESCRIPTION, OPENAPI_EXTENSIONS, register_documentation
from api.events import get_events  # noqa: F401  (it adds its operation)
from api.events.blueprint import events_blueprint
from api.files import delete_file, get_file, list_files, post_file  # noqa: F401  (each adds its operation)
from api.files.blueprint import files_blueprint
from api.health import health_blueprint
from api.jobs import (  # noqa: F401  (each adds its operation)
    cancel_job,
    cancel_jobs,
    delete_job,
    delete_jobs,
    get_job,
    get_job_events,
    get_preview,
    list_jobs,
    move_job,
    post_job,
    put_job,
)
from api.jobs.blueprint import jobs_blueprint
from api.json_body import JsonRequest
from api.large_bodies import register_large_bodies
from api.media.get_media import media_blueprint
from api.metrics import metrics_blueprint
from api.models import get_model, list_models  # noqa: F401  (each adds its operation)
from api.models.blueprint import models_blueprint
from api.outputs import change_outputs, get_output, list_outputs, patch_output  # noqa: F401  (each adds its operation)
from api.outputs.blueprint import outputs_blueprint
from api.own_address import OwnAddress
from api.page.get_page import page_blueprint
from api.parse_json import MAX_BODY_BYTES
from api.problems import Problem, answer_validation_error, register_problems
from api.prompts import check_prompt  # noqa: F401  (it adds its operation)
from api.prompts.blueprint import prompts_blueprint
from api.queue import get_queue, get_queue_figures, pause_queue, resume_queue  # noqa: F401  (each adds its operation)
from api.queue.blueprint import queue_blueprint
from api.recall import get_recall, put_recall  # noqa: F401  (each adds its operation)
from api.recall.blueprint import recall_blueprint
from api.request_context import register_request_context
from api.security_headers import DOCUMENTATION_PATH, register_security_headers
from api.styles import delete_style, get_style, list_styles, patch_style, post_style  # noqa: F401  (each adds its operation)
from api.styles.blueprint import styles_blueprint
from api.sweeps import (  # noqa: F401  (each adds its operation)
    append_to_sweep,
    cancel_sweep,
    delete_sweep,
    finalise_sweep,
    get_sweep,
    get_sweep_events,
    list_sweep_jobs,
    list_sweeps,
    post_sweep,
)
from api.sweeps.blueprint import sweeps_blueprint
from api.translation.registered import register_dialects
from api.unread_body import register_unread_bodies
from api.webhook_deliveries import get_webhook_delivery, list_webhook_deliveries, redeliver_webhook  # noqa: F401  (each adds its operation)
from api.webhook_deliveries.blueprint import webhook_deliveries_blueprint
from api.webhook_endpoints import (  # noqa: F401  (each adds its operation)
    delete_webhook_endpoint,
    get_webhook_secret,
    list_webhook_endpoints,
    post_webhook_endpoint,
)
from api.webhook_endpoints.blueprint import webhook_endpoints_blueprint
from core.catalog import get_catalog
from core.jobs.styles.style_file import get_built_in_styles
from core.logs import configure_logging
from core.settings import get_settings


def create_app() -> OpenAPI:
    """The WSGI application. Raises InvalidSettings, InvalidCatalog or InvalidStyles, naming what is wrong with a setting or a file."""
    settings = get_settings()
    configure_logging(settings)
    get_catalog()
    get_built_in_styles()

    app = OpenAPI(
        "api",
        info=Info(title="Darkroom", version="1", description=DESCRIPTION),
        servers=[Server(url=settings.public_url)],
        security_schemes={"api_key": SecurityScheme(type="http", scheme="bearer")},
        openapi_extensions=OPENAPI_EXTENSIONS,
        validation_error_model=Problem,
        validation_error_callback=answer_validation_error,
        doc_prefix=DOCUMENTATION_PATH,
    )
    app.wsgi_app = OwnAddress(app.wsgi_app, settings.public_url)  # type: ignore[method-assign]  # as Flask's documentation does
    app.request_class = JsonRequest
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    # A slash too many at the end of an address is forgiven.
    app.url_map.strict_slashes = False

    register_request_context(app)
    register_security_headers(app)
    register_cross_origin(app, parse_origins(settings.cors_allowed_origins))
    register_problems(app)
    register_large_bodies(app)
    register_unread_bodies(app)
    register_documentation(app)
    register_error_pages(app)
    app.register_blueprint(root_blueprint)
    app.register_blueprint(page_blueprint)
    app.register_blueprint(health_blueprint)
    app.register_blueprint(metrics_blueprint)
    app.register_blueprint(media_blueprint)
    register_dialects(app)
    app.register_api(jobs_blueprint)
    app.register_api(events_blueprint)
    app.register_api(recall_blueprint)
    app.register_api(files_blueprint)
    app.register_api(outputs_blueprint)
    app.register_api(boards_blueprint)
    app.register_api(queue_blueprint)
    app.register_api(sweeps_blueprint)
    app.register_api(deletions_blueprint)
    app.register_api(models_blueprint)
    app.register_api(prompts_blueprint)
    app.register_api(styles_blueprint)
    app.register_api(webhook_endpoints_blueprint)
    app.register_api(webhook_deliveries_blueprint)
    complete_document(app)
    return app
