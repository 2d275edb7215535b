"""The process that decodes pictures: `python -m core.pictures.decoders.child`, with a socket as its standard input.

It has no settings, no secrets and no other files; what a picture makes of it ends with it.
"""

from __future__ import annotations

import hashlib
import math
import os
import resource
import socket
from contextlib import suppress
from pathlib import Path

from core.pictures.data_uri import read_picture_text
from core.pictures.decode_picture import decode_picture
from core.pictures.decoders.messages import ReadPicture, SentPicture, receive_picture, send_answer
from core.pictures.limits import NotAnImage

#: Seconds of CPU for one picture: at least twice what the largest one takes in the slowest format. After that the kernel ends the process.
CPU_SECONDS = 10

#: Bytes of address space: the largest picture takes less in every format, and a bomb not much more.
MEMORY_BYTES = 1024 * 1024 * 1024

#: Files that may be open: the standard ones, the socket, and a few that a library opens for a moment.
_FILES = 16

#: Everything else goes first: the machine's time belongs to requests and renders.
_NICENESS = 5


def main() -> None:
    """Decode one picture after another until the parent closes the socket."""
    _limit()
    with socket.socket(fileno=0) as connection:
        while (sent := receive_picture(connection)) is not None:
            _limit_cpu()
            send_answer(connection, _read(sent))


def _read(sent: SentPicture) -> ReadPicture | NotAnImage:
    content = sent.content
    try:
        body = bytes(content) if sent.is_file else read_picture_text(content.decode("ascii"))
        content.clear()
        return ReadPicture(decode_picture(body), hashlib.sha256(body).hexdigest())
    except NotAnImage as refusal:
        return refusal
    except MemoryError:
        return NotAnImage("takes more memory to decode than a picture may")


def _limit() -> None:
    os.nice(_NICENESS)
    # Where Linux shares the time out among sessions, each process is nice to those of its own; this makes the session nice.
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(_NICENESS), encoding="ascii")
    for limit, value in {
        resource.RLIMIT_AS: MEMORY_BYTES,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: _FILES,
    }.items():
        resource.setrlimit(limit, (value, value))


def _limit_cpu() -> None:
    """The kernel counts over the whole life of the process, in full seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used.ru_utime + used.ru_stime) + CPU_SECONDS, hard))


if __name__ == "__main__":
    main()
