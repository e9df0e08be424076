"""Signing in as a person does it: a real Chromium, the page and its doors on a real server."""

import shutil
from pathlib import Path

import pytest

from convrec.agent.agent import Agent
from tests.ui.auth_site import PASSWORD, serving, site_of
from tests.ui.test_chat_browser import CHROMIUM, FLAGS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def agent(fitted_films, tmp_path_factory):
    with Agent.open(Path(shutil.copytree(fitted_films, tmp_path_factory.mktemp("auth") / "films"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def address(agent):
    with serving(site_of(agent, accounts="open")) as served:
        yield served


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def visit(browser, address):
    """Opens the page as a person of their own; afterwards, nothing may have gone wrong in it."""
    contexts, wrong = [], []

    def opened(**options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("response", lambda answer: wrong.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)  # fmt: skip
        page.goto(address)
        page.get_by_role("link", name="Sign in").wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def say(page, text):
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")
    page.locator(".turn .said", has_text=text).wait_for()
    page.wait_for_function("() => [...document.querySelectorAll('.turn')].at(-1)?.querySelector('.card')")


def make_account(page, name):
    page.get_by_role("link", name="Sign in").click()
    page.get_by_role("link", name="Make one").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()


def test_a_guest_signs_in_is_merged_signs_out_and_comes_back(visit, agent):
    page = visit()
    say(page, "I love westerns")
    make_account(page, "ana")
    page.get_by_role("heading", name="Was that you?").wait_for()
    assert agent.threads("account:ana") == []
    page.get_by_role("button", name="Yes, move it").click()
    page.get_by_role("button", name="Sign out").wait_for()
    assert page.locator("#account").inner_text().startswith("ana")
    page.locator("#threads").get_by_text("I love westerns").wait_for()
    page.locator("#panel").get_by_text("Western", exact=True).first.wait_for()
    say(page, "something funny")
    assert len(agent.threads("account:ana")) == 2
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Sign in").wait_for()
    page.locator("#threads").get_by_text("None yet").wait_for()
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Name").fill("Ana")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator("#threads").get_by_text("something funny").wait_for()


def test_somebody_changes_their_password(visit):
    page = visit()
    make_account(page, "eve")
    page.get_by_role("link", name="Password").click()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_label("The new one").fill("another horse battery")
    page.get_by_role("button", name="Change it").click()
    page.get_by_role("heading", name="It is changed").wait_for()
    page.get_by_role("link", name="To the chat").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Name").fill("eve")
    page.get_by_label("Password").fill("another horse battery")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()
    assert page.get_by_role("link", name="Sign in").count() == 0


def test_two_people_in_two_browsers_are_never_mixed(visit, agent):
    one, two = visit(), visit()
    make_account(one, "cleo")
    one.get_by_role("button", name="Sign out").wait_for()
    say(two, "I love horror")
    say(one, "I love westerns")
    for page, own, others in ((one, "westerns", "horror"), (two, "horror", "westerns")):
        page.reload()
        page.locator("#threads").get_by_text(own).wait_for()
        assert others not in page.locator("body").inner_text()
    assert [entry.value for entry in agent.profile("account:cleo")] == ["Western"]


def test_a_tab_that_was_left_open_does_not_speak_for_who_signed_out(visit, agent):
    page = visit()
    make_account(page, "dora")
    page.get_by_role("button", name="Sign out").wait_for()
    left_open = page.context.new_page()
    left_open.goto(page.url)
    left_open.get_by_role("button", name="Sign out").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Sign in").wait_for()
    left_open.get_by_label("Your message").fill("I love westerns")
    left_open.keyboard.press("Enter")
    left_open.locator(".turn .said").wait_for()
    left_open.wait_for_timeout(1000)
    assert agent.threads("account:dora") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sign_in_page_is_for_everybody(visit, scheme):
    """Keyboard, small screens, screen readers: axe finds nothing serious."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = visit(color_scheme=scheme, bypass_csp=True)
    page.set_viewport_size({"width": 375, "height": 700})
    page.get_by_role("button", name="Menu").click()
    for link in ("Sign in", "Make one"):
        page.get_by_role("link", name=link).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
        found = axe.Axe().run(page).response["violations"]
        assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
