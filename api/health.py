"""`/livez` and `/readyz`: for load balancers and orchestrators."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from api.problems import build_problem
from core.database import ping
from core.doorbell import get_doorbell

#: Why Redis takes none stands in the log: everybody can read this.
_UNHEARD = "ok, but Redis takes no rings: jobs are accepted, and wait until it does\n"

health_blueprint = Blueprint("health", __name__)


@health_blueprint.get("/livez")
def livez() -> Response:
    """The process answers."""
    return Response("ok\n", mimetype="text/plain")


@health_blueprint.get("/readyz")
def readyz() -> Response:
    """The process can accept jobs: the database answers. Accepting a job needs no Redis, so its failure is said in the body
    and is no reason to send customers elsewhere: the jobs wait, and the sweep rings for them when Redis takes rings again.
    """
    try:
        ping()
    except SQLAlchemyError:
        response = build_problem(
            HTTPStatus.SERVICE_UNAVAILABLE, "database_unavailable", "The database does not answer."
        )
        response.headers["Retry-After"] = "5"
        return response
    body = "ok\n" if get_doorbell().can_ring() else _UNHEARD
    return Response(body, mimetype="text/plain")
