"""People come to the page and go: accounts, guests, sessions, and what others try."""

import json
import re
import shutil
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from convrec.agent.agent import Agent
from convrec.core.errors import InputError
from convrec.core.settings import Auth
from convrec.ui.auth.guessing import Guessing
from convrec.ui.auth.names import checked_name, user_id_of
from tests.ui.auth_site import PASSWORD, Clock, forms, heard, serving, site_of


@pytest.fixture(scope="module")
def agent(fitted_films, tmp_path_factory):
    with Agent.open(Path(shutil.copytree(fitted_films, tmp_path_factory.mktemp("auth") / "films"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def clock():
    return Clock()


@pytest.fixture(scope="module")
def url(agent, clock):
    """A site where anybody may make an account, and guests may talk."""
    with serving(site_of(agent, clock, accounts="open", session_hours=2)) as address:
        yield address


@pytest.fixture(autouse=True)
def as_often_as_you_like(monkeypatch):
    monkeypatch.setattr(Guessing, "wait_s", lambda *_: 0)
    monkeypatch.setattr(Guessing, "wait_at", lambda *_: 0)


@pytest.fixture
def visit(url):
    """Makes browsers, each a person's own."""
    opened = []

    def browser(address=url):
        opened.append(httpx.Client(base_url=address, timeout=30))
        return opened[-1]

    yield browser
    for one in opened:
        one.close()


def person(agent, visit, name):
    """Somebody with an account who is signed in."""
    client = visit()
    answer = forms(client, "/sign-up", name=name, password=PASSWORD)
    assert answer.status_code == 303, answer.text
    return client


def shown(client, **ids):
    """What the page says to whoever comes, in the order of its parts."""
    return heard(client, "_arrive", [json.dumps(ids)])


def user_of(client):
    """Whom the page takes a browser for."""
    (ids,) = [json.loads(part) for part in shown(client)["data"] if isinstance(part, str) and part.startswith("{")]
    return ids["user_id"]


# Coming and going


def test_an_account_is_made_left_and_entered_again(agent, visit):
    client = person(agent, visit, "Ana")
    assert user_of(client) == "account:ana"
    assert forms(client, "/sign-out").headers["location"] == "/"
    assert "convrec-session" not in client.cookies
    client.get("/")
    assert user_of(client).startswith("guest-")
    assert forms(client, "/sign-in", name="ANA", password=PASSWORD).headers["location"] == "/"
    assert user_of(client) == "account:ana"


def test_a_session_ends_where_it_is_left(agent, visit):
    client, thief = person(agent, visit, "leaver"), visit()
    thief.cookies.set("convrec-session", client.cookies["convrec-session"], domain="127.0.0.1")
    assert user_of(thief) == "account:leaver"
    forms(client, "/sign-out")
    assert shown(thief).status_code == 401


def test_every_sign_in_has_a_token_of_its_own_and_ends_the_one_before(agent, visit):
    client = person(agent, visit, "fixed")
    before = client.cookies["convrec-session"]
    forms(client, "/sign-in", name="fixed", password=PASSWORD)
    assert client.cookies["convrec-session"] != before
    old = visit()
    old.cookies.set("convrec-session", before, domain="127.0.0.1")
    assert shown(old).status_code == 401
    chosen = visit()
    chosen.cookies.set("convrec-session", "chosen-by-another", domain="127.0.0.1")
    forms(chosen, "/sign-in", name="fixed", password=PASSWORD)
    assert "chosen-by-another" not in [cookie.value for cookie in chosen.cookies.jar]


def test_cookies_are_for_no_script_and_no_other_site_and_tokens_are_stored_by_hash(agent, visit):
    client = person(agent, visit, "hashed")
    given = forms(client, "/sign-in", name="hashed", password=PASSWORD).headers.get_list("set-cookie")
    (session,) = [one for one in given if one.startswith("convrec-session=") and "Max-Age=0" not in one]
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Max-Age=7200"} <= set(session.split("; "))
    everything = repr(
        [agent._house.ledger.database.rows(f"SELECT * FROM {table}") for table in ("sessions", "accounts")]
    )
    assert client.cookies["convrec-session"] not in everything
    assert PASSWORD not in everything
    assert "$argon2id$" in everything


def test_behind_https_cookies_are_for_this_host_alone(agent, url):
    with httpx.Client(
        base_url=url, headers={"X-Forwarded-Proto": "https", "Origin": url.replace("http", "https")}
    ) as client:
        (guest,) = client.get("/").headers.get_list("set-cookie")
        assert guest.startswith("__Host-convrec-guest=")
        assert "Secure" in guest
        made = client.post("/sign-up", data={"name": "secure", "password": PASSWORD}).headers.get_list("set-cookie")
        assert any(one.startswith("__Host-convrec-session=") and "Secure" in one for one in made)


def test_a_session_is_over_after_its_hours(agent, visit, clock):
    client = person(agent, visit, "expiring")
    clock.offset = timedelta(hours=1.99)
    assert user_of(client) == "account:expiring"
    clock.offset = timedelta(hours=2)
    try:
        assert shown(client).status_code == 401
        assert client.get("/").headers["location"] == "/"
        assert "convrec-session" not in client.cookies
    finally:
        clock.offset = timedelta(0)


def test_a_password_is_changed_by_who_knows_the_old_one_and_other_sessions_end(agent, visit):
    client, elsewhere = person(agent, visit, "changing"), visit()
    forms(elsewhere, "/sign-in", name="changing", password=PASSWORD)
    before = client.cookies["convrec-session"]
    form = client.get("/password")
    assert (form.status_code, 'action="/password"' in form.text) == (200, True)
    for fields, status in (
        ({"old": "wrong horse battery", "new": "another horse battery"}, 401),
        ({"new": "another horse battery"}, 401),
        ({"old": PASSWORD, "new": "short"}, 422),
    ):
        answer = forms(client, "/password", **fields)
        assert (answer.status_code, answer.headers.get_list("set-cookie")) == (status, [])
    assert user_of(elsewhere) == "account:changing"
    assert forms(client, "/password", old=PASSWORD, new="another horse battery").status_code == 200
    assert client.cookies["convrec-session"] != before
    assert user_of(client) == "account:changing"
    assert shown(elsewhere).status_code == 401
    old = visit()
    old.cookies.set("convrec-session", before, domain="127.0.0.1")
    assert shown(old).status_code == 401
    assert forms(visit(), "/sign-in", name="changing", password=PASSWORD).status_code == 401
    assert forms(visit(), "/sign-in", name="changing", password="another horse battery").status_code == 303


def test_only_who_is_signed_in_to_an_account_changes_a_password(agent, visit):
    guest = visit()
    guest.get("/")
    for client in (visit(), guest):
        assert client.get("/password").headers["location"] == "/sign-in"
        assert forms(client, "/password", old=PASSWORD, new="another horse battery").headers["location"] == "/sign-in"
    (bar,) = heard(guest, "bar")["data"]
    assert "/password" not in bar
    (bar,) = heard(person(agent, visit, "barred"), "bar")["data"]
    assert "/password" in bar


def test_forgetting_somebody_ends_their_account_and_every_session(agent, visit):
    client = person(agent, visit, "forgotten")
    receipt = agent.forget("account:forgotten")
    assert receipt.verified
    assert (receipt.deleted["accounts"], receipt.deleted["sessions"]) == (1, 1)
    assert shown(client).status_code == 401
    assert forms(visit(), "/sign-in", name="forgotten", password=PASSWORD).status_code == 401


# Guessing


def test_wrong_password_and_unknown_name_look_the_same_and_take_the_same_work(agent, visit, monkeypatch):
    person(agent, visit, "known")
    hashed = []
    from convrec.ui.auth.passwords import Passwords

    fits = Passwords._fits
    monkeypatch.setattr(Passwords, "_fits", lambda self, *words: hashed.append(words) or fits(self, *words))
    tried = [forms(visit(), "/sign-in", name=name, password="wrong horse battery") for name in ("known", "unknown", "../x", "")]  # fmt: skip
    assert [answer.status_code for answer in tried] == [401] * 4
    assert len({re.sub(r'value="[^"]*"', "", re.sub(" autofocus", "", answer.text)) for answer in tried}) == 1
    assert len(hashed) == 4
    assert not any(answer.headers.get_list("set-cookie") for answer in tried)


@pytest.mark.usefixtures("limited_site")
class TestLimits:
    @pytest.fixture
    def limited_site(self, agent, monkeypatch):
        monkeypatch.undo()
        with serving(site_of(agent, accounts="open")) as address, httpx.Client(base_url=address, timeout=30) as client:
            self.client = client
            yield

    def test_ten_tries_of_an_account_then_not_even_the_right_password(self):
        assert forms(self.client, "/sign-up", name="guessed", password=PASSWORD).status_code == 303
        tried = [forms(self.client, "/sign-in", name="guessed", password=f"wrong password {n}") for n in range(11)]
        assert [answer.status_code for answer in tried] == [401] * 10 + [429]
        assert 0 < int(tried[-1].headers["retry-after"]) <= 600
        assert forms(self.client, "/sign-in", name="GUESSED", password=PASSWORD).status_code == 429
        assert forms(self.client, "/sign-in", name="another", password=PASSWORD).status_code == 401

    def test_the_old_password_is_not_guessed_by_changing_it_either(self):
        assert forms(self.client, "/sign-up", name="borrowed", password=PASSWORD).status_code == 303
        tried = [forms(self.client, "/password", old=f"wrong {n}", new="another password") for n in range(11)]
        assert [answer.status_code for answer in tried] == [401] * 10 + [429]
        assert "too often" in tried[-1].text
        assert forms(self.client, "/password", old=PASSWORD, new="another password").status_code == 429

    def test_sixty_tries_from_an_address_whomever_they_are_for(self):
        tried = [forms(self.client, "/sign-in", name=f"n{n}", password=PASSWORD).status_code for n in range(61)]
        assert tried == [401] * 60 + [429]
        assert forms(self.client, "/sign-up", name="fresh", password=PASSWORD).status_code == 429

    def test_who_gets_in_may_try_again(self):
        assert forms(self.client, "/sign-up", name="clumsy", password=PASSWORD).status_code == 303
        for _ in range(3):
            tried = [forms(self.client, "/sign-in", name="clumsy", password=p).status_code for p in (*["wrong horse"] * 7, PASSWORD)]  # fmt: skip
            assert tried == [401] * 7 + [303]


# What others try


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}, {}])  # fmt: skip
@pytest.mark.parametrize(
    "path", ["/sign-in", "/sign-up", "/sign-out", "/sign-in/guest", "/password", "/gradio_api/queue/join"]
)
def test_what_another_sites_page_sends_changes_nothing(agent, visit, path, headers):
    client = visit()
    client.get("/")
    answer = client.post(path, data={"name": "crossed", "password": PASSWORD, "mine": "yes"}, headers=headers)
    assert answer.status_code == 403
    assert not answer.headers.get_list("set-cookie")
    assert agent.accounts.find("account:crossed") is None


@pytest.mark.parametrize("value", ["", "x", "guest-" + "0" * 32, "guest-" + "0" * 32 + "." + "0" * 64, "%C3%A4"])
def test_a_forged_guest_is_nobody(visit, value):
    client = visit()
    client.cookies.set("convrec-guest", value, domain="127.0.0.1")
    assert shown(client).status_code == 401
    assert "convrec-guest=guest-" in client.get("/").headers["set-cookie"]


@pytest.mark.parametrize("value", ["", "x", "account:ana", "%00", "a" * 4000])
def test_a_forged_session_is_nobodys(visit, value):
    client = visit()
    client.cookies.set("convrec-session", value, domain="127.0.0.1")
    assert shown(client).status_code == 401
    answer = client.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert 'convrec-session=""' in answer.headers["set-cookie"]


def test_the_page_believes_no_id_that_a_browser_says(agent, visit):
    agent.chat("I love westerns", user_id="account:victim", thread_id="0123456789abcdef")
    guest = visit()
    guest.get("/")
    signed_in = person(agent, visit, "nosy")
    for client, own in ((guest, "guest-"), (signed_in, "account:nosy")):
        told = shown(client, user_id="account:victim", thread_id="0123456789abcdef")
        assert "western" not in json.dumps(told).lower()
        assert own in json.dumps(told)


def test_two_people_on_one_page_are_two_people_even_under_one_tabs_name(agent, visit):
    ana, ben = person(agent, visit, "mixed-a"), person(agent, visit, "mixed-b")
    for client in (ana, ben, ana, ben):
        assert user_of(client) == ("account:mixed-a" if client is ana else "account:mixed-b")


@pytest.mark.parametrize("name", ["", " ", "../x", "a/b", "a\\b", "a b", "a\x00", "a\n", "\u202ea", "oidc:h|1", "guest-0:1", "account:ana", "<b>", "a@b@c", "x" * 65, "-", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")])  # fmt: skip
def test_what_can_be_no_name(agent, visit, name):
    before = agent.accounts.all()
    assert forms(visit(), "/sign-up", name=name, password=PASSWORD).status_code == 422
    assert agent.accounts.all() == before
    with pytest.raises(InputError):
        checked_name(name)


def test_names_that_look_or_are_the_same_are_one(agent, visit):
    assert user_id_of("Ana") == user_id_of("ANA") == user_id_of("\uff21na") == "account:ana"
    assert user_id_of("a\u0301") == user_id_of("\u00e1")
    person(agent, visit, "only-once")
    again = forms(visit(), "/sign-up", name="ONLY-once", password="another password")
    assert again.status_code == 422
    assert "already" in again.text


@pytest.mark.parametrize("password", ["", "short", "x" * 257])
def test_what_can_be_no_password(agent, visit, password):
    answer = forms(visit(), "/sign-up", name="weak", password=password)
    assert answer.status_code == 422
    assert agent.accounts.find("account:weak") is None


def test_what_is_written_into_a_form_is_never_markup(visit):
    for path in ("/sign-in", "/sign-up"):
        answer = forms(visit(), path, name='"><img src=x onerror=alert(1)>', password="<script>alert(2)</script>")
        assert "<img" not in answer.text
        assert "<script" not in answer.text
        assert "script-src" not in answer.headers["content-security-policy"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_form_is_short(visit):
    client = visit()
    assert forms(client, "/sign-in", name="a", password="x" * 30_000).status_code == 413

    def endless():
        yield b"name=a&password=b"

    headers = {"Origin": str(client.base_url).rstrip("/"), "Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/sign-in", content=endless(), headers=headers).status_code == 413


@pytest.mark.parametrize("path", ["/gradio_api/upload", "/gradio_api/proxy=http://127.0.0.1:9/", "/gradio_api/run/predict", "/gradio_api/call/x", "/login", "/logout", "/monitoring", "/gradio_api/vibe-code/", "/gradio_api/component_server"])  # fmt: skip
def test_of_gradio_only_what_the_page_needs_can_be_asked(visit, path):
    client = visit()
    client.get("/")
    assert client.get(path).status_code == 404
    assert client.post(path, headers={"Origin": str(client.base_url).rstrip("/")}).status_code == 404


@pytest.mark.parametrize("path", ["/svelte/" + "a" * 5_000, "/static/" + "%C3%A4" * 200, "/assets/%00"])
def test_a_file_that_there_can_be_none_of_is_not_looked_for(visit, path):
    assert visit().get(path).status_code == 404


@pytest.mark.parametrize("path", ["/etc/passwd", "convrec.toml", "state.sqlite"])
def test_no_file_of_this_machine_is_given_away(visit, agent, path):
    client = visit()
    client.get("/")
    for file in (path, str(agent.workspace.root / path)):
        assert client.get(f"/gradio_api/file={file}").status_code in (403, 404)


def test_nobody_frames_the_page(visit):
    for path in ("/", "/sign-in", "/sign-up"):
        assert "frame-ancestors 'none'" in visit().get(path).headers["content-security-policy"]


# Guests


def test_a_guest_is_known_by_a_signed_cookie(agent, visit):
    client = visit()
    client.get("/")
    first = user_of(client)
    client.get("/")
    assert user_of(client) == first == client.cookies["convrec-guest"].partition(".")[0]
    other = visit()
    other.get("/")
    assert user_of(other) != first


def a_guest_who_talked(agent, visit):
    client = visit()
    client.get("/")
    guest = user_of(client)
    agent.chat("I love westerns", user_id=guest, thread_id="0123456789abcdef")
    return client, guest


def test_a_guest_becomes_somebody_only_when_they_say_so(agent, visit):
    client, guest = a_guest_who_talked(agent, visit)
    made = forms(client, "/sign-up", name="merged", password=PASSWORD)
    assert made.headers["location"] == "/sign-in/guest"
    assert "1 conversation and 1 remembered thing" in client.get("/sign-in/guest").text
    assert agent.threads("account:merged") == []
    assert (
        client.post("/sign-in/guest", data={"mine": "yes"}, headers={"Origin": "https://evil.example"}).status_code
        == 403
    )
    assert agent.threads("account:merged") == []
    assert forms(client, "/sign-in/guest", mine="yes").headers["location"] == "/"
    assert [thread.title for thread in agent.threads("account:merged")] == ["I love westerns"]
    assert [entry.value for entry in agent.profile("account:merged")] == ["Western"]
    assert (agent.threads(guest), agent.profile(guest)) == ([], [])
    assert "convrec-guest" not in client.cookies
    assert agent.chat("why the first one?", user_id="account:merged", thread_id="0123456789abcdef").turn == 2


def test_a_guest_who_says_no_stays_a_guest(agent, visit):
    client, guest = a_guest_who_talked(agent, visit)
    forms(client, "/sign-up", name="apart", password=PASSWORD)
    forms(client, "/sign-in/guest", mine="no")
    assert (agent.threads("account:apart"), len(agent.threads(guest))) == ([], 1)
    forms(client, "/sign-out")
    assert user_of(client) == guest


def test_nobody_who_is_not_signed_in_merges_anything(agent, visit):
    client, guest = a_guest_who_talked(agent, visit)
    assert forms(client, "/sign-in/guest", mine="yes").headers["location"] == "/"
    assert client.get("/sign-in/guest").headers["location"] == "/"
    assert len(agent.threads(guest)) == 1


# What the settings open


def test_without_guests_one_has_to_sign_in(agent, visit):
    with serving(site_of(agent, accounts="invited", guests=False)) as address:
        client = visit(address)
        assert client.get("/").headers["location"] == "/sign-in"
        assert client.get("/config").status_code == 401
        assert client.get("/sign-up").status_code == 404
        assert forms(client, "/sign-up", name="uninvited", password=PASSWORD).status_code == 404
        assert "without signing in" not in client.get("/sign-in").text


def test_without_ways_to_sign_in_everybody_is_a_guest(agent, visit):
    with serving(site_of(agent)) as address:
        client = visit(address)
        client.get("/")
        assert user_of(client).startswith("guest-")
        assert forms(client, "/sign-in", name="ana", password=PASSWORD).status_code == 404
        assert client.get("/sign-in/oidc").status_code == 404


@pytest.mark.parametrize(
    "settings", [{"guests": False}, {"oidc_issuer": "https://a.example"}, {"oidc_client_id": "x"}, {"oidc_issuer": "http://a.example", "oidc_client_id": "x"}, {"accounts": "all"}]
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValueError, match=r"."):
        Auth(**settings)
