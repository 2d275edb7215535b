"""`python -m bench.bodies`: what large and refused bodies cost; ends with 1 if one of them costs more than it may."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from http import HTTPStatus

from bench.bodies.refused import Cost, measure_bodies
from bench.bodies.served import ServedApi, serving
from bench.bodies.shapes import FIELDS, list_bodies
from bench.bodies.uploads import build_picture, measure_many, measure_uploads
from core.accounts.create_account import create_account
from core.accounts.manage_keys import issue_api_key
from core.database import transaction
from core.pictures.limits import MAX_IMAGE_BYTES
from core.settings import get_settings
from infra.local import LocalStack

#: What a refused body of 1 MiB may cost.
_MOST_CPU_MS = 50.0
_MOST_PEAK_MB = 20.0

#: CPU seconds of the longest picture, until its decoder gets its bytes.
_MOST_PICTURE_SECONDS = 0.3

#: How much larger the API may become for one upload: refused at 100 MB, stored at 19 MB.
_MOST_REFUSED_UPLOAD_MB = 20.0
_MOST_STORED_UPLOAD_MB = 30.0

#: What somebody else may notice of 20 uploads at once.
_MOST_LIVEZ_P99_MS = 100.0

#: Accounts that the uploads are of.
_ACCOUNTS = 5

#: How much larger the API may be after storms of bodies than before them.
_MOST_KEPT_MB = 50.0


def main() -> None:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(prog="python -m bench.bodies", description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="only bodies whose name has this text")
    parser.add_argument("--tries", type=int, default=3, help="of each; the least CPU time counts")
    parser.add_argument("--only-uploads", action="store_true", help="only the served API, and files that are uploaded")
    parser.add_argument(
        "--skip-refused", action="store_true", help="only the served API: pictures, memory after storms"
    )
    arguments = parser.parse_args()

    os.environ["LOG_LEVEL"] = "warning"
    faults: list[str] = []
    with LocalStack(only=("database", "redis", "storage")) as stack:
        os.environ.update(stack.environment)
        keys = [_open_account() for _ in range(_ACCOUNTS)]
        key = keys[0]
        with serving(key) as api:
            faults += _judge_uploads(api, keys)
            if not arguments.only_uploads:
                faults += _judge_served(api, tries=arguments.tries)
        if not arguments.skip_refused and not arguments.only_uploads:
            faults += _judge_refused(key, arguments.only, tries=arguments.tries)
    for fault in faults:
        print(f"TOO MUCH: {fault}")
    sys.exit(1 if faults else 0)


def _open_account() -> str:
    """The key of a new account."""
    with transaction() as session:
        account = create_account(session, name="bench")
        return issue_api_key(session, account_id=account.id, pepper=get_settings().api_key_pepper.get_secret_value())


def _judge_uploads(api: ServedApi, api_keys: Sequence[str]) -> list[str]:
    picture = build_picture()
    faults = []
    for cost in measure_uploads(api.port, api_keys[0], picture, api.memory):
        is_stored = cost.status == HTTPStatus.CREATED
        most = _MOST_STORED_UPLOAD_MB if is_stored else _MOST_REFUSED_UPLOAD_MB
        print(f"upload of {cost.name}: {cost.status}, {cost.peak_mb:.1f} MB above what the API had")
        if cost.peak_mb > most:
            faults.append(f"an upload of {cost.name} takes {cost.peak_mb:.1f} MB")
    noticed, answers = measure_many(api.port, api_keys, picture)
    print(
        f"{sum(answers.values())} uploads at once: {dict(sorted(answers.items()))}; /livez meanwhile: "
        f"p50 {noticed.median:.1f} ms, p99 {noticed.p99:.1f} ms of {len(noticed.latencies)}"
    )
    if noticed.p99 > _MOST_LIVEZ_P99_MS:
        faults.append(f"beside 20 uploads /livez takes {noticed.p99:.0f} ms at p99")
    return faults


def _judge_served(api: ServedApi, *, tries: int) -> list[str]:
    refused = [body for name, body in list_bodies("/v1/jobs") if name.startswith(("loras", "metadata", "prompt:"))]
    memory = api.measure_storms(refused)
    print(
        f"served API: {memory.before:.0f} MB before storms, {memory.highest:.0f} MB in them, {memory.after:.0f} after"
    )
    seconds = api.measure_picture(MAX_IMAGE_BYTES, tries=tries)
    print(f"served API: 20 MiB of picture take {seconds:.2f} s of CPU before they are decoded")
    faults = []
    if memory.after - memory.before > _MOST_KEPT_MB:
        faults.append(f"{memory.after - memory.before:.0f} MB are kept after storms")
    if seconds > _MOST_PICTURE_SECONDS:
        faults.append(f"20 MiB of picture take {seconds:.2f} s of CPU")
    return faults


def _judge_refused(api_key: str, only: str, *, tries: int) -> list[str]:
    from api.app import create_app

    costs: list[Cost] = []
    with create_app().test_client() as client:
        for path in FIELDS:
            bodies = ((name, body) for name, body in list_bodies(path) if only in name)
            costs += measure_bodies(client, api_key, bodies, path=path, tries=tries)
    costs.sort(key=lambda cost: cost.cpu_ms, reverse=True)
    print(f"{'status':>6} {'CPU ms':>8} {'peak MB':>8}  body")
    for cost in costs:
        print(f"{cost.status:>6} {cost.cpu_ms:>8.1f} {cost.peak_mb:>8.1f}  {cost.name}")
    return [
        f"{cost.name}: {cost.cpu_ms:.1f} ms of CPU, {cost.peak_mb:.1f} MB"
        for cost in costs
        if cost.cpu_ms > _MOST_CPU_MS or cost.peak_mb > _MOST_PEAK_MB
    ]


if __name__ == "__main__":
    main()
