"""Fill a database with a queue, and empty it again."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

import core.schema
from core.accounts.create_account import create_account
from core.catalog import get_catalog
from core.jobs.request.render_request import RenderRequest
from core.jobs.submit.new_job import Submission
from core.jobs.submit.submit_step_by_step import submit_step_by_step
from core.settings import get_settings

#: Jobs like the first one, in the order of fair queueing: an account's own one after another, the accounts side by side.
#: Ids grow with time, as those of the product do.
_FILL = """
insert into jobs (id, account_id, task, model, model_revision, request, seed, metadata, warnings, cost, pool,
                  fair_position, max_attempts, request_id)
select uuidv7(), owner.id, first.task, first.model, first.model_revision, first.request, first.seed, first.metadata,
       first.warnings, first.cost, :pool, (n / :accounts) * first.cost, first.max_attempts, first.request_id
from generate_series(0, :rows - 1) n
join (select id, row_number() over (order by id) - 1 as number from accounts) owner on owner.number = n % :accounts
cross join (select * from jobs where id = :first) first
"""


def empty_tables(engine: Engine) -> None:
    """Delete all rows of all tables of the product."""
    names = ", ".join(table.name for table in core.schema.metadata.sorted_tables)
    with engine.begin() as connection:
        connection.execute(text(f"truncate {names}"))


def submit_one(session: Session, account_id: UUID) -> UUID:
    """Submit a job of the account through core, and return its id."""
    submission = Submission(
        request=RenderRequest(prompt="a red mug on a wooden table"),
        account_id=account_id,
        request_id="req_bench",
        catalog=get_catalog(),
        settings=get_settings(),
    )
    return submit_step_by_step(session, submission).id


def fill_queue(engine: Engine, *, rows: int, accounts: int, pool: str) -> None:
    """Fill empty tables with this number of queued jobs and accounts, then vacuum and analyse."""
    with Session(engine) as session, session.begin():
        # A million foreign keys need no check: they are read from the rows themselves.
        session.execute(text("set local statement_timeout = 0"))
        session.execute(text("set local session_replication_role = replica"))
        account_id = create_account(session, name="bench").id
        session.execute(
            text("insert into accounts (id, name) select uuidv7(), 'bench' from generate_series(2, :accounts)"),
            {"accounts": accounts},
        )
        first = submit_one(session, account_id)
        session.execute(text(_FILL), {"rows": rows, "accounts": accounts, "pool": pool, "first": first})
        session.execute(text("delete from jobs where id = :first"), {"first": first})
        session.execute(text("insert into pool_clocks (pool) values (:pool) on conflict do nothing"), {"pool": pool})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("set statement_timeout = 0"))
        connection.execute(text("vacuum analyze accounts, jobs, job_attempts, pool_clocks, account_clocks"))
        connection.execute(text("set statement_timeout = '15s'"))
