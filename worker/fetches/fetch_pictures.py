"""The story of one fetch: claim, download, decode, store outside any transaction, and make the job available."""

from __future__ import annotations

import tempfile
from functools import cache
from typing import NamedTuple

import structlog
from structlog.contextvars import bound_contextvars

from core.artifacts.decoded_file import MEDIA_TYPE, decoded_file
from core.artifacts.keys import build_input_key
from core.artifacts.storage import bucket
from core.artifacts.tables import Artifact, ArtifactKind
from core.catalog import get_catalog
from core.database import transaction
from core.doorbell import DELIVER_NEXT, RENDER_NEXT, WEBHOOK_QUEUE, get_doorbell, render_queue
from core.errors import InvalidRequest, PicturesBusy, StorageUnavailable
from core.fault_points import fault_point
from core.ids import format_id, new_id
from core.jobs.failures import Failure, FailureCode
from core.jobs.fetches.claim_fetch import ClaimedFetch, claim_fetch
from core.jobs.fetches.complete_fetch import complete_fetch
from core.jobs.fetches.give_up_fetch import give_up_fetch, has_tries_left, postpone_fetch
from core.jobs.request.input_images import MOST_PIXELS_TOGETHER
from core.metrics import INPUT_FETCHES
from core.pictures.limits import NotAnImage
from core.settings import get_settings
from worker.dispatch_slots import DispatchSlots
from worker.fetches.download import FetchFault, PassingFetchFault, download

_log = structlog.get_logger()


class _Fetched(NamedTuple):
    """The pictures of a job, by their places; they lie in the bucket, and have no rows yet."""

    pictures: dict[str, Artifact]
    #: One sentence for each thing in them that was ignored.
    warnings: list[str]


def fetch_next() -> None:
    """Fetch what is due, one job after another, until nothing is. Returns at once if all slots are taken."""
    get_fetch_slots().work(_claim, _try)


@cache
def get_fetch_slots() -> DispatchSlots:
    """The slots of this process."""
    return DispatchSlots(get_settings().fetch_concurrency)


def _claim() -> ClaimedFetch | None:
    with transaction() as session:
        return claim_fetch(
            session,
            timeout_seconds=get_settings().fetch_timeout_seconds,
            busy_accounts=get_fetch_slots().list_busy("account"),
        )


def _try(claimed: ClaimedFetch) -> None:
    with bound_contextvars(
        account_id=format_id("acc", claimed.account_id),
        job_id=format_id("job", claimed.job_id),
        request_id=claimed.request_id,
    ):
        _attempt(claimed)


def _attempt(claimed: ClaimedFetch) -> None:
    fault_point("mid_fetch")
    try:
        fetched = _fetch(claimed)
        fault_point("after_fetch")
        outcome = _complete(claimed, fetched)
    except InvalidRequest as error:
        outcome = _give_up(claimed, Failure(FailureCode.INVALID_REQUEST, error.message))
    except PassingFetchFault as fault:
        outcome = _try_again(claimed, Failure(FailureCode.PICTURE_NOT_FETCHED, str(fault)))
    except FetchFault as fault:
        outcome = _give_up(claimed, Failure(FailureCode.PICTURE_NOT_FETCHED, str(fault)))
    except (StorageUnavailable, PicturesBusy) as error:
        _log.warning("pictures_not_stored", error=error.message)
        outcome = _try_again(
            claimed, Failure(FailureCode.STORAGE_UNAVAILABLE, "The pictures of the request could not be stored.")
        )
    except Exception:  # noqa: BLE001
        # Whatever it is, the job must not wait for ever.
        _log.exception("pictures_not_fetched")
        outcome = _try_again(
            claimed, Failure(FailureCode.INTERNAL, "The pictures of the request could not be fetched.")
        )
    INPUT_FETCHES.labels(outcome).inc()
    _log.info("input_fetch_tried", outcome=outcome, try_number=claimed.try_number, pictures=len(claimed.addresses))


def _fetch(claimed: ClaimedFetch) -> _Fetched:
    """Raises FetchFault, which names the place, PicturesBusy and StorageUnavailable."""
    by_address: dict[str, Artifact] = {}
    warnings: list[str] = []
    pixels = 0
    for place, address in claimed.addresses.items():
        if address in by_address:
            continue
        try:
            artifact, ignored = _store(claimed, place, address)
        except PassingFetchFault as fault:
            raise PassingFetchFault(f"{place} {fault}.") from fault
        except (FetchFault, NotAnImage) as fault:
            raise FetchFault(f"{place} {fault}.") from fault
        pixels += artifact.width * artifact.height
        if pixels > MOST_PIXELS_TOGETHER:
            raise FetchFault(f"With {place} the pictures have more than {MOST_PIXELS_TOGETHER:,} pixels together.")
        by_address[address] = artifact
        warnings += [f"{place} {warning}" for warning in ignored]
    return _Fetched({place: by_address[address] for place, address in claimed.addresses.items()}, warnings)


def _store(claimed: ClaimedFetch, place: str, address: str) -> tuple[Artifact, tuple[str, ...]]:
    # With the number of the try, so that a late twin does not overwrite what another try has put there.
    key = build_input_key(job_id=claimed.job_id, place=f"{place}.{claimed.try_number}", extension="png")
    with tempfile.TemporaryFile() as file:
        sent = download(address, file, get_settings())
        with decoded_file(sent, account_id=claimed.account_id) as decoded:
            bucket().put_file(key, decoded.png, media_type=MEDIA_TYPE, sha256=decoded.sha256)
            artifact = Artifact(
                id=new_id(),
                account_id=claimed.account_id,
                job_id=claimed.job_id,
                kind=ArtifactKind.INPUT,
                position=0,
                storage_key=key,
                media_type=MEDIA_TYPE,
                byte_size=decoded.byte_size,
                sha256=decoded.sha256,
                width=decoded.width,
                height=decoded.height,
            )
            return artifact, decoded.warnings


def _complete(claimed: ClaimedFetch, fetched: _Fetched) -> str:
    with transaction() as session:
        job = complete_fetch(session, claimed, fetched.pictures, warnings=fetched.warnings, catalog=get_catalog())
        if job is None:
            return "ended"
        pool, job_id = job.pool, format_id("job", job.id)
    get_doorbell().ring_soon(render_queue(pool), RENDER_NEXT, pool=pool, rung_for=job_id, request_id=claimed.request_id)
    return "fetched"


def _try_again(claimed: ClaimedFetch, failure: Failure) -> str:
    if not has_tries_left(claimed):
        return _give_up(claimed, failure)
    with transaction() as session:
        postpone_fetch(session, claimed)
    return "retry"


def _give_up(claimed: ClaimedFetch, failure: Failure) -> str:
    with transaction() as session:
        if give_up_fetch(session, claimed, failure) is None:
            return "ended"
    get_doorbell().ring_soon(WEBHOOK_QUEUE, DELIVER_NEXT)
    return "refused"
