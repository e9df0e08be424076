"""The operator's page: true numbers, for administrators alone, inert whatever items are called."""

import base64
import csv
import io
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from convrec.agent.agent import Agent
from convrec.core.clock import FixedClock
from convrec.ui.dashboard.plots import plot
from convrec.ui.dashboard.routes import neutral
from tests.ui.api.conftest import KEYS
from tests.ui.api.served import serving
from tests.ui.test_chat_browser import CHROMIUM, FLAGS, NASTY

FIRST = datetime(2026, 1, 5, 12, tzinfo=UTC)
TODAY = FIRST + timedelta(days=3)
ADMIN = {"Authorization": "Bearer key-of-admin"}


def at(workspace, day):
    return Agent.open(workspace, clock=FixedClock(FIRST + timedelta(days=day), timedelta(seconds=1)))


@pytest.fixture
def weeks(films):
    """Films of which two people were shown some on one day and one on another; one of them likes one."""
    with at(films, 0) as agent:
        for user in ("ana", "ben"):
            reply = agent.chat("a western please", user_id=user, thread_id="t0")
        agent.feedback(user_id="ben", item_id=reply.items[0].id, event="like", thread_id="t0", turn=1)
        agent.feedback(user_id="ben", item_id=reply.items[0].id, event="click", thread_id="t0", turn=1)
        agent.feedback(user_id="ben", item_id=reply.items[1].id, event="dislike", thread_id="t0", turn=1)
    with at(films, 2) as agent:
        agent.chat("a comedy please", user_id="ana", thread_id="t2")
    return films


@pytest.fixture
def page(weeks):
    with (
        at(weeks, 3) as agent,
        serving(agent, json.dumps(KEYS)) as url,
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        yield client


def read(response):
    assert response.status_code == 200, response.text
    return list(csv.DictReader(io.StringIO(response.text)))


def test_the_numbers_are_those_of_the_ledger(page, weeks):
    days = {row["day"]: row for row in read(page.get("/dashboard/days.csv?days=5", headers=ADMIN))}
    assert list(days) == ["2026-01-04", "2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"]
    with at(weeks, 3) as agent:
        shown = [item.id for user in ("ana", "ben") for turn in agent.thread(user, "t0") for item in turn.reply.items]
        later = agent.thread("ana", "t2")[0].reply
    first, third = days["2026-01-05"], days["2026-01-07"]
    assert (first["turns"], first["people"], first["shown"], first["items"], first["taken"]) == ("2", "2", str(len(shown)), str(len(set(shown))), "1")  # fmt: skip
    assert (third["turns"], third["taken"], float(third["p50_ms"])) == ("1", "0", pytest.approx(later.ms, abs=0.1))
    assert days["2026-01-06"]["turns"] == "0"
    items = read(page.get("/dashboard/items.csv?days=5", headers=ADMIN))
    assert sum(int(row["shown"]) for row in items) == len(shown) + len(later.items)
    assert [row["id"] for row in items if row["taken"] == "1"] == [agent_first(weeks)]
    drawn = page.get("/dashboard?days=5", headers=ADMIN).text
    assert f"{1 / (len(shown) + len(later.items)):.1%}" in drawn


def agent_first(workspace):
    with at(workspace, 3) as agent:
        return agent.thread("ben", "t0")[0].reply.items[0].id


def test_what_happens_is_seen_at_the_next_look_and_a_forgotten_person_is_not(weeks):
    with at(weeks, 3) as agent:
        before = agent.overview(7)
        assert agent.overview(7) == before
        agent.chat("a western please", user_id="cleo")
        assert sum(day.turns for day in agent.overview(7).days) == sum(day.turns for day in before.days) + 1
        for user in ("ana", "ben", "cleo"):
            agent.forget(user)
        after = agent.overview(7)
    assert (sum(day.turns for day in after.days), after.items, after.n_items) == (0, (), 0)


def test_a_model_that_falls_back_and_is_mended_is_counted(weeks):
    import zlib

    with at(weeks, 3) as agent:
        database = agent._house.ledger.database
        ((packed,),) = database.rows("SELECT reply FROM turns WHERE thread_id='t2'")
        reply = json.loads(zlib.decompress(packed))
        reply["fallback"] = "the model did not answer"
        reply["trace"].append({"tool": "claims", "arguments": {}, "n_in": 5, "n_out": 3, "ms": 1.0, "error": None})
        reply["usage"] |= {"prompt_tokens": 100, "completion_tokens": 11}
        with database.writing("ana") as db:
            db.execute("UPDATE turns SET reply=? WHERE thread_id='t2'", (zlib.compress(json.dumps(reply).encode()),))
        day = next(day for day in agent.overview(7).days if day.day == "2026-01-07")
    assert (day.fallbacks, day.repairs, day.tokens) == (1, 2, 111)


def test_only_an_administrator_sees_it(page):
    assert page.get("/dashboard").status_code == 401
    assert page.get("/dashboard").headers["WWW-Authenticate"].startswith("Basic ")
    for path in ("/dashboard", "/dashboard/days.csv", "/dashboard/items.csv"):
        for key, status in (
            ("key-of-admin", 200),
            ("key-of-shop", 403),
            ("key-of-ana", 403),
            ("no key", 401),
            ("x", 401),
        ):
            basic = base64.b64encode(f"anybody:{key}".encode()).decode()
            for shown in (f"Bearer {key}", f"Basic {basic}"):
                assert page.get(path, headers={"Authorization": shown}).status_code == status, (path, shown)
        for strange in ("Basic", "Basic !!!", "Basic /w==", "Digest x", "Bearer"):
            assert page.get(path, headers={"Authorization": strange}).status_code == 401, strange
    token = page.post("/v1/tokens", json={"user_id": "ana"}, headers=ADMIN).json()["token"]
    assert page.get("/dashboard", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_stretch_of_time_that_is_none_is_refused(page):
    for days in ("0", "-1", "367", "week", "1e9"):
        assert page.get(f"/dashboard?days={days}", headers=ADMIN).status_code == 422, days


def test_it_brings_no_script_and_may_load_nothing(page):
    answer = page.get("/dashboard", headers=ADMIN)
    assert answer.headers["Content-Security-Policy"].startswith(
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    )
    assert answer.headers["Cache-Control"] == "no-store"
    for sign in ("<script", "<img", "<link", "http://", "https://", "onload=", "javascript:"):
        assert sign not in answer.text, sign


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1+1", '=HYPERLINK("http://x")']
)
def test_no_cell_of_the_csv_is_a_formula(cell):
    assert neutral(cell) == f"'{cell}"


def test_plain_cells_and_numbers_stay_as_they_are():
    assert [neutral(cell) for cell in ("Heat", "E=mc", "", 7, -1.5)] == ["Heat", "E=mc", "", 7, -1.5]


def test_a_plot_is_drawn_to_scale():
    drawn = plot("Turns", [("", [0, 4, None, 10])])
    assert drawn.lines[0].points == "0.0,120.0 213.3,72.0 640.0,0.0"
    assert (drawn.top, drawn.lines[0].latest) == ("10", "10")
    assert plot("Nothing", [("", [None])]).lines[0].points == ""
    assert plot("One", [("", [0.25])], share=True).top == "50 %"


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}: apt-get install chromium")
def test_titles_that_attack_stay_text_on_the_page_and_in_the_csv(tmp_path):
    from playwright.sync_api import sync_playwright

    from convrec.catalogue.ingest import ingest
    from convrec.catalogue.workspace import Workspace
    from convrec.tools.fitting import fit

    rows = [{"id": i, "title": t, "genre": "Comedy", "description": d} for i, t, _, d in NASTY]
    rows.append(
        {"id": "=cmd|' /C calc'!A0", "title": '=HYPERLINK("http://127.0.0.1:9")', "genre": "Comedy", "description": "x"}
    )
    items = tmp_path / "items.jsonl"
    items.write_text("".join(json.dumps(row) + "\n" for row in rows))
    workspace = Workspace.create(tmp_path / "nasty")
    ingest(workspace, items=[items])
    fit(workspace)
    with at(workspace.root, 0) as agent:
        for text in ("a comedy please", "others", "others"):
            agent.chat(text, user_id="ana")
    with at(workspace.root, 0) as agent, serving(agent, json.dumps(KEYS)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        seen = browser.new_context(http_credentials={"username": "me", "password": "key-of-admin"}).new_page()
        wrong = []
        seen.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
        seen.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        seen.goto(f"{url}/dashboard")
        titles = seen.locator("td:first-child").all_inner_texts()
        assert {title for _, title, *_ in NASTY} & set(titles)
        assert seen.evaluate("document.querySelectorAll('script, img, td *').length") == 0
        assert [text for text in wrong if "401" not in text] == []
        browser.close()
        table = httpx.get(f"{url}/dashboard/items.csv", headers=ADMIN).text
    for row in csv.reader(io.StringIO(table)):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)
    assert "'=HYPERLINK" in table
