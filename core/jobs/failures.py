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
    OUT_OF_MEMORY = "out_of_memory"  #: the device had no room for it
    NON_FINITE = "non_finite"  #: the model's numbers got out of hand with these settings
    STORAGE_UNAVAILABLE = "storage_unavailable"  #: the object store did not take or give the images
    LEASE_EXPIRED = "lease_expired"  #: the worker died or hung, each time
    INTERNAL = "internal"  #: an error that we did not foresee


@dataclass(frozen=True)
class FailureTraits:
    """What a code says about every failure of its kind."""

    fault: Fault
    #: Whether we try again by ourselves, while attempts are left, and whether the sender may.
    retryable: bool


FAILURE_TRAITS: dict[FailureCode, FailureTraits] = {
    FailureCode.INVALID_REQUEST: FailureTraits("client", retryable=False),
    FailureCode.MODEL_UNAVAILABLE: FailureTraits("model", retryable=False),
    FailureCode.OUT_OF_MEMORY: FailureTraits("capacity", retryable=True),
    FailureCode.NON_FINITE: FailureTraits("model", retryable=False),
    FailureCode.STORAGE_UNAVAILABLE: FailureTraits("platform", retryable=True),
    FailureCode.LEASE_EXPIRED: FailureTraits("platform", retryable=True),
    FailureCode.INTERNAL: FailureTraits("platform", retryable=True),
}


@dataclass(frozen=True)
class Failure:
    """Why one attempt failed. The message is shown to the sender, so it holds no internals."""

    code: FailureCode
    message: str

    @property
    def traits(self) -> FailureTraits:
        return FAILURE_TRAITS[self.code]
