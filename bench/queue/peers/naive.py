"""The service that is written in an afternoon: Flask, an ORM, `delay()`.

It authenticates by a plain key, checks three fields, and has no idempotency, no fairness, no limits, no request ids, no
metrics and no log line; a broker that is away fails the request, and a crash before `delay()` loses the job. A read shows the
job's place in the queue, or links to its images, which boto3 signs.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import uuid4

import boto3
from celery import Celery
from flask import Flask, request
from flask.typing import ResponseReturnValue
from sqlalchemy import ForeignKey, String, create_engine, func, orm, select
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


class Image(Base):
    """An image of a job."""

    __tablename__ = "naive_images"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid4()))
    job_id: Mapped[str] = mapped_column(ForeignKey("naive_jobs.id"), index=True)
    key: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]


@cache
def bucket() -> Any:
    """A client of the store."""
    return boto3.client(
        "s3",
        endpoint_url=os.environ.get("S3_ENDPOINT_URL") or "http://127.0.0.1:9000",
        aws_access_key_id="key",
        aws_secret_access_key="secret",  # noqa: S106  (no store is asked)
        region_name="us-east-1",
    )


@celery.task(name="naive.render")
def render(job_id: str) -> None:
    """Nothing: the job is not rendered."""


@app.post("/v1/jobs")
def create_job() -> ResponseReturnValue:
    """Store a job and send its task to a worker."""
    body = request.get_json()
    with Session() as session:
        account = find_account(session)
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


@app.get("/v1/jobs/<job_id>")
def read_job(job_id: str) -> ResponseReturnValue:
    """Read a job of the account."""
    with Session() as session:
        account = find_account(session)
        if account is None:
            return {"error": "unauthorized"}, 401
        job = session.scalar(select(Job).where(Job.id == job_id, Job.account_id == account.id))
        return ({"error": "not found"}, 404) if job is None else show(session, job)


@app.get("/v1/jobs")
def list_jobs() -> ResponseReturnValue:
    """List fifty jobs of the account."""
    with Session() as session:
        account = find_account(session)
        if account is None:
            return {"error": "unauthorized"}, 401
        jobs = session.scalars(
            select(Job).where(Job.account_id == account.id).order_by(Job.created_at.desc()).limit(50)
        )
        return {"jobs": [show(session, job) for job in jobs]}


def find_account(session: orm.Session) -> Account | None:
    """The account whose key the request has."""
    key = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return session.scalar(select(Account).where(Account.api_key == key))


def show(session: orm.Session, job: Job) -> dict[str, Any]:
    """The job as JSON."""
    position = None
    if job.status == "queued":
        before = select(func.count()).where(Job.status == "queued", Job.created_at < job.created_at)
        position = session.scalar(before)
    images: Iterable[Image] = ()
    if job.status == "succeeded":
        images = session.scalars(select(Image).where(Image.job_id == job.id))
    return {
        "id": job.id,
        "status": job.status,
        "position": position,
        "prompt": job.prompt,
        "steps": job.steps,
        "seed": job.seed,
        "created_at": job.created_at.isoformat(),
        "images": [{"url": sign(image.key), "width": image.width, "height": image.height} for image in images],
    }


def sign(key: str) -> str:
    """A link to an object that works for an hour."""
    url: str = bucket().generate_presigned_url("get_object", Params={"Bucket": "images", "Key": key}, ExpiresIn=3600)
    return url
