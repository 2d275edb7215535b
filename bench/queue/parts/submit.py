"""Submits a second of the API as it is deployed, beside the floor and a service that is written in an afternoon."""

from __future__ import annotations

import json

from bench.queue.bench import Bench, in_turns
from bench.queue.http_load import build_request, run_load
from bench.queue.parts.services import (
    Service,
    Work,
    empty_floor,
    measure_load,
    open_accounts,
    open_naive_accounts,
    run_services,
)
from bench.queue.peers import floor
from core.doorbell import render_queue
from core.settings import get_settings

_PATH = "/v1/jobs"
BODY = json.dumps({"prompt": "a red mug on a wooden table", "num_inference_steps": 12, "seed": 7}).encode()
_WARM_UP_SECONDS = 0.5


def measure_submits(bench: Bench) -> None:
    """Cells `submit`, `submit latency` and `submit cpu`."""
    with run_services(bench) as services:
        loads = _list_work(bench.plan.clients, *services)
        for work in loads:
            run_load(work.service.port, work.prepare(), seconds=_WARM_UP_SECONDS)
        for number in range(bench.plan.rounds):
            bench.say(f"submits, round {number + 1} of {bench.plan.rounds}")
            for work in in_turns(loads, f"submit {number}"):
                measure_load(bench, "submit", work, seconds=bench.plan.submit_seconds)
        forget_rings(bench)


def build_submits(clients: int, keys: list[str]) -> list[bytes]:
    """A submit for each client, with these API keys in turn."""
    return [build_request(_PATH, BODY, api_key=keys[client % len(keys)]) for client in range(clients)]


def forget_rings(bench: Bench) -> None:
    """Empties the queues of the broker, which nobody reads."""
    bench.connect_redis().delete(render_queue(get_settings().render_pool), floor.QUEUE, "celery")


def _list_work(clients: int, ours: Service, bare: Service, afternoon: Service) -> list[Work]:
    many, one = f"{clients} accounts", "1 account"
    return [
        Work(ours, many, lambda: _prepare_ours(clients, clients)),
        Work(ours, one, lambda: _prepare_ours(clients, 1)),
        Work(bare, many, lambda: _prepare_floor(clients)),
        Work(afternoon, many, lambda: build_submits(clients, open_naive_accounts(clients))),
    ]


def _prepare_ours(clients: int, accounts: int) -> list[bytes]:
    return build_submits(clients, [key for _, key in open_accounts(accounts)])


def _prepare_floor(clients: int) -> list[bytes]:
    empty_floor()
    return build_submits(clients, ["none"])
