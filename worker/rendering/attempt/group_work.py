"""Let threads that want the same at the same time have one of them do it for all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_Wish = TypeVar("_Wish")


class Together(Generic[_Wish]):
    """Whoever comes first fulfils its own wish, and the next one all that have come meanwhile: nobody waits for company,
    and the more there is to do, the more is done at once.
    """

    def __init__(self, fulfil: Callable[[list[_Wish]], int]) -> None:
        #: Fulfils the first ones of the wishes, oldest first, and tells how many; at least one. Where it raises, its caller
        #: has the error, and the others go away with their wishes as they are.
        self._fulfil = fulfil
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._wishes: list[_Wish] = []

    @property
    def waiting(self) -> int:
        """Wishes that have not been fulfilled."""
        with self._lock:
            return len(self._wishes)

    def wait_for(self, wish: _Wish) -> None:
        """Until the wish, an object of its own, has been fulfilled, by this thread or another one."""
        with self._lock:
            self._wishes.append(wish)
        with self._turn:
            while self._is_waiting(wish):
                self._fulfil_some()

    def _is_waiting(self, wish: _Wish) -> bool:
        with self._lock:
            return any(one is wish for one in self._wishes)

    def _fulfil_some(self) -> None:
        with self._lock:
            wishes = list(self._wishes)
        fulfilled = len(wishes)
        try:
            fulfilled = self._fulfil(wishes)
        finally:
            with self._lock:
                del self._wishes[:fulfilled]
