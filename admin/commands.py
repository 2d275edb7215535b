"""`darkroom-admin`: open accounts, issue and revoke API keys, verify that nothing was lost."""

from __future__ import annotations

import argparse
import json
import sys

import core.schema  # noqa: F401  (every table, so that foreign keys find theirs)
from core.accounts.create_account import create_account
from core.accounts.manage_keys import issue_api_key, revoke_api_key
from core.database import transaction
from core.errors import AccountNotFound, DarkroomError
from core.ids import format_id, parse_id
from core.jobs.invariants import find_violations
from core.jobs.stored_objects import find_object_violations
from core.settings import get_settings


def main() -> None:
    """Run the command that the command line names; what went wrong is said in one line."""
    arguments = _parser().parse_args()
    try:
        result = arguments.run(arguments)
    except DarkroomError as error:
        sys.exit(f"darkroom-admin: {error.message}")
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
    create.add_argument("--weight", type=float, default=1.0, help="share of the workers relative to other accounts")
    create.set_defaults(run=_create_account)

    issue = commands.add_parser("create-key", help="issue another API key of an account")
    issue.add_argument("account_id", help="acc_…")
    issue.set_defaults(run=_create_key)

    revoke = commands.add_parser("revoke-key", help="revoke an API key")
    revoke.add_argument("key", help="the whole key, or the 12 characters after dk_")
    revoke.set_defaults(run=_revoke_key)

    verify = commands.add_parser("verify", help="check that no rule of the job's life is broken; reads everything")
    verify.set_defaults(run=_verify)

    for command in (create, issue, revoke, verify):
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _create_account(arguments: argparse.Namespace) -> dict[str, str]:
    if arguments.weight <= 0:
        raise DarkroomError("--weight must be more than 0")
    with transaction() as session:
        account = create_account(session, name=arguments.name, weight=arguments.weight)
        key = issue_api_key(session, account_id=account.id, pepper=_pepper())
    return {"account_id": format_id("acc", account.id), "api_key": key}


def _create_key(arguments: argparse.Namespace) -> dict[str, str]:
    account_id = parse_id("acc", arguments.account_id)
    if account_id is None:
        raise AccountNotFound
    with transaction() as session:
        return {"api_key": issue_api_key(session, account_id=account_id, pepper=_pepper())}


def _revoke_key(arguments: argparse.Namespace) -> dict[str, str]:
    with transaction() as session:
        revoke_api_key(session, key=arguments.key)
    return {"revoked": "true"}


def _verify(_arguments: argparse.Namespace) -> dict[str, str]:
    with transaction() as session:
        violations = [
            *find_violations(session),
            *find_object_violations(session, orphan_grace_seconds=get_settings().orphan_grace_seconds),
        ]
    if violations:
        raise DarkroomError("\n".join(f"{violation.rule}: {violation.subject}" for violation in violations))
    return {"violations": "none"}


def _pepper() -> str:
    return get_settings().api_key_pepper.get_secret_value()
