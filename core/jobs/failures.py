"""Why jobs fail: a stable code, whose fault it is, and whether trying again can help."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Literal

Fault = Literal["client", "model", "capacity", "platform"]


class FailureCode(enum.StrEnum):
    """The `failure.code` of a failed job or attempt."""

    INVALID_REQUEST = "invalid_request"  #: the pipeline refused what validation could not know
    MODEL_UNAVAILABLE = "model_unavailable"  #: the model's files are missing or broken on the worker
    PICTURE_NOT_FETCHED = "picture_not_fetched"  #: an address in the request led to no picture that is taken
    OUT_OF_MEMORY = "out_of_memory"  #: the device had no room for it
    NON_FINITE = "non_finite"  #: the model's numbers got out of hand with these settings
    CONTENT_FILTERED = "content_filtered"  #: the model's own content filter withheld every image
    STORAGE_UNAVAILABLE = "storage_unavailable"  #: the object store did not take or give the images
    LEASE_EXPIRED = "lease_expired"  #: the worker died or hung, each time
    START_DEADLINE_EXCEEDED = "start_deadline_exceeded"  #: no worker was free before the sender's start deadline
    DEADLINE_EXCEEDED = "deadline_exceeded"  #: it had not ended by the sender's deadline
    INTERNAL = "internal"  #: an error that we did not foresee


@dataclass(frozen=True)
class FailureTraits:
    """What a code says about every failure of its kind."""

    fault: Fault
    #: Whether sending the job again may help.
    retryable: bool
    #: Whether we try again by ourselves, while attempts and time are left.
    retried: bool


FAILURE_TRAITS: dict[FailureCode, FailureTraits] = {
    FailureCode.INVALID_REQUEST: FailureTraits("client", retryable=False, retried=False),
    FailureCode.MODEL_UNAVAILABLE: FailureTraits("model", retryable=False, retried=False),
    FailureCode.PICTURE_NOT_FETCHED: FailureTraits("client", retryable=False, retried=False),
    FailureCode.OUT_OF_MEMORY: FailureTraits("capacity", retryable=True, retried=True),
    FailureCode.NON_FINITE: FailureTraits("model", retryable=False, retried=False),
    FailureCode.CONTENT_FILTERED: FailureTraits("client", retryable=False, retried=False),
    FailureCode.STORAGE_UNAVAILABLE: FailureTraits("platform", retryable=True, retried=True),
    FailureCode.LEASE_EXPIRED: FailureTraits("platform", retryable=True, retried=True),
    FailureCode.START_DEADLINE_EXCEEDED: FailureTraits("capacity", retryable=True, retried=False),
    FailureCode.DEADLINE_EXCEEDED: FailureTraits("capacity", retryable=True, retried=False),
    FailureCode.INTERNAL: FailureTraits("platform", retryable=True, retried=True),
}


@dataclass(frozen=True)
class Failure:
    """Why one attempt failed. The message is shown to the sender, so it holds no internals."""

    code: FailureCode
    message: str

    @property
    def traits(self) -> FailureTraits:
        return FAILURE_TRAITS[self.code]
