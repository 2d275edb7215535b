"""What a transaction takes."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Engine
from sqlalchemy.orm import Session


def time_transaction(engine: Engine, work: Callable[[Session], object]) -> float:
    """Milliseconds of the work in a transaction of its own, the commit included."""
    begin = time.perf_counter()
    with Session(engine) as session, session.begin():
        work(session)
    return (time.perf_counter() - begin) * 1000
