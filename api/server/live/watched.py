"""What the hub keeps of a job, and of an account, that somebody watches."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from uuid import UUID

from api.server.live.watchers import Watcher
from core.jobs.events.job_history import JobHistory
from core.live_events.message import Progress

#: Smaller than all ids.
_NO_JOB = UUID(int=0)


@dataclass
class WatchedJob:
    """A job that somebody watches, or that belongs to an account that somebody watches."""

    id: UUID
    watchers: list[Watcher] = field(default_factory=list)
    #: Those that have come since its rows were last asked for: what is being read lacks what they have missed.
    newcomers: list[Watcher] = field(default_factory=list)
    history: JobHistory | None = None
    #: Its rows are to be read; the stream as well, after this number.
    is_due: bool = True
    stream_after: int | None = None
    #: They are being read.
    is_in_flight: bool = False
    #: They may show something that comes before what is reported now.
    must_wait: bool = True
    #: Reports that came in between.
    heard: list[Progress] = field(default_factory=list)
    step_known: int = 0
    place: int | None = None


@dataclass
class WatchedAccount:
    """An account, all of whose jobs somebody watches."""

    watchers: list[Watcher] = field(default_factory=list)
    #: Jobs with larger ids are new.
    newest: UUID = _NO_JOB
    #: Jobs that have ended.
    ended: OrderedDict[UUID, None] = field(default_factory=OrderedDict)
