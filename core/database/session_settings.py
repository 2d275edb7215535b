"""What every session has set, whatever the database, the role or a pooler between would have set otherwise."""

from __future__ import annotations

from collections.abc import Mapping

#: How values are read and written, and how transactions see each other. The settings that DATABASE_URL names are added.
_MEANING = {
    # Statements wait for each other's rows and then read what was committed, instead of failing.
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "timezone": "UTC",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "transform_null_equals": "off",
    # Planning a statement of ours takes as long as running it, so plans are kept: if one for any parameters is as good as
    # one for these, which it is if a statement has its status as a literal. pool_checks.py says for how long.
    "plan_cache_mode": "auto",
}

#: Nothing slow happens inside a transaction, so whatever takes longer than this is a fault and is better cut off. A process
#: that freezes with rows locked keeps them for ten seconds: less than a lease, so that others' heartbeats outlive it.
SERVICE_SETTINGS = _MEANING | {
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "10s",
}

#: A migration waits four seconds for a table that is in use, then fails and can be run again, instead of stopping every
#: statement that queues behind it. Its own limits stand against those that DATABASE_URL names.
MIGRATION_SETTINGS = _MEANING | {
    "statement_timeout": "60s",
    "lock_timeout": "4s",
    "idle_in_transaction_session_timeout": "60s",
}

#: Limits that a role may have set and a server may not know yet: the version that brought them, by name.
_LIFTED_SINCE = {"idle_session_timeout": 140_000, "transaction_timeout": 170_000}


def for_version(settings: Mapping[str, str], version: int) -> dict[str, str]:
    """Adds to the settings those that only newer servers know (18.4 is 180004)."""
    return {name: "0" for name, since in _LIFTED_SINCE.items() if version >= since} | dict(settings)
