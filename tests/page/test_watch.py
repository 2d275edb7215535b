"""The tests' own watch notices what the page must not do; the browser and the page's policy prevent it besides."""

from __future__ import annotations

from playwright.sync_api import Browser

from infra.local import LocalStack
from tests.page.browser import open_context
from tests.page.watch import Watch

_STRANGER = "http://127.0.0.2:9"

#: What a script on the page might try, by what is noticed of it.
_TRIED = {
    "breach of connect-src": f"fetch('{_STRANGER}/').catch(() => 0)",
    "breach of img-src": f"new Image().src = '{_STRANGER}/pixel.png'",
    "breach of script-src": "document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))",
    "breach of style-src": "document.body.setAttribute('style', 'color: red')",
    "console: out loud": "console.error('out loud')",
    "uncaught: thrown": "setTimeout(() => { throw new Error('thrown'); })",
}


def test_each_fault_is_noticed(browser: Browser, stack: LocalStack) -> None:
    """Nothing that a script tries goes by unseen, and the policy lets none of it happen."""
    with open_context(browser, stack.url) as context:
        watch = Watch(context, [stack.url])
        page = context.new_page()
        page.goto("/")
        assert watch.faults == []
        for what, script in _TRIED.items():
            page.evaluate(f"() => {{ {script} }}")
            page.wait_for_timeout(100)
            assert [fault for fault in watch.faults if what in fault], (what, watch.faults)

        assert page.evaluate("window.ran") is None
        assert page.evaluate("getComputedStyle(document.body).color") != "rgb(255, 0, 0)"


def test_a_request_to_a_stranger_is_noticed(browser: Browser, stack: LocalStack) -> None:
    """Also one that no policy prevents."""
    with open_context(browser, stack.url) as context:
        watch = Watch(context, [_STRANGER])
        context.new_page().goto("/")

    assert f"request to a stranger: {stack.url}/" in watch.faults
