"""Every error that core raises on purpose; an error's docstring is its message unless it is given another."""

from __future__ import annotations

from dataclasses import dataclass


class DarkroomError(Exception):
    """Something went wrong in Darkroom."""

    #: Stable word for programs, sent as `code` in every problem+json answer.
    code = "internal"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())

    @property
    def message(self) -> str:
        return str(self)


# What the caller got wrong


@dataclass(frozen=True)
class FieldError:
    """One field of a request and what is wrong with it; `field` is a dotted path such as `metadata.order`."""

    field: str
    message: str


#: Fields that one answer complains of: it is never much longer than the request.
MOST_FIELD_ERRORS = 20

#: Characters of a field's name that an answer repeats: an unknown name can be of any length.
LONGEST_FIELD_NAME = 100


class InvalidRequest(DarkroomError):
    """The request is not valid."""

    code = "invalid_request"

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{error.field[:LONGEST_FIELD_NAME]}: {error.message}" for error in errors))
        self.errors = errors


class NotAuthenticated(DarkroomError):
    """A valid API key is required: send it as `Authorization: Bearer dk_…`."""

    code = "not_authenticated"


class NotFound(DarkroomError):
    """There is nothing at this address."""

    code = "not_found"


class JobNotFound(NotFound):
    """There is no such job."""

    code = "job_not_found"


class JobDeleted(DarkroomError):
    """The job is not there any more: it was deleted, or its time was over."""

    code = "job_deleted"

    @classmethod
    def with_receipt(cls, deletion_id: str) -> JobDeleted:
        return cls(f"The job has been deleted; GET /v1/deletions/{deletion_id} is the receipt.")


class DeletionNotFound(NotFound):
    """There is no such deletion."""

    code = "deletion_not_found"


class PreviewNotFound(NotFound):
    """There is no preview of this job: not yet, or no longer."""

    code = "preview_not_found"


class WebhookEndpointNotFound(NotFound):
    """There is no such webhook endpoint."""

    code = "webhook_endpoint_not_found"


class ModelNotFound(NotFound):
    """There is no such model."""

    code = "model_not_found"


class AccountNotFound(NotFound):
    """There is no such account."""

    code = "account_not_found"


class ApiKeyNotFound(NotFound):
    """There is no such API key."""

    code = "api_key_not_found"


class IdempotencyKeyReused(DarkroomError):
    """This Idempotency-Key was already used with another request body."""

    code = "idempotency_key_reused"


class JobFinished(DarkroomError):
    """The job has already finished, so it cannot be cancelled."""

    code = "job_finished"


class JobNotFinished(DarkroomError):
    """The job has not finished: cancel it first, and delete it when it has ended."""

    code = "job_not_finished"


class JobInUse(DarkroomError):
    """A job that has not finished starts from one of this job's images."""

    code = "job_in_use"

    @classmethod
    def by(cls, job_id: str) -> JobInUse:
        return cls(f"{job_id} has not finished and starts from an image of this job: wait for it, or cancel it.")


class TooManyQueuedJobs(DarkroomError):
    """The account has as many jobs waiting as it may have; send more when some of them have started."""

    code = "too_many_queued_jobs"

    @classmethod
    def of(cls, limit: int) -> TooManyQueuedJobs:
        return cls(f"The account has {limit} jobs waiting, as many as it may have; send more when some have started.")


class TooManyWebhookEndpoints(DarkroomError):
    """The account has as many webhook endpoints as it may have; delete one first."""

    code = "too_many_webhook_endpoints"


# What passes by itself


class PicturesBusy(DarkroomError):
    """Too many pictures are being sent or decoded at the moment; send the request again in a second."""

    code = "pictures_busy"


class SubmitsBusy(DarkroomError):
    """The account is sending more jobs at a time than are taken; send the request again in a second."""

    code = "submits_busy"


# What the worker meets


class LeaseLost(DarkroomError):
    """The attempt no longer holds its job: whatever it still writes touches no row."""

    code = "lease_lost"


class StorageUnavailable(DarkroomError):
    """The object store did not take or give the images."""

    code = "storage_unavailable"


class ObjectMissing(StorageUnavailable):
    """The object store lacks an object that a row says it has."""


class DatabaseReadOnly(DarkroomError):
    """The database takes no writes."""

    code = "database_unavailable"


# What the operator got wrong


class ModelNotFetched(DarkroomError):
    """The model's files have not been fetched."""

    code = "model_not_fetched"

    @classmethod
    def of(cls, model_id: str) -> ModelNotFetched:
        return cls(f"The model {model_id!r} has not been fetched: run `darkroom-models fetch {model_id}`.")

    @classmethod
    def of_lora(cls, lora_id: str) -> ModelNotFetched:
        return cls(f"The LoRA {lora_id!r} has not been fetched: run `darkroom-models fetch {lora_id}`.")


class InvalidCatalog(DarkroomError):
    """The models file is not valid."""

    code = "invalid_catalog"
