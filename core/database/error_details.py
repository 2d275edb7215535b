"""Keep the values of rows out of the messages of the database's errors."""

from __future__ import annotations

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext


def drop_details(error: BaseException) -> None:
    """Leave the server's own sentence in the error's message. What it adds quotes values: "Failing row contains (…)", and
    rows hold prompts.
    """
    if isinstance(error, psycopg.Error) and error.diag.message_primary is not None:
        error.args = (error.diag.message_primary,)


def drop_details_of_all(engine: Engine) -> None:
    """The same for the statements that SQLAlchemy runs on this engine."""

    @event.listens_for(engine, "handle_error")
    def drop(context: ExceptionContext) -> None:
        whole = str(context.original_exception)
        drop_details(context.original_exception)
        # Made of the message before this is called.
        if (error := context.sqlalchemy_exception) is not None:
            error.args = tuple(str(text).replace(whole, str(context.original_exception)) for text in error.args)
