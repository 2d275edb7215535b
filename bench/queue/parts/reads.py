"""Reads of the API as it is deployed, beside its submits, the floor, and a service that is written in an afternoon."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from uuid import UUID

from sqlalchemy import text

from bench.queue.bench import Bench, in_turns
from bench.queue.http_load import build_get, run_load
from bench.queue.noop_task import claim_like_a_worker, draw_nothing, succeed_like_a_worker
from bench.queue.parts.services import (
    Service,
    Work,
    analyse,
    empty_floor,
    measure_load,
    open_accounts,
    open_naive_accounts,
    run_services,
)
from bench.queue.parts.submit import BODY, build_submits, forget_rings
from core.catalog import get_catalog
from core.database import get_engine, transaction
from core.ids import format_id
from core.jobs.request.render_request import RenderRequest
from core.jobs.submit.new_job import Submission
from core.jobs.submit.submit_step_by_step import submit_step_by_step
from core.settings import get_settings
from infra.local.ports import LOOPBACK

#: Jobs of each account: what its list shows. One is queued and one runs; the others have succeeded.
LISTED = 50
_WARM_UP_SECONDS = 0.5

SUBMIT, QUEUED, RUNNING, FINISHED = "a submit", "queued", "running", "finished"
UNCHANGED, LIST = "unchanged (304)", f"a list of {LISTED}"


@dataclass(frozen=True)
class _Account:
    """A client's account, and a job of it in each state."""

    key: str
    queued: str
    running: str
    finished: str


def measure_reads(bench: Bench) -> None:
    """Cells `read`, `read latency` and `read cpu`."""
    clients, plan = bench.plan.clients, bench.plan
    with run_services(bench) as (ours, bare, afternoon):
        submits = Work(ours, SUBMIT, lambda: build_submits(clients, [key for _, key in open_accounts(clients)]))
        run_load(ours.port, submits.prepare(), seconds=_WARM_UP_SECONDS)
        for number in range(plan.rounds):
            bench.say(f"reads, round {number + 1} of {plan.rounds}")
            measure_load(bench, "read", submits, seconds=plan.submit_seconds)
            accounts = _fill(clients)
            peers = [*_list_floor_work(bare, clients), *_list_naive_work(afternoon, clients)]
            loads = [*_list_own_work(ours, accounts), *peers]
            analyse()
            for work in in_turns(loads, f"read {number}"):
                run_load(work.service.port, work.prepare(), seconds=_WARM_UP_SECONDS, expected=work.expected)
                measure_load(bench, "read", work, seconds=plan.submit_seconds)
        forget_rings(bench)


def _fill(clients: int) -> list[_Account]:
    """Jobs through core, and workers that draw nothing."""
    accounts = open_accounts(clients)
    for account_id, _ in accounts:
        _submit(account_id, LISTED - 2)
    while (attempt := claim_like_a_worker(get_settings())) is not None:
        succeed_like_a_worker(attempt, draw_nothing(attempt))
    for account_id, _ in accounts:
        _submit(account_id, 1)
    for _ in accounts:
        claim_like_a_worker(get_settings())
    for account_id, _ in accounts:
        _submit(account_id, 1)
    return [
        _Account(key, *(_find_job(account_id, status) for status in ("queued", "running", "succeeded")))
        for account_id, key in accounts
    ]


def _submit(account_id: UUID, count: int) -> None:
    with transaction() as session:
        for _ in range(count):
            submit_step_by_step(
                session,
                Submission(
                    request=RenderRequest(**json.loads(BODY)),
                    account_id=account_id,
                    request_id="req_bench",
                    catalog=get_catalog(),
                    settings=get_settings(),
                ),
            )


def _find_job(account_id: UUID, status: str) -> str:
    query = text("select id from jobs where account_id = :account and status = :status limit 1")
    with get_engine().connect() as connection:
        return format_id("job", connection.execute(query, {"account": account_id, "status": status}).scalar_one())


def _list_own_work(ours: Service, accounts: Sequence[_Account]) -> list[Work]:
    def read(load: str, paths: Sequence[str]) -> Work:
        requests = [build_get(path, api_key=account.key) for path, account in zip(paths, accounts, strict=True)]
        return Work(ours, load, lambda: requests, expected=200)

    finished = [f"/v1/jobs/{account.finished}" for account in accounts]
    return [
        read(QUEUED, [f"/v1/jobs/{account.queued}" for account in accounts]),
        read(RUNNING, [f"/v1/jobs/{account.running}" for account in accounts]),
        read(FINISHED, finished),
        read(LIST, [f"/v1/jobs?limit={LISTED}"] * len(accounts)),
        Work(ours, UNCHANGED, lambda: _ask_again(ours, finished, accounts), expected=304),
    ]


def _ask_again(ours: Service, paths: Sequence[str], accounts: Sequence[_Account]) -> list[bytes]:
    """Reads of these jobs that know their present version."""
    requests = []
    for path, account in zip(paths, accounts, strict=True):
        connection = HTTPConnection(LOOPBACK, ours.port)
        connection.request("GET", path, headers={"Authorization": f"Bearer {account.key}"})
        version = connection.getresponse().headers["ETag"]
        connection.close()
        requests.append(build_get(path, api_key=account.key, **{"If-None-Match": version}))
    return requests


def _list_floor_work(bare: Service, clients: int) -> list[Work]:
    empty_floor()
    query = text(
        "insert into floor_jobs (id, request) select gen_random_uuid(), :request from generate_series(1, :jobs)"
    )
    with get_engine().begin() as connection:
        connection.execute(query, {"request": BODY.decode(), "jobs": clients * LISTED})
        ids = connection.execute(text("select id from floor_jobs limit :clients"), {"clients": clients}).scalars().all()
    single = [build_get(f"/v1/jobs/{id_}", api_key="none") for id_ in ids]
    listed = [build_get("/v1/jobs", api_key="none")] * clients
    return [
        Work(bare, QUEUED, lambda: single, expected=200),
        Work(bare, LIST, lambda: listed, expected=200),
    ]


#: As many queued and finished ones as ours have, each finished one with an image.
_FILL_NAIVE = """
with job as (
    insert into naive_jobs (id, account_id, status, prompt, steps, seed, created_at)
    select gen_random_uuid(), account.id, case when n = 1 then 'queued' when n = 2 then 'running' else 'succeeded' end,
           'a red mug on a wooden table', 12, 7, now() - n * interval '1 second'
    from naive_accounts account, generate_series(1, :jobs) n returning id, account_id, status
), image as (
    insert into naive_images (id, job_id, key, width, height)
    select gen_random_uuid(), id, 'images/' || id || '/0.png', 128, 128 from job where status = 'succeeded'
)
select account_id, min(id) filter (where status = 'queued') as queued, min(id) filter (where status = 'succeeded') as finished
from job group by account_id order by account_id
"""


def _list_naive_work(afternoon: Service, clients: int) -> list[Work]:
    keys = open_naive_accounts(clients)
    with get_engine().begin() as connection:
        rows = connection.execute(text(_FILL_NAIVE), {"jobs": LISTED}).all()
    queued = [build_get(f"/v1/jobs/{row.queued}", api_key=key) for row, key in zip(rows, keys, strict=True)]
    finished = [build_get(f"/v1/jobs/{row.finished}", api_key=key) for row, key in zip(rows, keys, strict=True)]
    listed = [build_get("/v1/jobs", api_key=key) for key in keys]
    return [
        Work(afternoon, QUEUED, lambda: queued, expected=200),
        Work(afternoon, FINISHED, lambda: finished, expected=200),
        Work(afternoon, LIST, lambda: listed, expected=200),
    ]
