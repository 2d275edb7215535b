"""The floor of a submit: a bare WSGI handler, one INSERT, one LPUSH. No authentication, no checks."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any
from uuid import uuid4

import psycopg
import redis

#: Creates its table, which the benchmark does before it starts the server.
TABLE = (
    "create table if not exists floor_jobs (id uuid primary key, request json, created_at timestamptz default now())"
)
QUEUE = "floor"

_own = threading.local()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Accepts any JSON body."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    job_id = str(uuid4())
    _connection().execute("insert into floor_jobs (id, request) values (%s, %s)", (job_id, body.decode()))
    _redis().lpush(QUEUE, job_id)
    answer = json.dumps({"id": job_id, "status": "queued"}).encode()
    start_response("202 Accepted", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
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
