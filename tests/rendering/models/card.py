"""A card that several processes share, with numbers that a test sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from worker.rendering.models.memory import MemoryReading


@dataclass
class Card:
    """A device of `total` bytes."""

    total: int
    seats: list[Seat] = field(default_factory=list)
    #: What processes that are no workers have taken.
    taken: int = 0

    def seat(self) -> Seat:
        """The memory of the card as one more process sees it."""
        seat = Seat(self)
        self.seats.append(seat)
        return seat

    @property
    def free(self) -> int:
        """What no process has."""
        return self.total - self.taken - sum(seat.held for seat in self.seats)


@dataclass
class Seat:
    """A process on the card: it holds its models, what its allocator keeps for later, and what lies between tensors."""

    card: Card
    #: The bytes of the process's models; None: what its accounts said at its latest reading.
    weigh: Callable[[], int] | None = None
    models: int = 0
    cached: int = 0
    scattered: int = 0

    @property
    def held(self) -> int:
        """What no other process can take."""
        models = self.models if self.weigh is None else self.weigh()
        return models + self.cached + self.scattered

    def read(self, model_bytes: int) -> MemoryReading:
        """What the process can see of the card."""
        self.models = model_bytes
        return MemoryReading(self.card.free, self.held, self.card.total, self.scattered)
