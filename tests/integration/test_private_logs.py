"""What customers and their receivers wrote stays out of logs: errors of libraries and servers quote it."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from core.accounts.tables import Account
from core.database import execute, transaction
from core.jobs.request.render_request import RenderRequest
from core.jobs.views.job_view import JobView
from core.logs import configure_logging
from core.settings import get_settings
from core.webhooks.tables import WebhookAttempt
from tests.integration.attempts import end_a_job
from tests.integration.conftest import Submit
from tests.integration.receivers import add_endpoint, answering
from worker.webhooks.deliver import deliver_next

MARKER = "marker-of-a-customer"


def test_a_receivers_answer_is_kept_and_not_logged(
    account_id: UUID, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """A receiver that answers 500 with what it was sent: its words are in the delivery's record, without the links'
    signatures and control characters; the log has status, length and kind.
    """
    body = f'{MARKER} \x1b[31m https://store/picture.png?X-Amz-Signature={"f" * 64}&X-Amz-Expires=900" end'.encode()
    with answering(500, body=body) as url:
        add_endpoint(account_id, f"{url}?token={MARKER}")
        end_a_job(account_id, submit)
        configure_logging(get_settings())
        deliver_next()

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [line] = [line for line in lines if line["event"] == "webhook_attempted"]
    assert MARKER not in json.dumps(lines)
    assert (line["status_code"], line["failure"], line["response_bytes"]) == (500, "answered_500", len(body))
    with transaction() as session:
        kept = session.query(WebhookAttempt).one().error
    assert kept == f'{MARKER} �[31m https://store/picture.png?…" end'


@pytest.mark.parametrize(
    ("url", "failure"),
    [
        (f"http://127.0.0.1:9/{MARKER}?token={MARKER}", "ConnectError"),
        (f"http://{MARKER}.invalid/", "ConnectError"),
        (f"http://10.1.2.3/{MARKER}", "AddressRefused"),
    ],
)
def test_an_address_that_fails_is_not_logged(
    account_id: UUID, submit: Submit, capsys: pytest.CaptureFixture[str], url: str, failure: str
) -> None:
    """An address holds tokens: a failed call logs the kind of its failure, not the address."""
    add_endpoint(account_id, url)
    end_a_job(account_id, submit)
    configure_logging(get_settings())
    deliver_next()

    output = capsys.readouterr().out
    assert MARKER not in output
    assert f'"failure": "{failure}"' in output


def test_a_databases_error_does_not_quote_rows(database: None) -> None:
    """A row that breaks a rule is not shown, whichever way its statement is run; the rule is named."""
    with pytest.raises(IntegrityError) as by_sqlalchemy, transaction() as session:
        session.add(Account(name=MARKER, weight=-1))
    with pytest.raises(IntegrityError) as by_text, transaction() as session:
        session.execute(text("INSERT INTO accounts (id, name, weight) VALUES (uuidv7(), :name, -1)"), {"name": MARKER})
    with pytest.raises(IntegrityError) as by_driver, transaction() as session:
        execute(
            session.connection(),
            "INSERT INTO accounts (id, name, weight) VALUES (uuidv7(), %(name)s, -1)",
            {"name": MARKER},
        )

    for error in (by_sqlalchemy, by_text, by_driver):
        assert MARKER not in str(error.value) + repr(error.value) + str(error.value.orig)
        assert "ck_accounts_weight" in str(error.value)


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (RenderRequest, {"prompt": MARKER * 1000}),
        (RenderRequest, {"prompt": "a mug", "metadata": {"note": [MARKER]}}),
        (JobView, {"id": [MARKER], "request": MARKER}),
    ],
)
def test_a_validation_error_does_not_quote_its_input(model: type, values: dict[str, object]) -> None:
    """Wherever such an error ends up, it names fields only."""
    with pytest.raises(ValidationError) as error:
        model(**values)

    assert MARKER not in str(error.value) + repr(error.value)
