"""Find images in the bucket that came with requests and became no job's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.artifacts.keys import INPUTS_PREFIX, build_inputs_start
from core.artifacts.storage import list_objects
from core.artifacts.tables import Artifact

#: Jobs older than this are not looked at again: the look happens every few minutes, and costs what it reads.
_WINDOW = timedelta(days=7)

_CHUNK = 500


def list_old_inputs(*, written_before: datetime) -> Iterator[list[str]]:
    """Keys of inputs, some hundred at a time, that were written before the moment, for jobs of the week before it.

    Raises StorageUnavailable.
    """
    listed = list_objects(INPUTS_PREFIX, start_after=build_inputs_start(written_before - _WINDOW))
    keys = (key for key, written_at in listed if written_at < written_before)
    while chunk := list(islice(keys, _CHUNK)):
        yield chunk


def list_owned(session: Session, keys: Sequence[str]) -> set[str]:
    """Those of the keys that a row owns."""
    return set(session.scalars(select(Artifact.storage_key).where(Artifact.storage_key.in_(keys))))
