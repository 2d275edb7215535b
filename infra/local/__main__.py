"""`python -m infra.local up` and `python -m infra.local run -- COMMAND…`."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.local.application import REPOSITORY
from infra.local.data_folder import DataFolderInUse
from infra.local.part import PartFailed
from infra.local.ports import is_listening
from infra.local.postgres_programs import PostgresRefused
from infra.local.screen import Screen
from infra.local.signals import AskedToStop, raise_request, stop_requests
from infra.local.stack import SERVERS, LocalStack
from infra.local.supervise import keep_running
from infra.local.wrapped_command import run_command

_PREFERRED_PORT = 8000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return the exit status."""
    options = _parse(sys.argv[1:] if arguments is None else arguments)
    screen = Screen()
    if sys.platform != "linux":
        screen.say("The embedded stack needs Linux (WSL 2 is one); elsewhere there is docker-compose.yml.", style="red")
        return 1
    try:
        with stop_requests(raise_request):
            return _up(options, screen) if options.action == "up" else _run(options, screen)
    except AskedToStop as request:
        return 128 + request.signum
    except (DataFolderInUse, PartFailed, PostgresRefused, OSError, ValueError) as error:
        screen.say(f"\n{error}", style="red")
        return 1


def _up(options: argparse.Namespace, screen: Screen) -> int:
    stack = LocalStack(
        options.data,
        workers=options.workers,
        model=options.model,
        port=options.port or _find_usual_port(),
        listener=screen.take_note,
    )
    try:
        with screen.showing(stack):
            stack.start()
        screen.say(_introduce(stack))
        keep_running(stack, screen)
    except AskedToStop:
        screen.say("\nstopping")
    finally:
        with stop_requests(signal.SIG_IGN), screen.showing(stack):
            stack.stop()
    return 0


def _run(options: argparse.Namespace, screen: Screen) -> int:
    stack = LocalStack(
        options.data, workers=options.workers, model=options.model, only=options.only, listener=screen.take_note
    )
    try:
        with screen.showing(stack):
            stack.start()
        return run_command(options.command, stack.environment)
    finally:
        with stop_requests(signal.SIG_IGN):
            stack.stop()


def _find_usual_port() -> int | None:
    """The API's usual port, or None (any) if it is taken."""
    return None if is_listening(_PREFERRED_PORT) else _PREFERRED_PORT


def _introduce(stack: LocalStack) -> str:
    body = json.dumps({"prompt": "a large red mug on a yellow background"})
    curl = [
        *("curl", f"{stack.url}/v1/jobs"),
        *("-H", f"Authorization: Bearer {stack.api_key}"),
        *("-H", "Content-Type: application/json"),
        *("-d", body),
    ]
    return (
        f"\nDarkroom is up at {stack.url}\n"
        f"API key   {stack.api_key}\n"
        f"data      {stack.data_folder.path}\n"
        f"logs      {stack.data_folder.logs}\n"
        f"\n{shlex.join(curl)}\n"
        "\nCtrl-C stops everything.\n"
    )


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--workers", type=int, default=1, metavar="N", help="rendering workers (1)")
    shared.add_argument("--model", metavar="ID", help="the default model")

    parser = argparse.ArgumentParser(prog="python -m infra.local", description="Darkroom on this machine.")
    actions = parser.add_subparsers(dest="action", required=True)

    up = actions.add_parser("up", parents=[shared], help="run everything until Ctrl-C")
    up.add_argument(
        "--data", type=Path, default=REPOSITORY / ".darkroom", metavar="DIR", help="where it keeps its data (.darkroom)"
    )
    up.add_argument("--port", type=int, metavar="P", help=f"the API's port ({_PREFERRED_PORT} if it is free)")

    run = actions.add_parser(
        "run",
        parents=[shared],
        help="run everything around one command, and end with its status",
        usage="%(prog)s [options] -- COMMAND …",
    )
    run.add_argument("--data", type=Path, metavar="DIR", help="where it keeps its data (a temporary folder)")
    run.add_argument(
        "--only", type=_parse_servers, metavar="SERVERS", help=f"start just these servers: {','.join(SERVERS)}"
    )

    # Split here: argparse would also remove a `--` from the command itself.
    own, separator, command = _split(arguments)
    options = parser.parse_args(own)
    if options.action == "run" and not command:
        run.error("which command? It comes after --")
    if options.action == "up" and separator:
        up.error("takes no command")
    options.command = command
    return options


def _split(arguments: Sequence[str]) -> tuple[Sequence[str], bool, Sequence[str]]:
    if "--" not in arguments:
        return arguments, False, ()
    position = list(arguments).index("--")
    return arguments[:position], True, arguments[position + 1 :]


def _parse_servers(text: str) -> list[str]:
    names = text.split(",")
    if unknown := set(names) - set(SERVERS):
        raise argparse.ArgumentTypeError(f"not a server: {', '.join(sorted(unknown))}; there are {', '.join(SERVERS)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
