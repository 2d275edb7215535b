"""Free loopback ports that stay reserved while a server is down."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

LOOPBACK = "127.0.0.1"

#: Below the range that Linux uses for outgoing connections (from 32768): a client that calls a server which is down for a
#: moment is then never given that port as its own, which would keep the server from binding it again.
_LOWEST, _HIGHEST = 20_000, 32_767


class Ports:
    """Ports reserved for one stack.

    Each is held by a bound socket that never listens: a server that binds with SO_REUSEADDR, as all of the stack do, can
    listen beside it, another stack cannot take it, and a call to it is refused at once while no server listens.
    """

    def __init__(self) -> None:
        self._held: list[socket.socket] = []

    def reserve(self) -> int:
        """A free port, reserved until `release`. Raises OSError if there is none."""
        for port in random.sample(range(_LOWEST, _HIGHEST), k=1000):
            if self._hold(port, despite_old_connections=False):
                return port
        raise OSError(f"no free port between {_LOWEST} and {_HIGHEST}")

    def reserve_if_free(self, port: int) -> bool:
        """Reserve this port; False if a server listens on it. Connections of a server that has ended do not matter.
        Raises PermissionError if only root may listen on it.
        """
        return self._hold(port, despite_old_connections=True)

    def release(self) -> None:
        """Release every port."""
        while self._held:
            self._held.pop().close()

    def _hold(self, port: int, *, despite_old_connections: bool) -> bool:
        holder = socket.socket()
        try:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, despite_old_connections)
            holder.bind((LOOPBACK, port))
        except PermissionError:
            holder.close()
            raise
        except OSError:
            holder.close()
            return False

        # Only now: before the bind it would have let us bind beside another stack, after it lets a server bind beside us.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, True)
        self._held.append(holder)
        return True


def is_listening(port: int) -> bool:
    """Whether a server accepts connections on this loopback port."""
    with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False
