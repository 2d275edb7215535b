"""List objects in the bucket that may have no owner: images that came with requests, files, and checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.artifacts.keys import CHECKPOINTS_PREFIX, FILES_PREFIX, INPUTS_PREFIX, build_files_start, build_inputs_start
from core.artifacts.storage import bucket
from core.artifacts.tables import Artifact

#: Inputs of older jobs, and older files, are not listed again: the listing runs every few minutes, and its cost is what it reads.
_WINDOW = timedelta(days=7)

_CHUNK = 500


def list_old_inputs(*, written_before: datetime) -> Iterator[list[str]]:
    """Keys, up to 500 at a time, of the inputs and files that were written before the moment, for jobs and files of the week
    before it. Raises StorageUnavailable.
    """
    since = written_before - _WINDOW
    inputs = bucket().list_objects(INPUTS_PREFIX, start_after=build_inputs_start(since))
    files = bucket().list_objects(FILES_PREFIX, start_after=build_files_start(since))
    return _chunks(chain(inputs, files), written_before)


def list_old_checkpoints(*, written_before: datetime) -> Iterator[list[str]]:
    """Keys, up to 500 at a time, of the checkpoints that were written before the moment. The bucket holds those of
    unfinished jobs, and what was left behind. Raises StorageUnavailable.
    """
    return _chunks(bucket().list_objects(CHECKPOINTS_PREFIX), written_before)


def list_owned(session: Session, keys: Sequence[str]) -> set[str]:
    """Those of the keys that a row owns."""
    return set(session.scalars(select(Artifact.storage_key).where(Artifact.storage_key.in_(keys))))


def _chunks(listed: Iterator[tuple[str, datetime]], written_before: datetime) -> Iterator[list[str]]:
    keys = (key for key, written_at in listed if written_at < written_before)
    while chunk := list(islice(keys, _CHUNK)):
        yield chunk
