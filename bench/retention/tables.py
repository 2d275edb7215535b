"""Fill a database with finished jobs that are due to be pruned."""

from __future__ import annotations

from sqlalchemy import Engine, text

#: Copies of a queued job that succeeded, each with one attempt, one image that is deleted, one event and its usage.
_FILL = (
    """
    insert into jobs (id, account_id, status, task, model, model_revision, request, seed, metadata, warnings, cost, pool,
                      fair_position, max_attempts, attempts_opened, attempts_used, current_attempt_id, request_id,
                      created_at, started_at, finished_at, expires_at, expired_at, objects_deleted_at, row_expires_at)
    select uuidv7(interval '-91 days' + n * interval '1 millisecond'), account_id, 'succeeded', task, model,
           model_revision, request, seed, metadata, warnings, cost, pool, fair_position, max_attempts, 1, 1, uuidv7(),
           request_id, old, old, old, old, old, old, old + n * interval '1 millisecond'
    from generate_series(1, :rows) n
    cross join (select *, now() - interval '91 days' old from jobs where status = 'queued' limit 1) first
    """,
    """
    insert into job_attempts (id, account_id, job_id, attempt_number, status, worker_id, lease_expires_at, heartbeat_at,
                              step, steps, started_at, finished_at)
    select current_attempt_id, account_id, id, 1, 'succeeded', 'bench', finished_at, finished_at, 12, 12, started_at,
           finished_at
    from jobs where status = 'succeeded'
    """,
    """
    insert into artifacts (id, account_id, job_id, attempt_id, kind, position, storage_key, media_type, byte_size, sha256,
                           width, height, seed, deleted_at)
    select uuidv7(), account_id, id, current_attempt_id, 'output', 0, 'artifacts/' || id || '/1/0.png', 'image/png',
           100000, repeat('0', 64), 512, 512, 7, finished_at
    from jobs where status = 'succeeded'
    """,
    """
    insert into webhook_events (id, account_id, job_id, type, data, request_id)
    select uuidv7(), account_id, id, 'job.succeeded', json_build_object('request', request, 'id', id), request_id
    from jobs where status = 'succeeded'
    """,
    """
    insert into usage_records (job_id, account_id, model, images, cost, render_seconds)
    select id, account_id, model, 1, cost, 1 from jobs where status = 'succeeded'
    """,
)


def fill_finished(engine: Engine, *, rows: int) -> None:
    """Insert this number of finished copies of a queued job, then vacuum and analyse."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("set statement_timeout = 0"))
        # Foreign keys need no check: they are read from the rows themselves.
        connection.execute(text("set session_replication_role = replica"))
        for statement in _FILL:
            connection.execute(text(statement), {"rows": rows} if ":rows" in statement else {})
        connection.execute(text("vacuum analyze jobs, job_attempts, artifacts, webhook_events, usage_records"))
        connection.execute(text("set session_replication_role = origin"))
        connection.execute(text("set statement_timeout = '15s'"))
