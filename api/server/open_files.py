"""How many connections the system lets a process have open."""

from __future__ import annotations

import resource

#: File descriptors beside the connections: libraries, the log, the database, the store, Redis, the pictures' decoders.
_OTHER_FILES = 256


def allow_connections(wanted: int) -> int:
    """Raise the limit of open files as far as `wanted` connections need it and the system permits; how many it is enough for.

    A server that is out of file descriptors cannot accept a connection, and gunicorn's worker dies of that.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _OTHER_FILES
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    permitted = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (permitted, hard))
    return permitted - _OTHER_FILES
