"""The chat as a person meets it: a real Chromium, a real server, a real agent over small catalogues."""

import json
import re
import shutil
import threading
from pathlib import Path

import pytest

from convrec.agent.agent import Agent

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
NASTY = [
    ("x1", "<script>alert('title')</script>", "Comedy", "<img src=x onerror=alert('description')>"),
    (
        "x2",
        "<img src=x onerror=alert('title')> Returns",
        "Comedy",
        "</p></section><script>alert('description')</script>",
    ),
    (
        "x3",
        "![x](http://127.0.0.1:9/x.png) [here](javascript:alert(1))",
        "Comedy",
        "**bold** [link](http://127.0.0.1:9/)",
    ),
    ("x4", "\"><svg onload=alert('title')>", "Comedy", "${alert(1)} `${alert(2)}` {{ 7 * 7 }}"),
    ("x5' onmouseover='alert(1)", "An Ordinary Comedy", "Comedy", "An ordinary description."),
    ("x6", "Another Ordinary Drama", "<b>Drama</b>", "Nothing to see here."),
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def agent(fitted_films, tmp_path_factory):
    with Agent.open(Path(shutil.copytree(fitted_films, tmp_path_factory.mktemp("chat") / "films"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def address(agent):
    from convrec.ui.chat.server import serving

    with serving(agent, "127.0.0.1", 0) as served:
        yield served


@pytest.fixture
def visit(browser, address):
    """Opens the page as a person of their own; afterwards, nothing may have gone wrong in it or gone out of it."""
    contexts, wrong = [], []

    def opened(url=address, **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("request", lambda request: wrong.append(request.url) if _leaves(request.url, url) else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("dialog", lambda dialog: (wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.goto(url)
        page.locator(".welcome").wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def _leaves(requested, served):
    return not requested.startswith((served, "data:", "blob:"))


def say(page, text):
    """Sends a message and returns its answer when it is whole."""
    before = page.locator(".said").count()
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")
    return answer(page, before + 1)


def answer(page, number):
    turn = page.locator(f".turn[data-turn='{number}']")
    turn.locator(".trace, .failure").first.wait_for()
    return turn


def guest(page):
    return page.evaluate("localStorage.getItem('convrec.guest')")


def test_a_newcomer_finds_a_way_in(visit, agent):
    page = visit()
    assert page.get_by_role("heading", name="What are you in the mood for?").is_visible()
    catalogue = agent.toolbox.catalogue
    assert f"{len(catalogue)} {catalogue.schema.nouns} to choose from" in page.locator("#panel").inner_text()
    opener = page.locator(".openers button").first
    text = opener.inner_text()
    opener.click()
    turn = answer(page, 1)
    assert turn.locator(".said").inner_text().endswith(text)
    assert turn.locator(".card").count() > 0


def test_an_answer_has_cards_of_real_items(visit, agent):
    page = visit()
    turn = say(page, "a western")
    titles = turn.locator(".card h3")
    known = set(agent.toolbox.catalogue.titles)
    assert titles.count() > 1
    for card in titles.all():
        title = re.sub(r"\s+\d{4}$", "", re.sub(r"^\d+\s+", "", card.inner_text()))
        assert title in known
    (stored,) = agent.thread(guest(page), page.evaluate("sessionStorage.getItem('convrec.conversation')"))
    assert [card.get_attribute("data-item") for card in turn.locator(".card").all()] == [
        item.id for item in stored.reply.items
    ]
    assert page.get_by_label("Your message").input_value() == ""


def test_a_like_is_stored_and_shown(visit, agent):
    page = visit()
    card = say(page, "a western").locator(".card").first
    like, dislike = card.get_by_role("button", name="Like", exact=True), card.get_by_role("button", name="Dislike")
    like.focus()
    page.keyboard.press("Enter")
    card.locator(".like[aria-pressed=true]").wait_for()
    item = card.get_attribute("data-item")
    assert [(entry.item_id, entry.polarity) for entry in agent.profile(guest(page))] == [(item, 1)]
    page.locator("#panel", has_text="you pressed Like").wait_for()
    dislike.click()
    card.locator(".dislike[aria-pressed=true]").wait_for()
    assert like.get_attribute("aria-pressed") == "false"
    assert [(entry.item_id, entry.polarity) for entry in agent.profile(guest(page))] == [(item, -1)]


def test_what_was_seen_is_not_offered_again(visit):
    page = visit()
    card = say(page, "a western").locator(".card").first
    seen = card.get_attribute("data-item")
    card.get_by_role("button", name="Seen").click()
    card.locator(".seen[aria-pressed=true]").wait_for()
    again = say(page, "another western please").locator(".card")
    assert seen not in [card.get_attribute("data-item") for card in again.all()]


def test_why_the_second(visit):
    page = visit()
    title = say(page, "a western").locator(".card").nth(1).get_attribute("aria-label").removeprefix("2. ")
    told = say(page, "why the second?")
    assert title in told.locator(".answer").inner_text()


def test_how_an_answer_came_about_opens_and_stays_open(visit):
    page = visit()
    turn = say(page, "a western")
    assert not turn.locator("table").is_visible()
    turn.get_by_text("How this answer came about").click()
    assert turn.locator("tbody tr").first.is_visible()
    assert turn.locator("thead th").all_inner_texts() == ["Step", "Looked for", "In", "Out", "ms"]
    turn.get_by_role("button", name="Seen").first.click()
    turn.locator(".seen[aria-pressed=true]").wait_for()
    assert turn.locator("tbody tr").first.is_visible()


def test_suggestions_can_be_clicked_while_they_are_fresh(visit):
    page = visit()
    first = say(page, "a western")
    suggestion = first.locator(".suggestions button").first
    text = suggestion.inner_text()
    suggestion.click()
    assert answer(page, 2).locator(".said").inner_text().endswith(text)
    assert not suggestion.is_visible()


def test_a_question_can_be_answered_with_a_click(visit, agent):
    page = visit()
    option = say(page, "hello").locator(".answers button").first
    text = option.inner_text()
    option.click()
    turn = answer(page, 2)
    assert turn.locator(".said").inner_text().endswith(text)
    for card in turn.locator(".card").all():
        assert text in agent.toolbox.catalogue.item(card.get_attribute("data-item")).facts["genres"]
    assert turn.locator(".card").count() > 0


def test_the_steps_show_while_the_turn_runs(visit, agent, monkeypatch):
    going_on, stream = threading.Event(), agent.stream

    def halting(*args, **named):
        for event in stream(*args, **named):
            if event.type == "token":
                going_on.wait(10)
            yield event

    monkeypatch.setattr(agent, "stream", halting)
    page = visit()
    page.get_by_label("Your message").fill("a western")
    page.keyboard.press("Enter")
    live = page.locator(".turn .live")
    live.get_by_text(re.compile(f"of {len(agent.toolbox.catalogue)} (?:films|items) match")).wait_for()
    assert page.locator(".turn").get_attribute("aria-busy") == "true"
    going_on.set()
    assert answer(page, 1).locator(".card").count() > 0
    assert page.locator(".turn").get_attribute("aria-busy") == "false"
    assert live.count() == 0


def test_two_people_never_mix(visit, agent):
    one, two = visit(), visit()
    card = say(one, "a western").locator(".card").first
    card.get_by_role("button", name="Like", exact=True).click()
    card.locator(".like[aria-pressed=true]").wait_for()
    say(two, "a comedy")
    assert guest(one) != guest(two)
    assert agent.profile(guest(two)) == []
    assert "a western" not in two.locator(".conversation").inner_text()
    assert "Nothing yet" in two.locator("#panel").inner_text()
    assert [thread.turns for thread in agent.threads(guest(two))] == [1]


def test_a_second_tab_begins_its_own_conversation(visit, address):
    page = visit()
    say(page, "a western")
    other = page.context.new_page()
    other.goto(address)
    other.locator(".welcome").wait_for()
    assert guest(other) == guest(page)
    say(other, "a comedy")
    assert "a western" not in other.locator(".conversation").inner_text()


def test_a_reload_goes_on_and_a_new_conversation_begins_anew(visit):
    page = visit()
    card = say(page, "a western").locator(".card").first
    card.get_by_role("button", name="Like", exact=True).click()
    card.locator(".like[aria-pressed=true]").wait_for()
    page.reload()
    page.locator(".like[aria-pressed=true]").wait_for()
    assert page.locator(".said").inner_text().endswith("a western")
    page.get_by_role("button", name="New conversation").click()
    page.locator(".welcome").wait_for()
    assert "you pressed Like" in page.locator("#panel").inner_text()


def test_a_failed_turn_says_so_and_the_chat_goes_on(visit, agent, monkeypatch):
    page = visit()
    with monkeypatch.context() as patched:
        patched.setattr(agent, "stream", lambda *_, **__: 1 / 0)
        said = say(page, "a western").get_by_role("alert").inner_text()
    assert "didn't work" in said
    assert say(page, "a comedy").locator(".card").count() > 0


def test_a_phone_shows_all_of_it(visit):
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    turn = say(page, "a western")
    turn.get_by_text("How this answer came about").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert (
        page.evaluate("Math.max(...[...document.querySelectorAll('.card')].map(c => c.getBoundingClientRect().right))")
        <= 390
    )
    assert not page.locator("#known").get_attribute("open")
    page.get_by_text("What I know about you").click()
    assert page.get_by_text("Nothing yet").is_visible()


def test_everything_to_press_has_a_name(visit):
    page = visit()
    say(page, "a western")
    nameless = page.evaluate(
        "[...document.querySelectorAll('#page button')].filter(b => !b.innerText.trim() && !b.ariaLabel).map(b => b.outerHTML)"
    )
    assert nameless == []
    assert page.get_by_role("button", name="Send").is_visible()
    assert page.locator(".conversation").get_attribute("role") == "log"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_on_its_ground(visit, scheme):
    page = visit(color_scheme=scheme)
    say(page, "a western").get_by_text("How this answer came about").click()
    for selector in (
        ".said",
        ".people",
        ".year",
        ".share",
        ".choice.quiet",
        ".press",
        ".trace td",
        "#panel p",
        ".kinds",
    ):
        assert page.locator(selector).first.evaluate(_CONTRAST) >= 4.5, selector


_CONTRAST = """element => {
  const parts = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, n) => sum + v * [.2126, .7152, .0722][n], 0);
  let ground = element;
  while ((parts(getComputedStyle(ground).backgroundColor)[3] ?? 1) === 0) ground = ground.parentElement;
  const [low, high] = [light(parts(getComputedStyle(element).color)), light(parts(getComputedStyle(ground).backgroundColor))].sort((a, b) => a - b);
  return (high + .05) / (low + .05);
}"""


@pytest.fixture(scope="module")
def nasty_address(tmp_path_factory):
    from convrec.catalogue.ingest import ingest
    from convrec.catalogue.workspace import Workspace
    from convrec.tools.fitting import fit
    from convrec.ui.chat.server import serving

    folder = tmp_path_factory.mktemp("nasty")
    lines = [
        json.dumps({"id": i, "title": title, "genres": [genre], "description": about})
        for i, title, genre, about in NASTY
    ]
    (folder / "items.jsonl").write_text("\n".join(lines))
    workspace = Workspace.create(folder / "workspace")
    ingest(workspace, items=[folder / "items.jsonl"])
    fit(workspace)
    with Agent.open(workspace) as opened, serving(opened, "127.0.0.1", 0) as served:
        yield served


def test_titles_and_messages_are_data(visit, nasty_address):
    page = visit(nasty_address)
    shown = set()
    for text in (
        "<script>alert('said')</script> a comedy <img src=x onerror=alert(2)>",
        "a comedy",
        "another comedy",
        "compare the first two",
    ):
        turn = say(page, text)
        assert turn.locator(".said").inner_text().endswith(text)
        shown.update(turn.locator(".card").evaluate_all("cards => cards.map(card => card.dataset.item)"))
        turn.get_by_text("How this answer came about").click()
    assert {"x1", "x2", "x3", "x4"} <= shown
    ordinary = page.locator(".card", has_text="An Ordinary Comedy").first
    ordinary.get_by_role("button", name="Like", exact=True).click()
    ordinary.locator(".like[aria-pressed=true]").wait_for()
    inside = ".conversation :is(script, iframe, object, img), .conversation svg:not(.icon), .conversation a, #panel :is(script, img)"
    assert page.locator(inside).evaluate_all("found => found.map(e => e.outerHTML)") == []
    handlers = "[...document.querySelectorAll('#page *')].flatMap(e => [...e.attributes]).filter(a => a.name.startsWith('on')).map(a => a.name)"
    assert page.evaluate(handlers) == []
    assert (
        "<script>alert('title')</script>"
        in page.locator(".card h3").all_inner_texts()[0] + page.locator(".conversation").inner_text()
    )
