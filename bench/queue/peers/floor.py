"""The floor: a bare WSGI handler, with one INSERT and one LPUSH for a submit, and one SELECT for a read. No authentication, no
checks.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import psycopg
import redis

#: Creates its table, which the benchmark does before it starts the server.
TABLE = (
    "create table if not exists floor_jobs (id uuid primary key, request json, created_at timestamptz default now())"
)
QUEUE = "floor"

_own = threading.local()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Accepts any JSON body; reads one job, or lists fifty."""
    if environ["REQUEST_METHOD"] == "GET":
        return _answer(start_response, "200 OK", _read(environ["PATH_INFO"].rpartition("/")[2]))
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    job_id = str(uuid4())
    _connection().execute("insert into floor_jobs (id, request) values (%s, %s)", (job_id, body.decode()))
    _redis().lpush(QUEUE, job_id)
    return _answer(start_response, "202 Accepted", {"id": job_id, "status": "queued"})


def _read(name: str) -> Any:
    if name == "jobs":
        rows = _connection().execute("select id, request, created_at from floor_jobs order by id limit 50").fetchall()
        return [_show(*row) for row in rows]
    [row] = _connection().execute("select id, request, created_at from floor_jobs where id = %s", (name,)).fetchall()
    return _show(*row)


def _show(job_id: UUID, request: Any, created_at: datetime) -> dict[str, Any]:
    return {"id": str(job_id), "status": "queued", "request": request, "created_at": created_at.isoformat()}


def _answer(start_response: Callable[..., Any], status: str, content: Any) -> Iterable[bytes]:
    answer = json.dumps(content).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]


def _connection() -> psycopg.Connection:
    """One for each thread, never closed."""
    if not hasattr(_own, "connection"):
        address = os.environ["DATABASE_URL"].replace("+psycopg", "")
        _own.connection = psycopg.connect(address, autocommit=True)
    connection: psycopg.Connection = _own.connection
    return connection


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(os.environ["REDIS_URL"])
