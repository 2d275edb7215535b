"""A gallery of thousands: rows and objects written as a worker leaves them, from one job that was drawn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config
from sqlalchemy import text

from core.database import build_engine
from core.ids import parse_id
from infra.local import LocalStack
from tests.acceptance.customer import SMALL, Customer

#: Each has the words of the first and its number, is a second older than the one before, and may have another size.
_JOBS = """
insert into jobs (id, account_id, status, task, model, model_revision, request, seed, metadata, warnings, cost, pool, fair_position,
                  max_attempts, attempts_opened, attempts_used, current_attempt_id, receipt, created_at, started_at, finished_at,
                  request_id, expires_at)
select uuidv7(-n * interval '1 second'), account_id, status, task, model, model_revision,
       (request::jsonb || jsonb_build_object('prompt', 'a red mug number ' || n))::json, n, metadata, warnings, cost, pool,
       fair_position, max_attempts, attempts_opened, attempts_used, gen_random_uuid(), receipt, created_at - n * interval '1 second',
       started_at - n * interval '1 second', finished_at - n * interval '1 second', request_id, expires_at
from (select * from jobs where id = :job) one, generate_series(1, :count) n
"""

_OUTPUTS = """
insert into artifacts (id, account_id, job_id, attempt_id, kind, position, storage_key, media_type, byte_size, sha256, width, height,
                       seed, created_at)
select uuidv7(job.created_at - now()), job.account_id, job.id, job.current_attempt_id, one.kind, 0,
       'artifacts/many/' || job.id || '.png', one.media_type, one.byte_size, one.sha256, one.width, one.height, job.seed, job.finished_at
from (select * from artifacts where job_id = :job) one, jobs job
where job.account_id = one.account_id and job.id <> :job
returning storage_key
"""


def fill_gallery(stack: LocalStack, customer: Customer, count: int) -> None:
    """Draw one picture, and write `count` more of the same with other words, each with an object of its own."""
    job = customer.wait_until_finished(customer.submit(**SMALL))
    values = {"job": parse_id("job", job["id"]), "count": count}
    engine = build_engine(stack.environment["DATABASE_URL"], pool_size=1)
    with engine.begin() as connection:
        connection.execute(text(_JOBS), values)
        keys = [str(key) for key in connection.execute(text(_OUTPUTS), values).scalars()]
    engine.dispose()
    assert len(keys) == count
    _store(stack, keys, customer.download(job["outputs"][0]))


def _store(stack: LocalStack, keys: list[str], picture: bytes) -> None:
    environment = stack.environment
    store = boto3.client(
        "s3",
        endpoint_url=environment["S3_ENDPOINT_URL"],
        aws_access_key_id=environment["S3_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["S3_SECRET_ACCESS_KEY"],
        region_name=environment["S3_REGION"],
        config=Config(max_pool_connections=8),
    )
    bucket = environment["S3_BUCKET"]
    with ThreadPoolExecutor(8) as threads:
        list(
            threads.map(
                lambda key: store.put_object(Bucket=bucket, Key=key, Body=picture, ContentType="image/png"), keys
            )
        )
