"""The chat on somebody else's page: a shop on one origin, the real server on another, a real browser between them."""

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.ui.served import ADMIN, KEYS, PERSON, TENANT, asked, serving, until
from tests.ui.test_chat_browser import CHROMIUM, FLAGS, NASTY

SHOP = Path(__file__).parents[2] / "examples" / "widget" / "shop.py"
SECRET = "a secret that only the tests know, long enough"
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


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def films_served(fitted_films, tmp_path_factory):
    """The films' server, and the port of the one origin that it answers."""
    folder, port = tmp_path_factory.mktemp("widget"), free_port()
    workspace = shutil.copytree(fitted_films, folder / "films")
    with serving(
        workspace, folder / "log", CONVREC_SECRET=SECRET, CONVREC_SERVER_CORS_ORIGINS=f"http://127.0.0.1:{port}"
    ) as served:
        yield served, port


@pytest.fixture(scope="module")
def shop(films_served):
    """The example's shop, as it is in the repository."""
    served, port = films_served
    environment = {**os.environ, "CONVREC_URL": served.address, "CONVREC_KEY": TENANT}
    process = subprocess.Popen([sys.executable, str(SHOP), str(port)], env=environment, stderr=subprocess.DEVNULL)
    until(lambda: _listens(port))
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def visit(browser, shop):
    """Opens the shop as a person of their own, and collects what went wrong in the page."""
    contexts = []

    def opened(**options):
        context = browser.new_context(**{"viewport": {"width": 1100, "height": 800}, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.wrong = []
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("dialog", lambda dialog: (page.wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.goto(shop)
        return page

    yield opened
    for context in contexts:
        context.close()


def say(page, text):
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")
    page.locator("convrec-chat .log[aria-busy='false']").wait_for()
    page.locator("convrec-chat .turn").last.locator("p").nth(1).wait_for()


def open_chat(page):
    page.get_by_role("button", name="Ask the film shop").click()
    page.locator("convrec-chat .turn, convrec-chat .welcome").first.wait_for()


def told(page, name):
    """What the shop's page heard, the latest first."""
    lines = page.locator("#seen li").all_inner_texts()
    return [json.loads(line.removeprefix(f"{name}: ")) for line in lines if line.startswith(f"{name}: ")]


def test_a_visitor_talks_sees_cards_and_clicks_and_the_page_hears_of_it(visit, films_served):
    page = visit()
    open_chat(page)
    assert page.locator("convrec-chat .welcome .choice").count() >= 2
    say(page, "a western please")
    cards = page.locator("convrec-chat .card")
    cards.first.wait_for()
    reply = told(page, "reply")[0]
    assert [item["title"] for item in reply["items"]] == cards.locator(".title").all_inner_texts()
    assert cards.first.locator(".kind").inner_text()
    assert cards.first.locator(".reasons li").count() >= 1
    cards.first.locator(".title").click()
    until(lambda: told(page, "select"))
    assert told(page, "select")[0]["item_id"] == reply["items"][0]["id"]
    cards.first.get_by_role("button", name="Like", exact=True).click()
    cards.first.locator(".like[aria-pressed='true']").wait_for()
    heard = told(page, "feedback")[0]
    assert (heard["item_id"], heard["event"]) == (reply["items"][0]["id"], "like")
    served, _ = films_served
    kept = served.ask("GET", "/v1/users/shop%2Fana/export", key=TENANT)[1]
    assert {click["event"] for click in kept["feedback"]} == {"click", "like"}
    assert page.wrong == []


def test_questions_and_suggestions_are_answered_by_a_press(visit):
    page = visit()
    open_chat(page)
    page.locator("convrec-chat .welcome .choice").first.click()
    page.locator("convrec-chat .turn").first.wait_for()
    page.locator("convrec-chat .log[aria-busy='false']").wait_for()
    choices = page.locator("convrec-chat .turn:last-child .choice")
    if choices.count():
        words = choices.first.inner_text()
        choices.first.click()
        page.locator("convrec-chat .said").nth(1).wait_for()
        assert words in page.locator("convrec-chat .said").nth(1).inner_text()
    assert page.locator("convrec-chat .welcome").count() == 0


def test_the_next_page_goes_on_where_the_last_one_stood(visit):
    page = visit()
    open_chat(page)
    say(page, "a comedy please")
    before = page.locator("convrec-chat .card .title").all_inner_texts()
    page.reload()
    page.locator("convrec-chat .card").first.wait_for()
    assert page.locator("convrec-chat .card .title").all_inner_texts() == before
    say(page, "something older")
    assert told(page, "reply")[0]["turn"] == 2


def test_the_keyboard_is_enough_on_a_phone_too(visit):
    page = visit(viewport={"width": 360, "height": 640})
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("convrec-chat .welcome").wait_for()
    focused = "document.querySelector('convrec-chat').shadowRoot.activeElement.className || document.querySelector('convrec-chat').shadowRoot.activeElement.tagName"
    assert page.evaluate(focused) == "TEXTAREA"
    page.keyboard.type("a drama")
    page.keyboard.press("Enter")
    page.locator("convrec-chat .log[aria-busy='false'] .turn .card").first.wait_for()
    overflow = "(() => { const log = document.querySelector('convrec-chat').shadowRoot.querySelector('.log'); return log.scrollWidth - log.clientWidth; })()"
    assert page.evaluate(overflow) <= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.keyboard.press("Escape")
    assert page.evaluate(focused) == "opener"
    assert page.wrong == []


def test_an_expired_token_is_renewed_without_a_word(visit, films_served):
    served, _ = films_served
    old = served.ask("POST", "/v1/tokens", {"user_id": "shop/cleo", "ttl_s": 1}, key=TENANT)[1]["token"]
    new = served.ask("POST", "/v1/tokens", {"user_id": "shop/cleo"}, key=TENANT)[1]["token"]
    until(lambda: asked(f"{served.address}/v1/widget", headers={"Authorization": f"Bearer {old}"})[0] == 401)
    page = visit()
    page.evaluate(
        "([old, fresh]) => { const given = [old, fresh]; window.asked = 0;"
        " document.querySelector('convrec-chat').tokenSource = async () => { window.asked += 1; return given.shift(); }; }",
        [old, new],
    )
    open_chat(page)
    say(page, "a western please")
    assert page.evaluate("window.asked") == 2
    assert told(page, "reply")[0]["turn"] == 1
    assert told(page, "error") == []
    assert served.ask("GET", "/v1/users/shop%2Fcleo/threads", key=TENANT)[1]["threads"]


def test_a_forged_token_is_refused_and_the_page_told(visit):
    page = visit()
    page.evaluate(
        "document.querySelector('convrec-chat').tokenSource = () => 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbmEifQ.AAAA'"
    )
    open_chat(page)
    page.get_by_label("Your message").fill("hello")
    page.keyboard.press("Enter")
    page.locator("convrec-chat .failure").first.wait_for()
    assert told(page, "error")[0]["status"] == 401
    assert told(page, "reply") == []


def test_a_page_of_another_origin_gets_nothing(visit, films_served, browser, shop):
    served, _ = films_served
    token = served.ask("POST", "/v1/tokens", {"user_id": "shop/ana"}, key=TENANT)[1]["token"]
    page = visit()
    ask = "([url, token]) => fetch(url, {headers: {Authorization: `Bearer ${token}`}}).then((r) => r.status, () => 'closed')"
    address = f"{served.address}/v1/widget"
    assert page.evaluate(ask, [address, token]) == 200
    page.goto(shop.replace("127.0.0.1", "localhost"))
    assert page.evaluate(ask, [address, token]) == "closed"


def test_what_items_and_people_write_stays_text(browser, tmp_path, tmp_path_factory):
    from convrec.catalogue.ingest import ingest
    from convrec.catalogue.workspace import Workspace
    from convrec.tools.fitting import fit

    rows = [{"id": i, "title": t, "genre": g, "description": d, "poster": "javascript:alert('poster')", "page": "javascript:alert('page')"} for i, t, g, d in NASTY]  # fmt: skip
    items = tmp_path / "items.jsonl"
    items.write_text("".join(json.dumps(row) + "\n" for row in rows))
    workspace = Workspace.create(tmp_path / "nasty")
    ingest(workspace, items=[items])
    fit(workspace)
    port = free_port()
    with serving(workspace.root, tmp_path / "log", keys=KEYS, CONVREC_SERVER_CORS_ORIGINS=f"http://127.0.0.1:{port}") as served:  # fmt: skip
        environment = {**os.environ, "CONVREC_URL": served.address, "CONVREC_KEY": ADMIN}
        process = subprocess.Popen([sys.executable, str(SHOP), str(port)], env=environment, stderr=subprocess.DEVNULL)
        try:
            until(lambda: _listens(port))
            context = browser.new_context()
            page = context.new_page()
            page.set_default_timeout(15_000)
            wrong = []
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
            page.goto(f"http://127.0.0.1:{port}")
            open_chat(page)
            for text in ("a comedy", "<img src=x onerror=alert('said')> <script>alert(1)</script> something else"):
                say(page, text)
            shown = page.locator("convrec-chat .card .title").all_inner_texts()
            assert set(shown) & {title for _, title, *_ in NASTY}
            inside = "(() => { const root = document.querySelector('convrec-chat').shadowRoot; return root.querySelectorAll('script, svg[onload], img, [onerror], a[href^=\"javascript\"]').length; })()"
            assert page.evaluate(inside) == 0
            assert "<script>alert(1)</script>" in page.locator("convrec-chat .said").last.inner_text()
            assert wrong == []
            context.close()
        finally:
            process.terminate()
            process.wait(10)


def test_the_script_is_small_cached_and_holds_no_markup_sink(films_served):
    served, _ = films_served
    with urllib.request.urlopen(f"{served.address}/widget.js") as response:
        code, headers = response.read().decode(), response.headers
    assert headers["Content-Type"].startswith("text/javascript")
    assert len(code) < 40_000
    for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert sink not in code
    assert asked(f"{served.address}/widget.js", headers={"If-None-Match": headers["ETag"]})[0] == 304


class TestTokens:
    def test_a_token_opens_chat_clicks_and_the_own_profile_alone(self, films_served):
        served, _ = films_served
        status, given, _ = served.ask("POST", "/v1/tokens", {"user_id": "shop/dora", "ttl_s": 60}, key=TENANT)
        assert (status, given["expires_in"], given["user_id"]) == (201, 60, "shop/dora")
        token = given["token"]
        status, reply, _ = served.ask("POST", "/v1/chat", {"text": "a western"}, key=token)
        assert (status, reply["user_id"]) == (200, "shop/dora")
        item = reply["items"][0]["id"]
        assert served.ask("POST", "/v1/feedback", {"item_id": item, "event": "like"}, key=token)[0] == 204
        assert served.ask("GET", "/v1/users/shop%2Fdora/profile", key=token)[0] == 200
        assert served.ask("GET", "/v1/users/shop%2Fdora/threads/main", key=token)[0] == 200
        for method, path, body in (
            ("POST", "/v1/chat", {"text": "hi", "user_id": "shop/ana"}), ("POST", "/v1/feedback", {"item_id": item, "event": "like", "user_id": "shop/ana"}),
            ("GET", "/v1/users/shop%2Fana/profile", None), ("GET", "/v1/users/shop/ana/profile", None), ("GET", "/v1/users/shop%2Fana/threads/main", None),
            ("GET", "/v1/users/shop%2Fdora/export", None), ("DELETE", "/v1/users/shop%2Fdora", None), ("GET", "/v1/users/shop%2Fdora/threads", None),
            ("POST", "/v1/tokens", {"user_id": "shop/dora"}), ("POST", "/v1/recommendations", {"k": 1}), ("GET", f"/v1/items/{item}", None),
            ("GET", "/v1/models", None), ("DELETE", "/v1/users/shop%2Fdora/threads/main", None),
        ):  # fmt: skip
            assert served.ask(method, path, body, key=token)[0] == 403, (method, path)

    def test_only_keys_of_a_shop_or_an_administrator_get_tokens_and_only_for_their_people(self, films_served):
        served, _ = films_served
        assert served.ask("POST", "/v1/tokens", {"user_id": "ben"}, key=PERSON)[0] == 403
        assert served.ask("POST", "/v1/tokens", {"user_id": "other/ana"}, key=TENANT)[0] == 403
        assert served.ask("POST", "/v1/tokens", {"user_id": "anybody"}, key=ADMIN)[0] == 201
        assert served.ask("POST", "/v1/tokens", {"user_id": "shop/ana"}, key=None)[0] == 401
        for body in ({}, {"user_id": ""}, {"user_id": " a"}, {"user_id": "shop/ana", "ttl_s": 0}, {"user_id": "shop/ana", "ttl_s": 3601}, {"user_id": "shop/ana", "ttl_s": "60"}):  # fmt: skip
            assert served.ask("POST", "/v1/tokens", body, key=ADMIN)[0] == 422, body

    def test_what_is_not_signed_here_for_this_use_is_refused(self, films_served):
        served, _ = films_served
        good = served.ask("POST", "/v1/tokens", {"user_id": "shop/ana"}, key=TENANT)[1]["token"]
        claims = json.loads(_unpadded(good.split(".")[1]))
        signed = {
            "another secret": _token(claims, secret="x" * 40), "no signature": _token(claims, header={"alg": "none"}), "another issuer": _token({**claims, "iss": "other"}),
            "another audience": _token({**claims, "aud": "other"}), "no end": _token({k: v for k, v in claims.items() if k != "exp"}),
            "too long": _token({**claims, "exp": claims["iat"] + 100_000}), "over": _token({**claims, "iat": claims["iat"] - 7200, "exp": claims["iat"] - 3600}),
            "no one": _token({k: v for k, v in claims.items() if k != "sub"}), "a blank one": _token({**claims, "sub": " "}),
            "another person, old signature": ".".join([good.split(".")[0], _packed({**claims, "sub": "shop/ben"}), good.split(".")[2]]),
            "a number": _token({**claims, "sub": 7}), "time as words": _token({**claims, "exp": "soon"}),
        }  # fmt: skip
        assert served.ask("GET", "/v1/widget", key=_token(claims))[0] == 200
        for why, token in signed.items():
            status, problem, headers = served.ask("GET", "/v1/widget", key=token)
            assert status == 401, why
            assert 'error="invalid_token"' in headers["WWW-Authenticate"], why
            assert token not in json.dumps(problem)

    def test_a_weak_secret_is_refused_before_anything_runs(self, films, tmp_path):
        with pytest.raises(AssertionError, match="CONVREC_SECRET is shorter than 32"), serving(films, tmp_path / "log", CONVREC_SECRET="short"):  # fmt: skip
            pass


def _packed(document):
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def _unpadded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _token(claims, secret=SECRET, header=None):
    import hashlib
    import hmac

    head = header or {"alg": "HS256", "typ": "JWT"}
    said = f"{_packed(head)}.{_packed(claims)}"
    if head["alg"] == "none":
        return f"{said}."
    signature = hmac.new(secret.encode(), said.encode(), hashlib.sha256).digest()
    return f"{said}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"
