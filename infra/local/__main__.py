"""`python -m infra.local up` and `python -m infra.local run -- COMMAND…`."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
from collections.abc import Sequence

from pydantic import SecretStr

from core.catalog import load_catalog
from core.errors import DarkroomError
from core.settings import read_settings
from infra.local.application import REPOSITORY
from infra.local.data_folder import DataFolderInUse
from infra.local.part import PartFailed
from infra.local.ports import is_listening
from infra.local.servers.postgres_programs import PostgresRefused
from infra.local.signals import AskedToStop, raise_request, stop_requests
from infra.local.stack import LocalStack
from infra.local.supervise import keep_running
from infra.local.terminal.options import PREFERRED_PORT, Spelling, parse_options
from infra.local.terminal.screen import Screen
from infra.local.wrapped_command import run_command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return the exit status."""
    spelling = Spelling()
    options = parse_options(sys.argv[1:] if arguments is None else arguments, spelling)
    screen = Screen()
    if sys.platform != "linux":
        screen.say("The embedded stack needs Linux (WSL 2 is one); elsewhere there is docker-compose.yml.", style="red")
        return 1
    try:
        with stop_requests(raise_request):
            if options.model is not None:
                _check_model(options.model)
            return _up(options, screen) if options.action == "up" else _run(options, screen)
    except AskedToStop as request:
        return 128 + request.signum
    except (DarkroomError, DataFolderInUse, PartFailed, PostgresRefused, OSError, ValueError) as error:
        screen.say(f"\n{spelling.name(str(error))}", style="red")
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


def _check_model(model_id: str) -> None:
    """Refuse a model that the models file lacks, before anything is started with it."""
    settings = read_settings(api_key_pepper=SecretStr("not used by this program"))
    catalog = load_catalog(REPOSITORY / settings.models_file)
    if model_id not in catalog.models:
        raise ValueError(
            f"--model is {model_id!r}: it has to be a model of {settings.models_file}, which has {', '.join(catalog.models)}"
        )


def _find_usual_port() -> int | None:
    """The API's usual port, or None (any) if it is taken."""
    return None if is_listening(PREFERRED_PORT) else PREFERRED_PORT


def _introduce(stack: LocalStack) -> str:
    body = json.dumps({"prompt": "a large red mug on a yellow background"})
    curl = [
        *("curl", f"{stack.url}/v1/jobs"),
        *("-H", f"Authorization: Bearer {stack.api_key}"),
        *("-H", "Content-Type: application/json"),
        *("-d", body),
    ]
    return (
        f"\nDarkroom is up. Open its page:\n"
        f"\n{stack.page_url}\n"
        f"\nIn another terminal:\n"
        f"\nexport DARKROOM_URL={shlex.quote(stack.url)}\n"
        f"export DARKROOM_API_KEY={shlex.quote(stack.api_key)}\n"
        f"\n{shlex.join(curl)}\n"
        f"\ndata      {stack.data_folder.path}\n"
        f"logs      {stack.data_folder.logs}\n"
        "\nCtrl-C stops everything.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
