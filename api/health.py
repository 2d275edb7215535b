"""`/livez` and `/readyz`: for load balancers and orchestrators."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from api.problems import build_problem
from core.database import ping

health_blueprint = Blueprint("health", __name__)


@health_blueprint.get("/livez")
def livez() -> Response:
    """The process answers."""
    return Response("ok\n", mimetype="text/plain")


@health_blueprint.get("/readyz")
def readyz() -> Response:
    """The process can accept jobs: the database answers and takes writes. Redis is not asked, since accepting a job does not
    need it.
    """
    try:
        ping()
    except SQLAlchemyError:
        response = build_problem(
            HTTPStatus.SERVICE_UNAVAILABLE, "database_unavailable", "The database does not answer."
        )
        response.headers["Retry-After"] = "5"
        return response
    return Response("ok\n", mimetype="text/plain")
