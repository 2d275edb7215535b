"""What customers find when all is over, in the API and in the bucket."""

from __future__ import annotations

import hashlib

from core.artifacts.keys import build_storage_key
from core.artifacts.storage import bucket
from core.ids import format_id
from tests.lifecycle_walk.model import ModelJob
from tests.lifecycle_walk.service import Sender
from tests.lifecycle_walk.walked import Walked
from worker.maintenance.apply_retention import apply_retention
from worker.maintenance.delete_orphans import delete_orphans


def check_what_is_left(walked: Walked, senders: list[Sender]) -> None:
    """Each job is shown as it ended, to its sender alone; the bucket holds the winner's image and nothing else, and of a
    deleted job nothing, also where a lost worker uploaded something after that.
    """
    delete_orphans()
    apply_retention()
    for job in walked.jobs.values():
        for sender in senders:
            answer = sender.read(job.id)
            if sender.account_id == job.account_id:
                assert answer.status_code == 200
                _check_view(job, answer.get_json())
            else:
                assert answer.status_code == 404
        assert _read_bucket(job) == ({_image_key(job): _image(job)} if job.status == "succeeded" else {})
    for job in walked.deleted.values():
        for sender in senders:
            assert sender.read(job.id).status_code == (410 if sender.account_id == job.account_id else 404)
        assert _read_bucket(job) == {}


def _read_bucket(job: ModelJob) -> dict[str, bytes]:
    return {key: bucket().get(key) for key, _ in bucket().list_objects(f"artifacts/{format_id('job', job.id)}/")}


def _check_view(job: ModelJob, view: dict[str, object]) -> None:
    assert view["status"] == job.status
    failure, outputs = view["failure"], view["outputs"]
    assert (failure["code"] if isinstance(failure, dict) else None) == job.failure_code
    assert isinstance(outputs, list)
    digests = [output["sha256"] for output in outputs]
    assert digests == ([hashlib.sha256(_image(job)).hexdigest()] if job.status == "succeeded" else [])


def _image(job: ModelJob) -> bytes:
    return str(job.current.id).encode()


def _image_key(job: ModelJob) -> str:
    return build_storage_key(job_id=job.id, attempt_number=job.current.number, position=0, extension="png")
