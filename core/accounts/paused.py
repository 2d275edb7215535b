"""Whether an account has paused its jobs, as a fragment for the statements that show them."""

from __future__ import annotations


def build_is_paused(account_id: str) -> str:
    """Builds the SQL text of a scalar that is true if the account, a column's name, is paused."""
    return f"(SELECT paused_at IS NOT NULL FROM accounts WHERE accounts.id = {account_id})"  # noqa: S608  (a name of ours)
