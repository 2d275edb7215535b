"""The service that is written in an afternoon: Flask, an ORM, `delay()`.

It authenticates by a plain key, checks three fields, and has no idempotency, no fairness, no limits, no request ids, no
metrics and no log line; a broker that is away fails the request, and a crash before `delay()` loses the job.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from uuid import uuid4

from celery import Celery
from flask import Flask, request
from flask.typing import ResponseReturnValue
from sqlalchemy import ForeignKey, String, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

app = Flask(__name__)
celery = Celery("naive", broker=os.environ.get("REDIS_URL"))
engine = create_engine(os.environ.get("DATABASE_URL", "postgresql+psycopg://"))
Session = sessionmaker(engine)


class Base(DeclarativeBase):
    """Its tables, which the benchmark creates before it starts the server."""


class Account(Base):
    """A customer, who may send jobs."""

    __tablename__ = "naive_accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    api_key: Mapped[str] = mapped_column(String(100), unique=True)


class Job(Base):
    """A job that was sent."""

    __tablename__ = "naive_jobs"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid4()))
    account_id: Mapped[int] = mapped_column(ForeignKey("naive_accounts.id"), index=True)
    status: Mapped[str] = mapped_column(String(20), default="queued", index=True)
    prompt: Mapped[str]
    steps: Mapped[int]
    seed: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC).replace(tzinfo=None))


@celery.task(name="naive.render")
def render(job_id: str) -> None:
    """Nothing: the job is not rendered."""


@app.post("/v1/jobs")
def create_job() -> ResponseReturnValue:
    """Store a job and send its task to a worker."""
    key = request.headers.get("Authorization", "").removeprefix("Bearer ")
    body = request.get_json()
    with Session() as session:
        account = session.scalar(select(Account).where(Account.api_key == key))
        if account is None:
            return {"error": "unauthorized"}, 401
        prompt, steps, seed = body.get("prompt"), body.get("num_inference_steps", 20), body.get("seed", 0)
        if not isinstance(prompt, str) or not isinstance(steps, int) or not isinstance(seed, int):
            return {"error": "invalid request"}, 422
        job = Job(account_id=account.id, prompt=prompt, steps=steps, seed=seed)
        session.add(job)
        session.commit()
        render.delay(job.id)
        return {
            "id": job.id,
            "status": job.status,
            "prompt": job.prompt,
            "steps": job.steps,
            "seed": job.seed,
            "created_at": job.created_at.isoformat(),
        }, 202
