"""`darkroom-admin`: open accounts and set their limits and retention, issue and revoke API keys, show the workers, pause
pools and models, verify that nothing was lost, and check what a deployment stands on.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy import select

import core.schema  # noqa: F401  (every table, so that foreign keys find theirs)
from admin.doctor.report import report
from admin.work import add_work_commands
from core.accounts.create_account import create_account
from core.accounts.limits import set_limits
from core.accounts.manage_keys import issue_api_key, revoke_api_key
from core.accounts.retention import set_retention
from core.accounts.tables import Account, ApiKey
from core.command_line import run_command_line
from core.database import transaction
from core.errors import AccountNotFound, DarkroomError
from core.ids import format_id, parse_id
from core.jobs.attempts.checkpoints import list_all_owned_checkpoints
from core.jobs.audit.invariants import list_lost_jobs, list_violations
from core.jobs.audit.stored_objects import list_object_violations, read_digests
from core.settings import get_settings


def main() -> None:
    """Run the command that the command line names, and print its result."""
    arguments = _parser().parse_args()
    result = run_command_line("darkroom-admin", lambda: arguments.run(arguments))
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name}: {value}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="darkroom-admin", description=__doc__)
    commands = parser.add_subparsers(required=True)

    create = commands.add_parser("create-account", help="open an account and issue its first API key")
    create.add_argument("name")
    _add_limits(create)
    create.set_defaults(run=_create_account)

    limits = commands.add_parser("set-limits", help="change an account's share of the service; what is left out stays")
    limits.add_argument("account_id", help="acc_…")
    _add_limits(limits)
    limits.set_defaults(run=_set_limits)

    retention = commands.add_parser(
        "set-retention", help="change how long an account's images and jobs are kept; what is left out stays"
    )
    retention.add_argument("account_id", help="acc_…")
    for name, option, meaning in (("artifact", "artifacts", "images"), ("job", "jobs", "jobs")):
        retention.add_argument(
            f"--{option}",
            dest=f"{name}_retention_seconds",
            metavar="SECONDS",
            type=_seconds,
            default=argparse.SUPPRESS,
            help=f"how long a job's {meaning} are kept after its end; or `forever`, or `default`: what the settings say",
        )
    retention.set_defaults(run=_set_retention)

    accounts = commands.add_parser("list-accounts", help="show every account")
    accounts.set_defaults(run=_list_accounts)

    keys = commands.add_parser("list-keys", help="show the API keys of an account, by their ids")
    keys.add_argument("account_id", help="acc_…")
    keys.set_defaults(run=_list_keys)

    issue = commands.add_parser("create-key", help="issue another API key of an account")
    issue.add_argument("account_id", help="acc_…")
    issue.set_defaults(run=_create_key)

    revoke = commands.add_parser("revoke-key", help="revoke an API key")
    revoke.add_argument("key", help="the whole key, or the 12 characters after dk_")
    revoke.set_defaults(run=_revoke_key)

    verify = commands.add_parser("verify", help="check that no rule of the job's life is broken; reads everything")
    verify.add_argument(
        "--accepted",
        type=Path,
        metavar="FILE",
        help="ids of jobs that were answered with 202, one per line: check that none is lost",
    )
    verify.set_defaults(run=_verify)

    doctor = commands.add_parser(
        "doctor",
        help="check settings, database, Redis, store, models and workers; exit code 1 if something does not work",
    )
    doctor.add_argument("--strict", action="store_true", help="exit code 1 for warnings, too")
    doctor.set_defaults(run=_doctor)

    work = add_work_commands(commands)
    for command in (create, limits, retention, accounts, keys, issue, revoke, verify, doctor, *work):
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _add_limits(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--weight", type=float, default=argparse.SUPPRESS, help="share of the workers relative to other accounts"
    )
    for name, meaning in (("queued", "waiting"), ("running", "running")):
        command.add_argument(
            f"--max-{name}",
            dest=f"max_{name}_jobs",
            metavar="NUMBER",
            type=_limit,
            default=argparse.SUPPRESS,
            help=f"jobs that it may have {meaning}; `default`: what the settings say",
        )


def _limit(text: str) -> int | None:
    return None if text == "default" else int(text)


def _seconds(text: str) -> int | None:
    if text == "default":
        return None
    seconds = 0 if text == "forever" else int(text)
    if seconds <= 0 and text != "forever":
        raise ValueError
    return seconds


def _given_limits(arguments: argparse.Namespace) -> dict[str, Any]:
    names = ("weight", "max_queued_jobs", "max_running_jobs")
    return {name: getattr(arguments, name) for name in names if name in arguments}


def _create_account(arguments: argparse.Namespace) -> dict[str, str]:
    with transaction() as session:
        account = create_account(session, name=arguments.name, **_given_limits(arguments))
        key = issue_api_key(session, account_id=account.id, pepper=_pepper())
    return {"account_id": format_id("acc", account.id), "api_key": key}


def _set_limits(arguments: argparse.Namespace) -> dict[str, str]:
    with transaction() as session:
        account = set_limits(session, account_id=_account_id(arguments), changes=_given_limits(arguments))
    return {
        "weight": f"{account.weight:g}",
        "max_queued_jobs": str(account.max_queued_jobs or "default"),
        "max_running_jobs": str(account.max_running_jobs or "default"),
    }


def _set_retention(arguments: argparse.Namespace) -> dict[str, str]:
    names = ("artifact_retention_seconds", "job_retention_seconds")
    changes = {name: getattr(arguments, name) for name in names if name in arguments}
    with transaction() as session:
        account = set_retention(session, account_id=_account_id(arguments), changes=changes)
    shown = {None: "default", 0: "forever"}
    return {name: shown.get(value := getattr(account, name), str(value)) for name in names}


def _list_accounts(_arguments: argparse.Namespace) -> dict[str, str]:
    with transaction() as session:
        accounts = session.scalars(select(Account).order_by(Account.id)).all()
    return {format_id("acc", account.id): account.name for account in accounts}


def _list_keys(arguments: argparse.Namespace) -> dict[str, str]:
    with transaction() as session:
        keys = session.scalars(
            select(ApiKey).where(ApiKey.account_id == _account_id(arguments)).order_by(ApiKey.created_at)
        ).all()
    return {key.id: f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "active" for key in keys}


def _account_id(arguments: argparse.Namespace) -> UUID:
    account_id = parse_id("acc", arguments.account_id)
    if account_id is None:
        raise AccountNotFound
    return account_id


def _create_key(arguments: argparse.Namespace) -> dict[str, str]:
    with transaction() as session:
        return {"api_key": issue_api_key(session, account_id=_account_id(arguments), pepper=_pepper())}


def _revoke_key(arguments: argparse.Namespace) -> dict[str, str]:
    with transaction() as session:
        revoke_api_key(session, key=arguments.key)
    return {"revoked": "true"}


def _verify(arguments: argparse.Namespace) -> dict[str, str]:
    grace = get_settings().orphan_grace_seconds
    accepted = [] if arguments.accepted is None else _read_job_ids(arguments.accepted)
    with transaction() as session:
        violations = list_violations(session) + list_lost_jobs(session, accepted)
        digests = read_digests(session)
        checkpoints = list_all_owned_checkpoints(session)
    violations += list_object_violations(digests, orphan_grace_seconds=grace, checkpoints=checkpoints)
    if violations:
        raise DarkroomError("\n".join(f"{violation.rule}: {violation.subject}" for violation in violations))
    return {"violations": "none"}


def _doctor(arguments: argparse.Namespace) -> NoReturn:
    raise SystemExit(report(as_json=arguments.json, is_strict=arguments.strict))


def _read_job_ids(path: Path) -> list[UUID]:
    try:
        lines = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise DarkroomError(f"--accepted: {path} cannot be read: {error}") from error
    ids = {line: parse_id("job", line) for line in lines}
    if wrong := [line for line, id_ in ids.items() if id_ is None]:
        raise DarkroomError(f"--accepted: {wrong[0]!r} is not the id of a job (job_…)")
    return [id_ for id_ in ids.values() if id_ is not None]


def _pepper() -> str:
    return get_settings().api_key_pepper.get_secret_value()
