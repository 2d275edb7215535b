"""What a request of RunPod's asks for, in the words of `POST /v1/jobs`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from core.errors import FieldError, InvalidRequest

#: Seconds that RunPod keeps a job waiting, if its `policy` has no `ttl`.
_TTL_SECONDS = 24 * 3600

#: Names of RunPod's own workers for SDXL, and ours.
_THEIR_NAMES = {"image_url": "image", "high_noise_frac": "refine_from"}

#: By our field, where the other parts of a request are.
_SENT_AS = {
    "webhook": "webhook",
    "start_deadline_seconds": "policy.ttl",
    "deadline_seconds": "policy.executionTimeout",
    "priority": "policy.lowPriority",
}


class RunCall(NamedTuple):
    """One call."""

    #: For `POST /v1/jobs`.
    fields: dict[str, Any]
    #: How errors name the fields.
    sent_as: dict[str, str]


def read_run_call(body: Mapping[str, Any], *, model: str) -> RunCall:
    """The call of a body. Raises InvalidRequest."""
    problems = [_refuse(name) for name in body.keys() - {"input", "webhook", "policy"}]
    sent, webhook, policy = body.get("input"), body.get("webhook"), body.get("policy")
    if not isinstance(sent, dict) or not sent:
        problems.append(FieldError("input", "is required: an object with at least a `prompt`", "required"))
    if not isinstance(webhook, str | None):
        problems.append(FieldError("webhook", "must be an address", "wrong_type"))
    if not isinstance(policy, dict | None):
        problems.append(FieldError("policy", "must be an object", "wrong_type"))
    if problems or not isinstance(sent, dict):
        raise InvalidRequest(problems)
    names = {_THEIR_NAMES.get(str(name), str(name)): str(name) for name in sent}
    fields = {ours: sent[theirs] for ours, theirs in names.items()}
    options = _read_policy(policy or {}) | ({"webhook": {"url": webhook}} if webhook else {})
    sent_as = {ours: f"input.{theirs}" for ours, theirs in names.items()} | {"prompt": "input.prompt"}
    return RunCall({**fields, **options, "model": model}, sent_as | {name: _SENT_AS[name] for name in options})


def _refuse(name: str) -> FieldError:
    if name == "s3Config":
        reason = "is not taken: images are in the bucket of the deployment, and no request holds secrets"
        return FieldError(name, reason, "not_allowed")
    return FieldError(name, "is not a field of this operation", "unknown")


def _read_policy(policy: dict[str, Any]) -> dict[str, Any]:
    """A job is not deleted when its time is over: it has TIMED_OUT. One that runs is not ended by `ttl`."""
    unknown = [FieldError(f"policy.{name}", "is not a policy", "unknown") for name in policy.keys() - _POLICY]
    wrong = [
        FieldError(f"policy.{name}", f"must be {meaning}", "wrong_type")
        for name, (kind, meaning) in _POLICY.items()
        if policy.get(name) is not None and (type(policy[name]) is not kind or policy[name] < 0)
    ]
    if unknown or wrong:
        raise InvalidRequest([*unknown, *wrong])
    options: dict[str, Any] = {}
    ttl, execution = policy.get("ttl"), policy.get("executionTimeout")
    if ttl is not None:
        options["start_deadline_seconds"] = math.ceil(ttl / 1000)
    if execution:
        # It counts from the start; by this moment that time is over for certain.
        options["deadline_seconds"] = options.get("start_deadline_seconds", _TTL_SECONDS) + math.ceil(execution / 1000)
    if policy.get("lowPriority"):
        options["priority"] = "low"
    return options


_POLICY: dict[str, tuple[type, str]] = {
    "executionTimeout": (int, "milliseconds"),
    "ttl": (int, "milliseconds"),
    "lowPriority": (bool, "true or false"),
}
