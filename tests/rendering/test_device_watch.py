"""Which errors mean that the device is lost, and what follows."""

from __future__ import annotations

import threading

import pytest
import torch

from core.jobs.failures import FailureCode
from tests.rendering.batching.test_failed_forwards import Model
from worker.rendering.batching import BatchJob
from worker.rendering.batching.call import read_call
from worker.rendering.device_errors import is_device_lost, is_of_the_device, is_out_of_memory, list_causes
from worker.rendering.errors import ModelUnavailable, RequestRefused, describe_failure
from worker.rendering.process.device_watch import DeviceWatch

#: As `cudaGetErrorString` words them; torch puts its own prefix before them, and advice behind.
LOST = [
    "an illegal memory access was encountered",
    "device-side assert triggered",
    "unspecified launch failure",
    "uncorrectable ECC error encountered",
    "misaligned address",
    "an illegal instruction was encountered",
    "invalid program counter",
    "hardware stack error",
    "operation not supported on global/shared address space",
    "the launch timed out and was terminated",
    "uncorrectable NVLink error detected during the execution",
    "CUDA-capable device(s) is/are busy or unavailable",
    "no CUDA-capable device is detected",
    "unknown error",
]

ADVICE = "\nCUDA kernel errors might be asynchronously reported at some other API call\n"


@pytest.mark.parametrize("message", LOST)
def test_errors_that_stay_are_known(message: str) -> None:
    """With torch's own type, with that of older versions, from HIP and from Triton; and when others were made of them."""
    errors: list[Exception] = [
        torch.AcceleratorError(f"CUDA error: {message}{ADVICE}", 700),
        RuntimeError(f"CUDA error: {message}{ADVICE}"),
        RuntimeError(f"HIP error: {message}"),
        RuntimeError(f"Triton Error [CUDA]: {message}"),
    ]
    for error in errors:
        refused = RequestRefused("no")
        refused.__cause__ = error
        for each in (error, refused):
            assert is_device_lost(each)
            assert not is_out_of_memory(each)
            assert describe_failure(each).code == FailureCode.INTERNAL


@pytest.mark.parametrize(
    "error",
    [
        torch.AcceleratorError("CUDA error: invalid configuration argument", 9),
        RuntimeError("CUDA error: no kernel image is available for execution on the device"),
        RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
        RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm`"),
    ],
    ids=repr,
)
def test_errors_that_may_pass_are_no_proof(error: Exception) -> None:
    """Only the device itself can show whether it still works: a CPU's does."""
    watch = DeviceWatch(torch.device("cpu"), lambda: pytest.fail("ended"))

    assert is_of_the_device(error)
    assert not is_device_lost(error)
    assert not watch.look_at(error)
    assert watch.answers()


@pytest.mark.parametrize(
    "error",
    [
        ValueError("CUDA error: an illegal memory access was encountered"),
        RuntimeError("no such token: 'CUDA error: device-side assert triggered'"),
        ModelUnavailable("an unknown error"),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("CUDA error: out of memory"),
        KeyboardInterrupt(),
    ],
    ids=repr,
)
def test_other_errors_are_not_the_devices(error: BaseException) -> None:
    """Nor is one that quotes such words: a prompt must not be able to end a process."""
    assert not is_device_lost(error)
    assert not is_of_the_device(error)


@pytest.mark.parametrize(
    "error",
    [
        torch.AcceleratorError("CUDA error: out of memory", 2),
        RuntimeError("CUDA driver error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("MPS backend out of memory (MPS allocated: 18.13 GB)"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"),
    ],
    ids=repr,
)
def test_a_lack_of_memory_is_one_in_every_wording(error: Exception) -> None:
    """It is retried as such, and never counts as a lost device."""
    assert is_out_of_memory(error)
    assert not is_device_lost(error)
    assert describe_failure(error).code == FailureCode.OUT_OF_MEMORY


def test_an_error_can_be_its_own_cause() -> None:
    """The causes of an error are listed once each."""
    first, second = RuntimeError("1"), RuntimeError("2")
    first.__cause__, second.__cause__, second.__context__ = second, first, first

    assert set(map(str, list_causes(first))) == {"1", "2"}
    assert len(list(list_causes(first))) == 2


def test_the_process_ends_once_and_only_the_first_error_is_a_cause() -> None:
    """Jobs of the forward that failed share its error; a job that fails later, with an error of its own, had no part in it."""
    ended = threading.Semaphore(0)
    watch = DeviceWatch(torch.device("cpu"), ended.release)
    first, later = (torch.AcceleratorError(f"CUDA error: {LOST[0]}", 700) for _ in range(2))
    described = ModelUnavailable("could not be loaded")
    described.__cause__ = first

    assert watch.answers()
    assert watch.look_at(described)
    assert watch.look_at(first)
    assert watch.look_at(later)

    assert [watch.is_cause(error) for error in (described, first, later)] == [True, True, False]
    assert not watch.answers()
    assert ended.acquire(timeout=10)
    assert not ended.acquire(timeout=0.1)


def test_a_job_kept_apart_shares_no_forward() -> None:
    """Its calls have a key of their own; otherwise nothing about them differs."""
    sample = {"sample": torch.zeros(1, 1)}
    apart, ordinary, other = BatchJob(), BatchJob(), BatchJob()
    apart.is_alone = True
    keys = [read_call(job, "unet", Model(lambda _: None), dict(sample)).key for job in (apart, ordinary, other)]

    assert keys[1] == keys[2]
    assert keys[0] != keys[1]
