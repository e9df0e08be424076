"""The chat as a person meets it: a real Chromium, a real server, a real agent over small catalogues."""

import json
import re
import shutil
import threading
import time
from pathlib import Path

import pytest

from convrec.agent.agent import Agent
from convrec.ui.chat.app import Page

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
def address(agent, tmp_path_factory):
    from convrec.ui.chat.server import serving

    with serving(agent, "127.0.0.1", 0, own_catalogues=True, root=tmp_path_factory.mktemp("own")) as served:
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
    turn.locator(".trace:not([data-running]), .failure").first.wait_for()
    return turn


def guest(page):
    return page.evaluate("localStorage.getItem('convrec.guest')")


def conversation(page):
    return page.evaluate("sessionStorage.getItem('convrec.conversation')")


def test_a_newcomer_finds_a_way_in(visit, agent):
    page = visit()
    assert page.get_by_role("heading", name="What are you in the mood for?").is_visible()
    catalogue = agent.toolbox.catalogue
    assert f"{len(catalogue)} {catalogue.schema.nouns} to choose from" in page.locator("#footing").inner_text()
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
    (stored,) = agent.thread(guest(page), conversation(page))
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
    turn.locator(".trace summary").click()
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


def test_a_message_sent_as_soon_as_an_answer_has_ended_is_taken(visit, monkeypatch):
    page = visit()
    shown = Page._shown
    monkeypatch.setattr(
        Page, "_shown", lambda *given: time.sleep(1) or shown(*given)
    )  # what follows an answer takes its time
    say(page, "a western")
    assert say(page, "a comedy").locator(".card").count() > 0


def test_a_message_sent_in_the_middle_of_an_answer_stays_in_the_box(visit, agent, monkeypatch):
    page, go_on, stream = visit(), threading.Event(), agent.stream

    def halted(*given, **named):
        go_on.wait(15)
        yield from stream(*given, **named)

    monkeypatch.setattr(agent, "stream", halted)
    box = page.get_by_label("Your message")
    box.fill("a western")
    page.keyboard.press("Enter")
    page.locator(".turn[data-turn='1'] .trace[data-running]").wait_for()
    box.fill("a comedy")
    page.keyboard.press("Enter")
    go_on.set()
    answer(page, 1)
    assert (page.locator(".said").count(), box.input_value()) == (1, "a comedy")
    page.keyboard.press("Enter")
    assert answer(page, 2).locator(".card").count() > 0


def test_a_phone_shows_all_of_it(visit):
    page = visit(viewport={"width": 375, "height": 780}, has_touch=True, is_mobile=True)
    turn = say(page, "a western")
    turn.locator(".trace summary").click()
    turn.locator(".whythese summary").click()
    rights = (
        "Math.max(...[...document.querySelectorAll('.card, .press, .bar')].map(c => c.getBoundingClientRect().right))"
    )
    assert page.evaluate(rights) <= 375
    assert not page.locator("#panel").is_visible()
    page.get_by_role("button", name="Menu").click()
    assert page.get_by_role("button", name="Menu", expanded=True).is_visible()
    page.get_by_text("Nothing yet").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit, scheme, tmp_path):
    from axe_playwright_python.sync_playwright import Axe

    page = visit(color_scheme=scheme)
    say(page, "I love Iron Harbor, show me a western")
    say(page, "compare the first two")
    turn = say(page, "a comedy")
    press(turn.locator(".card").first, "like")
    turn.locator(".pick").first.click()
    page.get_by_role("button", name="How I choose").click()
    page.get_by_role("button", name="Your own catalogue").click()
    bring(page, tmp_path, "name,price\nLamp,3\n")
    page.evaluate("document.querySelectorAll('details:not([open]) > summary').forEach(summary => summary.click())")
    found = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []
    assert page.get_by_role("button", name="Send").is_visible()
    assert page.get_by_role("button", name="How I choose", expanded=True).is_visible()


# Cards


def press(card, event):
    card.locator(f".{event}").click()
    card.locator(f".{event}[aria-pressed=true]").wait_for()


def card_titles(turn):
    return turn.locator(".card").evaluate_all("cards => cards.map(card => card.ariaLabel.replace(/^\\d+\\. /, ''))")


def test_cards_can_be_picked_and_compared(visit):
    page = visit()
    turn = say(page, "a western")
    first, second = card_titles(turn)[:2]
    turn.locator(".pick").nth(0).click()
    assert not page.get_by_role("button", name="Compare them").is_visible()
    turn.locator(".pick").nth(1).click()
    page.get_by_role("button", name="Compare them").click()
    table = answer(page, 2).locator(".compared table")
    assert table.locator("thead th").all_inner_texts() == [first, second]
    assert page.locator(".pick[aria-pressed=true]").count() == 0
    page.reload()
    page.locator(".compared").wait_for()


def test_more_like_this_and_less_of_this_are_answered(visit, agent):
    page = visit()
    title = card_titles(say(page, "a western"))[0]
    page.locator(".turn[data-turn='1'] .card").first.get_by_role("button", name="More like this").click()
    assert title in answer(page, 2).locator(".said").inner_text()
    less = answer(page, 2).locator(".card").first
    gone, kinds = less.get_attribute("data-item"), less.locator(".kinds").inner_text().split(" · ")
    less.get_by_role("button", name="Less of this").click()
    assert gone not in answer(page, 3).locator(".card").evaluate_all("cards => cards.map(card => card.dataset.item)")
    understood = agent.thread(guest(page), conversation(page))[2].reply.understanding.preferences
    assert {(p.item_id or p.value, p.polarity) for p in understood} >= {(gone, -1), *((kind, -1) for kind in kinds)}


def test_why_these_opens_by_key_and_says_what_scores_are_made_of(visit, agent):
    page = visit()
    turn = say(page, "a western")
    turn.locator(".whythese summary").focus()
    page.keyboard.press("Enter")
    turn.locator(".bar svg").first.wait_for()
    items = agent.thread(guest(page), conversation(page))[0].reply.items
    assert turn.locator(".bar-score").all_inner_texts() == [f"{item.score:.2f}" for item in items]
    assert items[0].title in turn.locator(".bar svg").first.get_attribute("aria-label")


def test_a_dial_is_heeded_by_the_very_next_slate(visit, agent, monkeypatch):
    from playwright.sync_api import expect

    asked, recommend = [], agent.toolbox.recommend
    monkeypatch.setattr(agent.toolbox, "recommend", lambda request: (asked.append(request), recommend(request))[1])
    one, two = visit(), visit()
    one.get_by_role("button", name="How I choose").click()
    variety = one.get_by_label("number input for Variety")
    expect(variety).to_have_value("0.2")
    variety.fill("0.9")
    variety.press("Tab")
    expect(one.get_by_label("range slider for Variety")).to_have_value("0.9")
    say(one, "a western")
    assert (asked[-1].diversity, asked[-1].exploration) == (0.9, 0.0)
    say(two, "a western")
    assert (asked[-1].diversity, asked[-1].exploration) == (0.2, 0.0)


# What is known


def test_a_taste_is_corrected_weighed_paused_and_deleted(visit, agent):
    page = visit()
    say(page, "I love westerns, and I can't stand horror")
    horror = page.locator(".taste", has=page.locator(".what", has_text="Horror"))
    horror.locator("summary").click()
    horror.get_by_label("What it is").fill("Thriller")
    horror.get_by_role("button", name="Save").click()
    thriller = page.locator(".taste", has=page.locator(".what", has_text="Thriller"))
    thriller.wait_for()
    thriller.locator("summary").click()
    slider = thriller.get_by_label("Counts")
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function("document.querySelector('.taste input[type=range][value=\"0.5\"]') !== null")
    thriller.get_by_role("button", name="Pause it").click()
    page.locator(".taste.resting .what", has_text="Thriller").wait_for()
    kept = {(entry.value, entry.polarity): (entry.weight, entry.paused) for entry in agent.profile(guest(page))}
    assert kept == {("Western", 1): (1.0, False), ("Thriller", -1): (0.5, True)}
    assert page.locator(".taste q").first.inner_text() == "I love westerns, and I can't stand horror"
    thriller.get_by_role("button", name="Delete it").click()
    thriller.wait_for(state="detached")
    assert [entry.value for entry in agent.profile(guest(page))] == ["Western"]


def test_a_person_takes_everything_along_and_is_forgotten(visit, agent):
    page = visit()
    say(page, "I love westerns")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    exported = json.loads(Path(download.value.path()).read_text())
    assert [turn["text"] for thread in exported["threads"] for turn in thread["turns"]] == ["I love westerns"]
    page.get_by_role("button", name="Pause memory").click()
    page.get_by_text("Memory rests").wait_for()
    assert agent.memory_paused(guest(page))
    page.get_by_text("Forget me").click()
    page.get_by_role("button", name="Yes, forget everything").click()
    assert "a second look found nothing left" in page.locator(".receipt").inner_text()
    assert page.locator(".welcome").is_visible()
    assert (agent.profile(guest(page)), agent.threads(guest(page))) == ([], [])


def rename(page, title, new):
    listed = page.locator(".threads li", has_text=title)
    listed.locator("summary").click()
    listed.get_by_label("Title", exact=True).fill(new)
    listed.get_by_role("button", name="Rename").click()
    page.locator(".thread", has_text=new).wait_for()


def test_conversations_are_listed_renamed_resumed_and_deleted(visit, agent):
    page = visit()
    say(page, "a western")
    page.get_by_role("button", name="New conversation").click()
    page.locator(".welcome").wait_for()
    say(page, "a comedy")
    rename(page, "a western", "For Sunday")
    page.locator(".thread", has_text="For Sunday").click()
    page.locator(".said", has_text="a western").wait_for()
    assert [thread.title for thread in agent.threads(guest(page))] == ["a comedy", "For Sunday"]
    page.reload()
    page.locator(".said", has_text="a western").wait_for()
    page.get_by_label("Rename or delete: For Sunday").click()
    page.locator(".threads li", has_text="For Sunday").get_by_role("button", name="Delete it").click()
    page.locator(".welcome").wait_for()
    assert [thread.title for thread in agent.threads(guest(page))] == ["a comedy"]


# A catalogue of one's own


def bring(page, folder, text):
    (folder / "teas.csv").write_text(text)
    page.locator("#file input[type=file]").set_input_files(folder / "teas.csv")
    page.locator(".columns").wait_for()


TEAS = ["Assam", "Sencha", "Keemun", "Darjeeling", "Gyokuro", "Oolong", "Pu-erh", "Matcha"]


def test_one_s_own_catalogue(visit, tmp_path):
    page = visit()
    page.get_by_role("button", name="Your own catalogue").click()
    rows = [f"{name} {n},{'green' if n % 2 else 'black'},{n}" for n, name in enumerate(TEAS * 4)]
    bring(page, tmp_path, "name,category,price\n" + "\n".join([*rows, "Bad Tea,green,<img src=x onerror=alert(1)>"]))
    assert page.get_by_label("Tells rows apart").input_value() == ""
    assert page.locator('select[name="type:category"]').input_value() == "category"
    page.get_by_role("button", name="Make the catalogue").click()
    page.get_by_text("1 of 33 rows can't be used").wait_for(timeout=60_000)
    page.get_by_role("button", name="Make the catalogue").click()
    page.get_by_text("32 teas are ready; 1 row could not be used").wait_for(timeout=60_000)
    page.get_by_role("button", name="Talk about teas").click()
    page.locator("#footing", has_text="32 teas").wait_for()
    turn = say(page, "a green tea under 20")
    assert turn.locator(".kinds").all_inner_texts() == ["green"] * turn.locator(".card").count() != []
    page.reload()
    page.locator(".said", has_text="a green tea under 20").wait_for()
    other = visit()
    assert other.locator(".venues").count() == 0
    page.get_by_role("button", name="Your own catalogue").click()
    page.get_by_label("Delete: teas").click()
    page.get_by_role("button", name="Delete it").last.click()
    page.locator("#footing", has_text="20 ").wait_for()


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
    assert page.locator("#own").count() == 0  # a page leaves out other people's files unless it is told to take them
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
        turn.locator(".trace summary").click()
    assert {"x1", "x2", "x3", "x4"} <= shown
    ordinary = page.locator(".card", has_text="An Ordinary Comedy").first
    ordinary.get_by_role("button", name="Like", exact=True).click()
    ordinary.locator(".like[aria-pressed=true]").wait_for()
    nasty = "<img src=x onerror=alert('kept')>"
    say(page, f"I love comedies {nasty}")
    rename(page, page.locator(".thread-title").inner_text(), nasty)
    assert nasty in page.locator(".taste q").first.inner_text()
    inside = "#page :is(script, iframe, object, img), .conversation svg:not(.icon, .bar svg), .conversation a"
    assert page.locator(inside).evaluate_all("found => found.map(e => e.outerHTML)") == []
    handlers = "[...document.querySelectorAll('#page *')].flatMap(e => [...e.attributes]).filter(a => a.name.startsWith('on')).map(a => a.name)"
    assert page.evaluate(handlers) == []
    assert "<script>alert('title')</script>" in page.locator(".conversation").inner_text()
