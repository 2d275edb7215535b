"""Where in the bucket an artifact lies. Pure functions."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.ids import format_id, parse_id

INPUTS_PREFIX = "inputs/"
CHECKPOINTS_PREFIX = "checkpoints/"
FILES_PREFIX = "files/"


def build_attempt_prefix(*, job_id: UUID, attempt_number: int) -> str:
    """The folder of one attempt: a late twin of an attempt writes beside the winner, never over it."""
    return f"artifacts/{format_id('job', job_id)}/{attempt_number}/"


def build_storage_key(*, job_id: UUID, attempt_number: int, position: int, extension: str) -> str:
    """`artifacts/{job_id}/{attempt_number}/{position}.{extension}`."""
    return f"{build_attempt_prefix(job_id=job_id, attempt_number=attempt_number)}{position}.{extension}"


def build_input_key(*, job_id: UUID, place: str, extension: str) -> str:
    """`inputs/{job_id}/{place}.{extension}`: where an image lies that came with a request."""
    return f"{INPUTS_PREFIX}{format_id('job', job_id)}/{place}.{extension}"


def build_inputs_start(moment: datetime) -> str:
    """A key that sorts before those of the inputs of every job made since the moment, and after the older ones:
    job ids are UUIDv7 and begin with the time.
    """
    return f"{INPUTS_PREFIX}job_{int(moment.timestamp() * 1000):012x}"


def build_file_key(file_id: UUID) -> str:
    """`files/{file_id}.png`: where a picture lies that was sent by itself."""
    return f"{FILES_PREFIX}{format_id('file', file_id)}.png"


def build_files_start(moment: datetime) -> str:
    """A key that sorts before those of all files made since the moment, and after the older ones."""
    return f"{FILES_PREFIX}file_{int(moment.timestamp() * 1000):012x}"


def build_checkpoint_key(*, job_id: UUID, attempt_number: int, step: int) -> str:
    """`checkpoints/{job_id}/{attempt_number}/{step}.safetensors`: apart from the images, so that a clean-up has little to
    look through, and never the same for two checkpoints, so that the one that a row names is not overwritten.
    """
    return f"{CHECKPOINTS_PREFIX}{format_id('job', job_id)}/{attempt_number}/{step}.safetensors"


def parse_checkpoint_job(key: str) -> UUID | None:
    """The job whose checkpoint lies under the key; None if the key is not a checkpoint's."""
    return parse_id("job", key.removeprefix(CHECKPOINTS_PREFIX).partition("/")[0])


def build_job_prefixes(job_id: UUID) -> list[str]:
    """The folders of a job: whatever it ever put into the bucket lies in one of them."""
    name = format_id("job", job_id)
    return [f"artifacts/{name}/", f"{INPUTS_PREFIX}{name}/", f"{CHECKPOINTS_PREFIX}{name}/"]
