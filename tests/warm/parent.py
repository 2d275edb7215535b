"""The process that others are forked from: `python -m tests.warm.parent SOCKET MODULE…`.

It imports the modules, and does nothing else of what a process of Darkroom does at its start: no setting is read, no thread
started, no connection opened. Then it answers with the names of the variables that the imports have set. For each message on the
socket it forks a process that becomes `python -m` of the message: with its own environment, folder, session, output and arguments,
as a child of the process that sent the message.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import socket
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Self

from core.settings import get_settings
from infra.local.die_with_parent import tie_to_parent

#: Bytes; an environment and arguments are a few thousand.
_LONGEST_MESSAGE = 200_000

_FORKED = b"forked"


@dataclass(frozen=True)
class Start:
    """What a new process becomes. Three open files come with it: its standard input, output and error."""

    #: The process that wants it, and becomes its parent.
    parent: int
    #: What the kernel sends it when that one ends.
    orphan_signal: int
    module: str
    arguments: list[str]
    folder: str
    environment: dict[str, str]

    @classmethod
    def parse(cls, message: bytes) -> Self:
        """The inverse of `to_message`."""
        return cls(**json.loads(message))

    def to_message(self) -> bytes:
        """As one message."""
        return json.dumps(asdict(self)).encode()


def main() -> None:
    """Import, then fork until the socket is closed."""
    control = socket.socket(fileno=int(sys.argv[1]))
    given = set(os.environ)
    gc.disable()
    for module in sys.argv[2:]:
        importlib.import_module(module)
    if get_settings.cache_info().currsize:
        sys.exit("a module reads the settings while it is imported: all processes would have the same")
    # A module that `python -m` runs must not have been imported.
    for name in [name for name in sys.modules if name.endswith(".__main__")]:
        del sys.modules[name]
    # Nothing of this is garbage, and looking at it would copy it into each process.
    gc.freeze()
    control.sendall(json.dumps(sorted(os.environ.keys() - given)).encode())

    while True:
        message, files, _, _ = socket.recv_fds(control, _LONGEST_MESSAGE, 3)
        if not message:
            return
        start = Start.parse(message)
        if _fork(control):
            control.close()
            _become(start, files)
            return
        for file in files:
            os.close(file)


def _fork(control: socket.socket) -> bool:
    """Fork a process whose parent ends at once, so that the one that asked adopts it, and answer with its id once it leads a session
    of its own: signals to that reach it. Returns True in the new process, once it has been adopted.
    """
    id_read, id_write = os.pipe()
    go_read, go_write = os.pipe()
    ends = (id_read, id_write, go_read, go_write)
    between = os.fork()
    if between == 0:
        if os.fork():
            os._exit(0)
        os.setsid()
        os.write(id_write, str(os.getpid()).encode())
        os.close(go_write)
        is_adopted = os.read(go_read, 1) == b"1"
        for end in (id_read, id_write, go_read):
            os.close(end)
        if not is_adopted:
            sys.exit("the warm parent has ended")
        return True

    os.waitpid(between, 0)
    control.sendall(os.read(id_read, 20))
    os.write(go_write, b"1")
    for end in ends:
        os.close(end)
    return False


def _become(start: Start, files: list[int]) -> None:
    """Run the module as `python -m` does, until its end."""
    tie_to_parent(start.parent, start.orphan_signal)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(start.folder)
    path = os.environ.get("PYTHONPATH")
    os.environ.clear()
    os.environ.update(start.environment)
    if os.environ.get("PYTHONPATH") != path:
        _customise()
    sys.argv = [start.module, *start.arguments]
    gc.enable()
    runpy.run_module(start.module, run_name="__main__", alter_sys=True)


def _customise() -> None:
    """Do with PYTHONPATH what Python does at the start of a process: import the `sitecustomize` that it finds there first."""
    sys.path[1:1] = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.modules.pop("sitecustomize", None)
    with suppress(ModuleNotFoundError):
        importlib.import_module("sitecustomize")


if __name__ == "__main__":
    main()
