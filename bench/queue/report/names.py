"""The names of the systems in reports."""

from __future__ import annotations

TITLES = {
    "ours-1": "ours, one worker process",
    "ours-2": "ours, two worker processes",
    "celery-prefork": "stock Celery, results in Redis, prefork (its default)",
    "celery-threads": "stock Celery, results in Redis, threads",
    "ours": "ours",
    "floor": "floor: bare WSGI handler, INSERT, LPUSH",
    "naive": "Flask, ORM, delay()",
    "brpop": "LPUSH to a process in BRPOP",
}


def title_of(system: str) -> str:
    """The title, or the name itself if it says enough."""
    return TITLES.get(system, system)
