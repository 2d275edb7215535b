"""What must hold in every Darkroom database at every moment, whatever failed before: each rule is a query that finds
what breaks it.

Three rules together say that an accepted job ends: it waits only while it has an attempt left, for no longer than the
longest delay (after that the fair order of all jobs decides when); it runs only under a lease; and it does neither past
its deadline. So without a deadline it ends after at most `max_attempts` leases, their delays and its turns in the
queue.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.ids import format_id
from core.jobs.audit.history_rules import HISTORY_RULES
from core.jobs.retention.tables import Deletion
from core.jobs.tables import Job

#: Ids that one statement asks for.
_AT_ONCE = 1_000


@dataclass(frozen=True)
class Violation:
    """A broken rule and the row (or object) that breaks it."""

    rule: str
    subject: str


#: Like HISTORY_RULES: what must hold between the rows of a job, however they came about.
_RULES: dict[str, str] = {
    "a succeeded job has exactly one winning attempt, and any other job has none": """
        select j.id from jobs j left join job_attempts a on a.job_id = j.id and a.status = 'succeeded'
        group by j.id having count(a.id) <> (j.status = 'succeeded')::int
        or bool_or(a.id <> j.current_attempt_id)
    """,
    "a running job is held by exactly one running attempt, and any other job by none": """
        select j.id from jobs j left join job_attempts a on a.job_id = j.id and a.status = 'running'
        group by j.id having count(a.id) <> (j.status = 'running')::int
        or bool_or(a.id <> j.current_attempt_id)
    """,
    "attempts are numbered from 1 without gaps, and those not interrupted are the used ones": """
        select j.id from jobs j left join job_attempts a on a.job_id = j.id
        group by j.id having count(a.id) <> j.attempts_opened or coalesce(max(a.attempt_number), 0) <> j.attempts_opened
        or count(a.id) filter (where a.status <> 'interrupted') <> j.attempts_used
    """,
    "no job was tried more often than it may be": "select id from jobs where attempts_used > max_attempts",
    "every image belongs to the winning attempt of its job": """
        select f.id from artifacts f join jobs j on j.id = f.job_id
        where f.kind = 'output' and (j.status <> 'succeeded' or f.attempt_id <> j.current_attempt_id)
    """,
    "a succeeded job has every image that it was asked for, but for those that a content filter withheld": """
        select j.id from jobs j left join artifacts f on f.job_id = j.id and f.kind = 'output'
        where j.status = 'succeeded' group by j.id having count(f.id) = 0
        or count(f.id) + coalesce(jsonb_array_length(j.filtered_images), 0) <> (j.request ->> 'num_images')::int
    """,
    "no image that was withheld is there": """
        select f.id from artifacts f join jobs j on j.id = f.job_id
        where f.kind = 'output' and j.filtered_images @> jsonb_build_array(jsonb_build_object('position', f.position))
    """,
    "the images that a job starts from are there, and of its own account": """
        select j.id from jobs j
        cross join lateral (values ('image'), ('mask_image'), ('control_image'), ('ip_adapter_image')) field (name)
        cross join lateral jsonb_path_query(j.request::jsonb -> field.name, '$[*]') picture (id)
        left join artifacts f
        on case f.kind when 'file' then 'file_' else 'art_' end || replace(f.id::text, '-', '') = picture.id #>> '{}'
        and f.account_id = j.account_id and f.deleted_at is null
        where j.finished_at is null and f.id is null
        and not exists (select from input_fetches waiting where waiting.job_id = j.id and picture.id #>> '{}' like 'http%')
    """,
    "only a job whose pictures are still to be fetched names one by address, and no claim sees it": """
        select j.id from jobs j join input_fetches f on f.job_id = j.id
        where j.status <> 'queued' and j.finished_at is null or j.status = 'queued' and j.available_at < now()
    """,
    "every end has exactly one event, of its kind, and no job has one before": """
        select j.id from jobs j left join webhook_events e on e.job_id = j.id and e.type <> 'job.started'
        group by j.id having count(e.id) <> (j.finished_at is not null)::int
        or bool_or(e.type <> 'job.' || j.status)
    """,
    "a start is announced of no job that has not started": """
        select j.id from jobs j join webhook_events e on e.job_id = j.id
        where e.type = 'job.started' and j.started_at is null
    """,
    "usage is counted once for every succeeded job, and for no other": """
        select j.id from jobs j left join usage_records u on u.job_id = j.id
        where (j.status = 'succeeded') <> (u.job_id is not null)
    """,
    "a cancel that was asked for before the end is the end": """
        select id from jobs where cancel_requested_at is not null and status in ('succeeded', 'failed')
    """,
    "no unfinished job is past its deadline for longer than the sweep takes": """
        select id from jobs where finished_at is null and deadline_at < now() - interval '2 minutes'
        union all select id from jobs
        where status = 'queued' and started_at is null and start_deadline_at < now() - interval '2 minutes'
    """,
    "no job started or succeeded after its time was over": """
        select id from jobs where started_at > least(start_deadline_at, deadline_at) + interval '1 minute'
        or (status = 'succeeded' and finished_at > deadline_at + interval '1 minute')
    """,
    "no lease has been over for longer than the sweep takes": """
        select id from job_attempts where status = 'running' and lease_expires_at < now() - interval '2 minutes'
    """,
    "what has expired or was deleted is gone within the hour": """
        select id from jobs where expired_at < now() - interval '1 hour' and objects_deleted_at is null
        union all select id from artifacts
        where kind = 'file' and deleted_at < now() - interval '1 hour' and object_deleted_at is null
        union all select id from artifacts
        where kind = 'file' and deleted_at is null and expires_at < now() - interval '1 hour'
        union all select id from deletions where completed_at is null and requested_at < now() - interval '1 hour'
        union all select id from jobs where row_expires_at < now() - interval '1 hour'
        union all select id from sweeps where row_expires_at < now() - interval '1 hour'
    """,
    "nobody is given an image of an expired job, and every other one is there": """
        select f.id from artifacts f join jobs j on j.id = f.job_id
        where (f.deleted_at is null) <> (j.expired_at is null)
    """,
    "a deleted job has a receipt, and after a completed one nothing is left of it": """
        select j.id from jobs j left join deletions d on d.job_id = j.id
        where j.deleted_at is not null and d.id is null or d.completed_at is not null
        union all select d.id from deletions d
        where d.completed_at is not null and jsonb_path_exists(d.objects, '$[*].deleted_at ? (@ == null)')
    """,
    "a sweep that has ended has one event, and no unfinished job; any other one has no event": """
        select s.id from sweeps s left join webhook_events e on e.sweep_id = s.id
        group by s.id having count(e.id) <> (s.finished_at is not null)::int
        union all select s.id from sweeps s join jobs j on j.sweep_id = s.id
        where s.finished_at is not null and j.finished_at is null
        union all select j.id from sweeps s join jobs j on j.sweep_id = s.id
        where s.status = 'draft' or s.account_id <> j.account_id
    """,
    "an idempotency key leads to a job of its own account": """
        select k.job_id from idempotency_keys k join jobs j on j.id = k.job_id where j.account_id <> k.account_id
    """,
    "whatever belongs to a job belongs to the job's account": """
        select x.id from (
            select id, job_id, account_id from job_attempts
            union all select id, job_id, account_id from artifacts
            union all select id, job_id, account_id from webhook_events
            union all select job_id, job_id, account_id from usage_records
            union all select d.id, e.job_id, d.account_id from webhook_deliveries d
                join webhook_events e on e.id = d.event_id
        ) x join jobs j on j.id = x.job_id where j.account_id <> x.account_id
    """,
}


def list_violations(session: Session) -> list[Violation]:
    """Every broken rule with every row that breaks it; an empty list is the proof that all hold.

    Reads whole tables: for tests and for an operator's occasional check, not for every minute.
    """
    return [
        Violation(rule, str(subject))
        for rule, query in (_RULES | HISTORY_RULES).items()
        for subject in session.scalars(text(query)).all()
    ]


def list_lost_jobs(session: Session, accepted: Collection[UUID]) -> list[Violation]:
    """Those of the accepted jobs (answered with 202) that have neither a row nor the receipt of a deletion."""
    ids = list(dict.fromkeys(accepted))
    found: set[UUID] = set()
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        found.update(session.scalars(select(Job.id).where(Job.id.in_(some))))
        found.update(session.scalars(select(Deletion.job_id).where(Deletion.job_id.in_(some))))
    return [
        Violation("every accepted job has a row, or a receipt of its deletion", format_id("job", id_))
        for id_ in ids
        if id_ not in found
    ]
