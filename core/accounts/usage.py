"""What an account has used: the SQL that writes it."""

from __future__ import annotations


def build_usage_cte(source: str) -> str:
    """Builds the CTE that counts each successful job in the CTE `source`, which has job_id, account_id, model, image_count,
    cost (megapixel-steps), render_ms and wait_seconds.
    """
    return f"""usage AS (
    INSERT INTO usage_records (job_id, account_id, model, images, cost, render_seconds, wait_seconds)
    SELECT job_id, account_id, model, image_count, cost, render_ms / 1000.0, wait_seconds FROM {source}
)"""  # noqa: S608  (names of ours)
