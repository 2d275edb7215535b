"""`python -m bench.bodies`: what refused bodies cost; ends with 1 if one of them costs more than it may."""

from __future__ import annotations

import argparse
import os
import sys

from bench.bodies.memory_returned import measure_returned
from bench.bodies.pictures import measure_picture
from bench.bodies.refused import Cost, measure_bodies
from bench.bodies.shapes import list_bodies
from core.accounts.create_account import create_account
from core.accounts.manage_keys import issue_api_key
from core.database import transaction
from core.settings import get_settings
from infra.local import LocalStack

#: What a refused body of 1 MiB may cost.
_MOST_CPU_MS = 50.0
_MOST_PEAK_MB = 20.0

#: CPU seconds of a request with 20 MiB of picture, until the picture's decoder gets its bytes.
_MOST_PICTURE_CPU_SECONDS = 0.3

#: How much larger the API may be after a storm of bodies than before it.
_MOST_KEPT_MB = 50.0


def main() -> None:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(prog="python -m bench.bodies", description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="only bodies whose name holds this text")
    parser.add_argument("--tries", type=int, default=2)
    arguments = parser.parse_args()

    faults: list[str] = []
    with LocalStack(only=("database", "redis", "storage")) as stack:
        os.environ.update(stack.environment)
        faults += _judge_refused(arguments.only, tries=arguments.tries)
        if not arguments.only:
            faults += _judge_picture(tries=arguments.tries)
    if not arguments.only:
        faults += _judge_returned()
    for fault in faults:
        print(f"TOO MUCH: {fault}")
    sys.exit(1 if faults else 0)


def _judge_refused(only: str, *, tries: int) -> list[str]:
    from api.app import create_app  # the settings have to be there first

    with transaction() as session:
        account = create_account(session, name="bench")
        key = issue_api_key(session, account_id=account.id, pepper=get_settings().api_key_pepper.get_secret_value())
    costs: list[Cost] = []
    with create_app().test_client() as client:
        client.post("/v1/jobs", json={}, headers={"Authorization": f"Bearer {key}"})
        for path in ("/v1/jobs", "/v1/webhook-endpoints"):
            bodies = ((name, body) for name, body in list_bodies() if only in name)
            costs += measure_bodies(client, key, bodies, path=path, tries=tries)
    costs.sort(key=lambda cost: cost.cpu_ms, reverse=True)
    print(f"{'status':>6} {'CPU ms':>8} {'peak MB':>8}  body")
    for cost in costs:
        print(f"{cost.status:>6} {cost.cpu_ms:>8.1f} {cost.peak_mb:>8.1f}  {cost.name}")
    return [
        f"{cost.name}: {cost.cpu_ms:.1f} ms of CPU, {cost.peak_mb:.1f} MB"
        for cost in costs
        if cost.cpu_ms > _MOST_CPU_MS or cost.peak_mb > _MOST_PEAK_MB
    ]


def _judge_picture(*, tries: int) -> list[str]:
    seconds, peak_mb = measure_picture(tries=tries)
    print(f"20 MiB of picture: {seconds:.3f} s of CPU before its decoder, peak {peak_mb:.0f} MB")
    return [f"20 MiB of picture: {seconds:.3f} s of CPU"] if seconds > _MOST_PICTURE_CPU_SECONDS else []


def _judge_returned() -> list[str]:
    before, most, after = measure_returned()
    print(f"API's memory: {before:.0f} MB before the storm, {most:.0f} MB in it, {after:.0f} MB after it")
    return [f"{after - before:.0f} MB kept after the storm"] if after - before > _MOST_KEPT_MB else []


if __name__ == "__main__":
    main()
