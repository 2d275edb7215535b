"""Whether anything was lost: the checker's rules, and what the customers were told, held against the rows."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.faults.service import Service
from tests.soak.receiver import Received
from tests.soak.traffic import Traffic

#: Jobs that are read and downloaded as their senders would.
_LOOKED_AT = 100


@dataclass(frozen=True)
class Told:
    """What customers know."""

    traffic: Traffic
    received: list[Received]


def list_broken_rules(service: Service, told: Told) -> list[str]:
    """Everything that is not as it was promised; empty if all is."""
    _delete_what_is_left_over(service)
    jobs = _read_jobs(service)
    deleted = _read_deleted(service)
    return [
        *told.traffic.complaints,
        *service.checker.list_violations(orphan_grace_seconds=0, accepted=told.traffic.accepted),
        *_compare_answers(service, told.traffic, jobs),
        *(f"its deletion was answered, and it has no receipt: {job}" for job in told.traffic.deleted - deleted),
        *_compare_webhooks(service, told, jobs, deleted),
        *_look_as_customers(told, jobs, deleted),
    ]


def _read_jobs(service: Service) -> dict[str, dict[str, Any]]:
    rows = service.query(
        "select replace(id::text, '-', ''), status, finished_at is null, expired_at is not null, account_id from jobs"
    )
    return {
        f"job_{id_}": {"status": status, "open": is_open, "expired": has_expired, "account": account}
        for id_, status, is_open, has_expired, account in rows
    }


def _read_deleted(service: Service) -> set[str]:
    return {f"job_{id_}" for (id_,) in service.query("select replace(job_id::text, '-', '') from deletions")}


def _delete_what_is_left_over(service: Service) -> None:
    service.checker.apply_retention()
    # A clean-up takes a hundred attempts at a time.
    [(losing,)] = service.query("select count(*) from job_attempts where status not in ('running', 'succeeded')")
    for _ in range(losing // 100 + 1):
        service.checker.delete_orphans()


def _compare_answers(service: Service, traffic: Traffic, jobs: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield from (f"a job without an end: {job}" for job, row in jobs.items() if row["open"])
    for job in traffic.cancelled:
        if job in jobs and jobs[job]["status"] != "cancelled":
            yield f"its cancel was answered with 200, and it ended otherwise: {job} {jobs[job]['status']}"
    kept = service.query("select key, replace(job_id::text, '-', '') from idempotency_keys")
    job_of = {key: f"job_{job_id}" for key, job_id in kept}
    for (_, key), ids in traffic.by_key.items():
        if ids != {job_of.get(key)}:
            yield f"one idempotency key was answered with other jobs than its own: {key} {sorted(ids)}"


def _compare_webhooks(
    service: Service, told: Told, jobs: dict[str, dict[str, Any]], deleted: set[str]
) -> Iterator[str]:
    rows = service.query(
        "select 'evt_' || replace(e.id::text, '-', ''), 'job_' || replace(e.job_id::text, '-', ''), e.type, d.status, "
        "d.next_attempt_at < now() - interval '30 seconds' from webhook_events e "
        "left join webhook_deliveries d on d.event_id = e.id"
    )
    events = {event: (job, type_) for event, job, type_, _, _ in rows}
    taken = {received.webhook_id for received in told.received}
    for event, job, _, status, is_overdue in rows:
        if status is None:
            yield f"an end that nobody was to be told of: {job}"
        if status == "delivered" and event not in taken:
            yield f"a webhook counts as delivered that never came: {event} of {job}"
        if status == "exhausted" or (status == "pending" and is_overdue):
            yield f"a webhook that nobody sends: {event} of {job} is {status}"
    for received in told.received:
        if received.job["id"] in deleted:
            # Its event went with it.
            continue
        job, type_ = events.get(received.webhook_id, ("", ""))
        row = jobs.get(job)
        if row is None or (received.job["id"], received.type) != (job, type_):
            yield f"a webhook came that no event is behind: {received.webhook_id}"
        elif received.job["status"] != row["status"] or received.type != f"job.{row['status']}":
            yield f"a webhook says {received.type}, and the row says {row['status']}: {job}"
        elif received.account is None or told.traffic.customers[received.account].account_id != row["account"]:
            yield f"a webhook that is not signed for the job's account: {received.webhook_id}"


def _look_as_customers(told: Told, jobs: dict[str, dict[str, Any]], deleted: set[str]) -> Iterator[str]:
    accepted = sorted(told.traffic.accepted.items())
    for job, account in random.Random(0).sample(accepted, min(_LOOKED_AT, len(accepted))):
        answer = told.traffic.customers[account].http.get(f"/v1/jobs/{job}")
        view = answer.json()
        if job in deleted:
            if (answer.status_code, view.get("code")) != (httpx2.codes.GONE, "job_deleted"):
                yield f"it was deleted, and its sender is answered {answer.status_code}: {job}"
            continue
        if answer.status_code != httpx2.codes.OK or view["status"] != jobs[job]["status"]:
            yield f"its sender is not shown what it is: {job} {answer.status_code} {view.get('status')}"
            continue
        stranger = told.traffic.customers[(account + 1) % len(told.traffic.customers)].http.get(f"/v1/jobs/{job}")
        if stranger.status_code != httpx2.codes.NOT_FOUND:
            yield f"another account is answered {stranger.status_code} for {job}"
        for output in view["outputs"]:
            if output["url"] is None and jobs[job]["expired"]:
                continue
            content = httpx2.get(output["url"]).content
            if f"/{job}/" not in output["url"] or hashlib.sha256(content).hexdigest() != output["sha256"]:
                yield f"an image that is not what its job says: {job} {output['id']}"
