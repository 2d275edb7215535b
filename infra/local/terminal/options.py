"""The options of the embedded stack, as they are typed: on its own command line, or as variables of make."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from infra.local.application import REPOSITORY
from infra.local.servers.server import SERVERS

PREFERRED_PORT = 8000

#: The Makefile's list of the variables that were typed after `make up`. Not a setting: it is gone once it has been read.
_TYPED_IN_MAKE = "TYPED_IN_MAKE"

_HIGHEST_PORT = 65_535


class Spelling:
    """How the user writes an option: `--port`, or `PORT=…` after make."""

    def __init__(self) -> None:
        typed = os.environ.pop(_TYPED_IN_MAKE, None)
        self.is_makes = typed is not None
        #: What make's variables mean as arguments; empty ones are as if they were not there.
        self.arguments = [f"--{name.lower()}={value}" for name in (typed or "").split() if (value := os.environ[name])]

    def name(self, message: str) -> str:
        """The message with each option as the user writes it."""
        if not self.is_makes:
            return message
        message = re.sub(r"argument --([a-z]+): ", lambda option: f"{option[1].upper()}: ", message)
        return re.sub(r"(?<!\S)--([a-z]+)\b", lambda option: f"{option[1].upper()}=…", message)


def parse_options(arguments: Sequence[str], spelling: Spelling) -> argparse.Namespace:
    """The options that the command line gives. What is wrong with them ends the process with exit code 2."""
    parser_class = _parser_class(spelling)
    shared = parser_class(add_help=False)
    shared.add_argument("--workers", type=_count, default=1, metavar="N", help="rendering workers (1)")
    shared.add_argument("--model", metavar="ID", help="the default model")

    parser = parser_class(prog="python -m infra.local", description="Darkroom on this machine.")
    actions = parser.add_subparsers(dest="action", required=True)

    up = actions.add_parser("up", parents=[shared], help="run everything until Ctrl-C")
    up.add_argument(
        "--data",
        type=_folder,
        default=REPOSITORY / ".darkroom",
        metavar="DIR",
        help="where it keeps its data (.darkroom)",
    )
    up.add_argument("--port", type=_port, metavar="P", help=f"the API's port ({PREFERRED_PORT} if it is free)")

    run = actions.add_parser(
        "run",
        parents=[shared],
        help="run everything around one command, and end with its status",
        usage="%(prog)s [options] -- COMMAND …",
    )
    run.add_argument("--data", type=_folder, metavar="DIR", help="where it keeps its data (a temporary folder)")
    run.add_argument("--only", type=_servers, metavar="SERVERS", help=f"start just these servers: {','.join(SERVERS)}")

    # Split here: argparse would also remove a `--` from the command itself.
    own, separator, command = _split([*arguments, *spelling.arguments])
    options = parser.parse_args(own)
    if options.action == "run" and not command:
        run.error("which command? It comes after --")
    if options.action == "up" and separator:
        up.error("takes no command")
    options.command = command
    return options


def _parser_class(spelling: Spelling) -> type[argparse.ArgumentParser]:
    """Parsers, and parsers of their actions, whose errors name options as the user writes them."""

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            if spelling.is_makes:
                sys.stderr.write(f"make up: {spelling.name(message)}\n")
                sys.exit(2)
            super().error(message)

    return Parser


def _split(arguments: Sequence[str]) -> tuple[Sequence[str], bool, Sequence[str]]:
    if "--" not in arguments:
        return arguments, False, ()
    position = list(arguments).index("--")
    return arguments[:position], True, arguments[position + 1 :]


def _servers(text: str) -> list[str]:
    names = text.split(",")
    if unknown := set(names) - set(SERVERS):
        raise argparse.ArgumentTypeError(f"not a server: {', '.join(sorted(unknown))}; there are {', '.join(SERVERS)}")
    return names


def _count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 999")
    return int(text)


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) <= _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a number from 1 to {_HIGHEST_PORT}")
    return int(text)


def _folder(text: str) -> Path:
    if not text.strip():
        raise argparse.ArgumentTypeError("a folder's path cannot be empty")
    return Path(text).expanduser()
