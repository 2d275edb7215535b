"""Rules about how a job came to where it is: its attempts in their order, and what others learned of its end."""

from __future__ import annotations

#: For each rule a query for the ids of the rows that break it. Moments that two transactions wrote are compared with a
#: second of slack.
HISTORY_RULES: dict[str, str] = {
    "only the last attempt of a job may be the one that runs, succeeded or was cancelled": """
        select a.id from job_attempts a join jobs j on j.id = a.job_id
        where a.status in ('running', 'succeeded', 'cancelled') and a.attempt_number < j.attempts_opened
    """,
    "an attempt begins when the one before it has ended": """
        select b.id from job_attempts a join job_attempts b on b.job_id = a.job_id
        and b.attempt_number = a.attempt_number + 1
        where a.finished_at is null or b.started_at < a.finished_at - interval '1 second'
    """,
    "no attempt that ended did so before it began": "select id from job_attempts where finished_at < started_at",
    "a job starts with its first attempt, after it was accepted, and ends after its last": """
        select j.id from jobs j
        left join job_attempts f on f.job_id = j.id and f.attempt_number = 1
        left join job_attempts l on l.job_id = j.id and l.attempt_number = j.attempts_opened
        where (j.started_at is null) <> (f.started_at is null)
        or j.started_at not between f.started_at - interval '1 second' and f.started_at + interval '1 second'
        or j.started_at < j.created_at - interval '1 second' or j.finished_at < j.created_at
        or j.finished_at < l.finished_at - interval '1 second'
    """,
    "a job waits, or has ended, by the way that its last attempt left open": """
        select j.id from jobs j left join job_attempts l on l.job_id = j.id and l.attempt_number = j.attempts_opened
        where case j.status
            when 'queued' then coalesce(l.status, 'interrupted') not in ('interrupted', 'failed', 'expired')
            when 'cancelled' then l.status = 'succeeded'
            when 'failed' then l.status in ('succeeded', 'cancelled') or (l.id is null and j.failure_code not in
                ('start_deadline_exceeded', 'deadline_exceeded', 'picture_not_fetched')
                and not jsonb_path_exists(j.request::jsonb, '$.*[*] ? (@ starts with "http")'))
            else false
        end
        or (l.status = 'cancelled' and j.status <> 'cancelled')
    """,
    "only a cancel that was asked for ends a job as cancelled": """
        select id from jobs where status = 'cancelled' and cancel_requested_at is null
    """,
    "no job waits without an attempt left, or longer for its next one than the longest delay": """
        select id from jobs where status = 'queued'
        and (attempts_used >= max_attempts or available_at > now() + interval '2 minutes')
        and id not in (select job_id from input_fetches)
    """,
    "no job ended long after its deadline": """
        select id from jobs where finished_at > deadline_at + interval '2 minutes'
    """,
    "an event says what the job's row says": """
        select e.id from webhook_events e join jobs j on j.id = e.job_id and e.type <> 'job.started'
        where e.data ->> 'id' is distinct from 'job_' || replace(j.id::text, '-', '')
        or e.data ->> 'status' is distinct from j.status
        or e.data -> 'failure' ->> 'code' is distinct from j.failure_code
        or (e.data ->> 'attempts')::int is distinct from j.attempts_used
    """,
    "every image of a job is in its event, with its sha256": """
        select f.id from artifacts f join webhook_events e on e.job_id = f.job_id and e.type <> 'job.started'
        where f.kind = 'output' and not exists (select from json_array_elements(e.data -> 'outputs') o
            where o ->> 'id' = 'art_' || replace(f.id::text, '-', '') and o ->> 'sha256' = f.sha256)
    """,
    "a delivery is delivered when a receiver has taken it, and not before": """
        select d.id from webhook_deliveries d
        left join webhook_attempts a on a.delivery_id = d.id and a.response_status_code between 200 and 299
        group by d.id having (d.status = 'delivered' and count(a.id) = 0)
        or (d.status in ('pending', 'exhausted') and bool_or(a.attempt_number = d.attempts))
    """,
    "every try of a delivery was announced before it was made": """
        select a.id from webhook_attempts a join webhook_deliveries d on d.id = a.delivery_id
        where a.attempt_number > d.attempts
    """,
    "an object lies under the job and the attempt that it belongs to": """
        select f.id from artifacts f left join job_attempts a on a.id = f.attempt_id
        where not starts_with(f.storage_key, case f.kind when 'output' then 'artifacts/' else 'inputs/' end
            || 'job_' || replace(f.job_id::text, '-', '') || '/' || coalesce(a.attempt_number || '/', ''))
        or a.job_id <> f.job_id
    """,
    "a job's current attempt is one of its own": """
        select j.id from jobs j join job_attempts a on a.id = j.current_attempt_id where a.job_id <> j.id
    """,
    "one idempotency key leads to one job, and no job has two": """
        select job_id from idempotency_keys group by job_id having count(*) > 1
    """,
    "usage says what was delivered": """
        select u.job_id from usage_records u join jobs j on j.id = u.job_id
        cross join lateral (select (j.request ->> 'num_images')::int as asked,
            coalesce(jsonb_array_length(j.filtered_images), 0) as withheld) image
        where u.images <> asked - withheld or abs(u.cost - j.cost * u.images / asked) > 1e-9 or u.model <> j.model
    """,
    "a webhook goes to an endpoint of the job's own account": """
        select d.id from webhook_deliveries d
        join webhook_endpoints p on p.id = d.endpoint_id where p.account_id <> d.account_id
        union all select a.id from webhook_attempts a
        join webhook_deliveries d on d.id = a.delivery_id where a.account_id <> d.account_id
    """,
}
