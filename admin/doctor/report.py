"""How the doctor's findings are printed, and the exit code that they make."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict

import structlog

from admin.doctor.examine import examine
from admin.doctor.finding import Finding, Level


def report(*, as_json: bool, is_strict: bool) -> int:
    """Print what was found. The exit code is 1 if there is an error (or a warning, with `is_strict`), else 0."""
    # What our own code would log of what does not answer is a finding.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    findings: list[Finding] = []
    for finding in examine():
        findings.append(finding)
        if not as_json:
            print(finding, flush=True)

    count = {level: sum(finding.level is level for finding in findings) for level in Level}
    if as_json:
        print(
            json.dumps(
                {
                    "findings": [asdict(finding) for finding in findings],
                    **{f"{each}s": count[each] for each in (Level.ERROR, Level.WARNING)},
                }
            )
        )
    else:
        print(f"errors: {count[Level.ERROR]}, warnings: {count[Level.WARNING]}, ok: {count[Level.OK]}")
    return int(bool(count[Level.ERROR] or (is_strict and count[Level.WARNING])))
