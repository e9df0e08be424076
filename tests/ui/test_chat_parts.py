"""The chat page's parts: what HTML may hold, how a reply is laid out, what a tab's session keeps."""

import json
import subprocess
import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from convrec.agent.agent import Agent
from convrec.catalogue.schema import Field, Schema
from convrec.core.dials import Dials
from convrec.core.errors import BusyError, InputError, UnknownItemError
from convrec.core.reply import Question, Reason, Reply, ReplyItem, TraceStep
from convrec.ui.chat.building import Build, Order, singular
from convrec.ui.chat.cards import card, chips, cover
from convrec.ui.chat.columns import look
from convrec.ui.chat.comparing import table
from convrec.ui.chat.knowledge import change
from convrec.ui.chat.openers import openers
from convrec.ui.chat.own import OwnCatalogues
from convrec.ui.chat.plot import plot
from convrec.ui.chat.prose import blocks, inline
from convrec.ui.chat.render import own
from convrec.ui.chat.session import Exchange, Session
from convrec.ui.chat.trace import headline, looked_for
from convrec.ui.chat.venue import Venue
from convrec.ui.chat.workshop import Workshop

SCHEMA = Schema(
    fields=(
        Field(name="title", type="text"),
        Field(name="year", type="number"),
        Field(name="genres", type="tags", label="genre"),
        Field(name="cast", type="tags", label="actor"),
        Field(name="price", type="number"),
        Field(name="poster", type="image"),
        Field(name="page", type="url"),
        Field(name="description", type="text"),
    )
)
NASTY = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "![x](http://evil.example/x.png)",
    "[click](javascript:alert(1))",
    "{{ 7 * 7 }} ${alert(1)} `${alert(1)}`",
    "</textarea></details></section>",
]
words = st.one_of(st.sampled_from(NASTY), st.text(max_size=40))


class Elements(HTMLParser):
    """The elements, attributes and text of a piece of HTML, as a browser reads them."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def item(number, title, **facts):
    return ReplyItem(
        id=f"i{number}", title=title, rank=number, score=1.0, confidence=0.5, facts={"title": title, **facts}
    )


# Text


@given(words)
def test_text_is_data_and_only_stars_are_read(text):
    found = Elements(str(inline(text)))
    assert set(found.tags) <= {"strong"}
    assert found.attributes == []


def test_stars_make_strong():
    assert str(inline("**Heat** & **Speed**")) == "<strong>Heat</strong> &amp; <strong>Speed</strong>"


def test_lines_that_name_items_become_cards_where_they_stand():
    shown = (item(1, "Heat", genres=["Crime"]), item(2, "Speed"))
    laid = blocks(
        "Two for you:\n\n1. **Heat** (1995): Crime.\n2. **Speed** (1994): with a bus that must not stop.\n\nMore?",
        shown,
    )
    assert [block.kind for block in laid] == ["text", "cards", "text"]
    assert [i.title for i in laid[1].items] == ["Heat", "Speed"]
    assert laid[1].lines == ["", "With a bus that must not stop."]  # what the card shows anyway is not said twice


def test_an_item_that_no_line_names_still_gets_its_card():
    laid = blocks("Have a look.", (item(1, "Heat"),))
    assert [block.kind for block in laid] == ["text", "cards"]


def test_numbered_lines_of_other_things_stay_a_list():
    laid = blocks("1. **Speed**: seen\n2. nothing", (item(1, "Heat"),))
    assert [block.kind for block in laid] == ["numbered", "cards"]
    assert laid[0].lines == ["<strong>Speed</strong>: seen", "nothing"]


def test_every_line_of_a_reply_is_shown():
    laid = blocks("Side by side:\n- **Heat**: from 1995\n- **Speed**: from 1994\nBoth share Crime.")
    assert [(block.kind, len(block.lines)) for block in laid] == [("text", 1), ("list", 2), ("text", 1)]


# Cards


def test_a_card_says_facts_as_people_do():
    shown = card(
        item(1, "Heat", year=1995.0, genres=["Crime", "Drama"], cast=["Al Pacino", "Val Kilmer"], price=12.5), SCHEMA
    )
    assert (shown.year, shown.kinds, shown.people, shown.facts) == (
        "1995",
        ("Crime", "Drama"),
        ("with Al Pacino and Val Kilmer",),
        ("price 12.5",),
    )
    fields = tuple(f.model_copy(update={"currency": "€"}) if f.name == "price" else f for f in SCHEMA.fields)
    assert card(item(1, "Heat", price=12.5), Schema(fields=fields)).facts == ("price €12.50",)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://shop.example/heat.jpg", True),
        ("data:image/png;base64,iVBORw0KGgo=", True),
        ("javascript:alert(1)", False),
        ("data:text/html,<script>alert(1)</script>", False),
        ("/etc/passwd", False),
    ],
)
def test_only_addresses_of_pictures_are_loaded(address, shown):
    assert card(item(1, "Heat", poster=address), SCHEMA).picture == (address if shown else None)


def test_only_web_addresses_are_links():
    assert card(item(1, "Heat", page="javascript:alert(1)"), SCHEMA).link is None
    assert card(item(1, "Heat", page="https://www.example.org/heat"), SCHEMA).link.host == "example.org"


def test_the_same_item_always_has_the_same_cover():
    assert cover("w1", "Heat") == cover("w1", "Heat")
    assert len({cover(f"w{n}", "Heat").hue for n in range(50)}) > 25


def test_chips_share_out_the_score():
    shown = chips(
        [
            Reason(kind="constraint", text="from 1995", weight=0.0),
            Reason(kind="attribute", text="funny", weight=0.06),
            Reason(kind="exploration", text="funny", weight=0.04),
            Reason(kind="liked_item", text="like Speed", weight=0.3),
            Reason(kind="other", text="smaller signals together", weight=0.1),
            Reason(kind="constraint", text="from 1995", weight=0.0),
        ]
    )
    assert [(chip.text, chip.share) for chip in shown] == [
        ("from 1995", None),
        ("like Speed", 60),
        ("funny", 20),
        ("smaller signals together", 20),
    ]


@given(st.lists(st.floats(-10, 10), max_size=8))
def test_shares_never_add_up_to_more_than_the_whole(weights):
    shown = chips([Reason(kind="attribute", text=str(n), weight=weight) for n, weight in enumerate(weights)])
    assert sum(abs(chip.share) for chip in shown) <= 100 + len(weights) / 2


# The whole page


@pytest.fixture(scope="module")
def agent(fitted_films, tmp_path_factory):
    import shutil

    with Agent.open(shutil.copytree(fitted_films, tmp_path_factory.mktemp("chat") / "films")) as opened:
        yield opened


@pytest.fixture(scope="module")
def venue(agent):
    return Venue(agent)


@pytest.fixture(scope="module")
def renderer(venue):
    return venue.renderer


@given(title=words, said=words, fact=words)
def test_nothing_from_outside_becomes_markup(renderer, title, said, fact):
    title = title.strip() or "x"
    shown = item(1, title, description=fact, genres=[fact], poster=fact, page=fact).model_copy(
        update={"id": fact or "i", "reasons": (Reason(kind="attribute", text=fact, weight=1.0),)}
    )
    reply = Reply(
        text=f"Here:\n\n1. **{title}**: {fact}.\n\n- {fact}", items=(shown,), suggestions=(fact,), fallback=fact or None,
        question=Question(facet="genres", text=fact, options=(fact,)), trace=(TraceStep(tool=fact, arguments={fact: fact}, error=fact or None),),
    )  # fmt: skip
    session = Session.__new__(Session)
    session.clicks = {}
    found = Elements(renderer.turn(Exchange(said, reply=reply), 1, session))
    assert not {"script", "iframe", "object", "form", "base", "meta", "link", "style"} & set(found.tags)
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    for name, value in found.attributes:
        if name in ("href", "src"):
            assert value.startswith(("http://", "https://", "data:image/"))
    if said.strip() in NASTY:
        assert said in found.text


def test_a_filter_is_told_in_words(agent):
    schema = agent.toolbox.catalogue.schema
    asked = {"filter": {"field": "year", "op": "between", "value": [1990, 1999]}, "excluded": 0, "k": 200}
    assert looked_for(asked, schema) == "from the 1990s; the best 200"


def test_every_opener_finds_something(agent):
    found = openers(agent.toolbox.catalogue)
    assert len(found) == len(set(found)) > 1
    for number, opener in enumerate(found):
        assert agent.chat(opener, user_id="newcomer", thread_id=f"opener-{number}").items, opener


def test_importing_the_chat_does_not_import_gradio():
    code = "import sys, convrec.ui.chat; sys.exit('gradio' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# A tab's session


def all_of(turn):
    return sum(1 for _ in turn)


def test_a_message_is_answered_and_kept(agent, venue):
    session = Session(venue)
    assert all_of(session.say("a western")) > 3
    (exchange,) = session.exchanges
    assert exchange.reply == agent.thread(session.user_id, session.thread_id)[0].reply
    assert exchange.words == exchange.reply.text
    assert tuple(exchange.items) == exchange.reply.items


def test_blank_messages_are_not_sent(venue):
    session = Session(venue)
    assert all_of(session.say("  \n ")) == 0
    assert session.exchanges == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BusyError("The shop is shut.", "Come back."), "The shop is shut. Come back."),
        (ValueError("secret"), "didn't work"),
    ],
)
def test_a_failed_turn_is_one_sentence_and_the_chat_goes_on(agent, venue, monkeypatch, error, said):
    session = Session(venue)

    def broken(*_, **__):
        raise error
        yield

    with monkeypatch.context() as patched:
        patched.setattr(agent, "stream", broken)
        all_of(session.say("a western"))
    assert said in session.exchanges[0].failure
    assert "secret" not in session.exchanges[0].failure
    all_of(session.say("a western"))
    assert session.exchanges[1].reply.items


def test_only_one_message_at_a_time(venue):
    session = Session(venue)
    first = session.say("a western")
    next(first)
    assert all_of(session.say("a comedy")) == 0
    all_of(first)
    assert [exchange.text for exchange in session.exchanges] == ["a western"]


def test_a_message_sent_the_moment_an_answer_ends_is_taken(venue):
    session = Session(venue)
    turn = session.say("a western")
    while session.exchanges == [] or session.exchanges[-1].running:
        next(turn)
    assert all_of(session.say("a comedy")) > 0


def test_leaving_in_the_middle_leaves_nothing_half_said(agent, venue):
    session = Session(venue)
    turn = session.say("a western")
    next(turn)
    next(turn)
    turn.close()
    assert session.exchanges == []
    assert agent.thread(session.user_id, session.thread_id) == []
    assert all_of(session.say("a comedy")) > 0


def test_buttons_are_stored_and_take_each_others_place(agent, venue):
    session = Session(venue)
    all_of(session.say("a western"))
    liked = session.exchanges[0].reply.items[0]
    for event in ("like", "seen", "dislike", "dislike"):
        session.click(liked.id, event)
    assert session.clicks[liked.id] == {"dislike", "seen"}
    stored = [(click["item_id"], click["event"], click["turn"]) for click in agent.export(session.user_id)["feedback"]]
    assert stored == [(liked.id, "like", 1), (liked.id, "seen", 1), (liked.id, "dislike", 1)]
    assert [(entry.item_id, entry.polarity) for entry in agent.profile(session.user_id)] == [(liked.id, -1)]


def test_a_press_is_drawn_on_every_card_of_the_item(venue, renderer):
    session = Session(venue)
    all_of(session.say("a western"))
    liked = session.exchanges[0].reply.items[0]
    assert 'aria-pressed="true"' not in renderer.conversation(session)[0]
    session.click(liked.id, "like")
    all_of(session.say(f"show me {liked.title}"))
    assert [html.count('aria-pressed="true"') for html in renderer.conversation(session)] == [1, 1]


def test_forgetting_takes_the_presses_too(agent, venue, renderer):
    session = Session(venue)
    all_of(session.say("a western"))
    session.click(session.exchanges[0].reply.items[0].id, "like")
    all_of(session.say("forget everything about me"))
    assert 'aria-pressed="true"' in renderer.conversation(session)[0]
    all_of(session.say("yes"))
    assert 'aria-pressed="true"' not in renderer.conversation(session)[0]
    assert "Nothing yet" in renderer.panel(agent.profile(session.user_id))


def test_an_unknown_item_is_refused(venue):
    with pytest.raises(UnknownItemError):
        Session(venue).click("<script>", "like")


def test_a_reloaded_tab_takes_up_its_conversation(venue):
    before = Session(venue)
    all_of(before.say("a western"))
    before.click(before.exchanges[0].reply.items[1].id, "seen")
    after = Session(venue, before.user_id, before.thread_id)
    after.resume()
    assert [(e.text, e.reply) for e in after.exchanges] == [(e.text, e.reply) for e in before.exchanges]
    assert after.clicks == before.clicks


@pytest.mark.parametrize("user", ["ana", "guest", "guest-1", "guest-" + "g" * 32, "", "guest-" + "0" * 32 + "\n"])
def test_nobody_becomes_another_by_naming_them(venue, user):
    session = Session(venue, user, "0123456789abcdef")
    assert session.user_id != user
    assert session.user_id.startswith("guest-")
    assert session.thread_id != "0123456789abcdef"


def test_a_new_conversation_keeps_the_person(venue):
    session = Session(venue)
    all_of(session.say("a western"))
    user, thread = session.user_id, session.thread_id
    session.begin_anew()
    assert (session.user_id, session.exchanges) == (user, [])
    assert session.thread_id != thread


def test_cards_are_drawn_over_the_catalogue_as_it_stands(films):
    from convrec.catalogue.ingest import ingest
    from convrec.catalogue.workspace import Workspace

    with Agent.open(films) as opened:
        here = Venue(opened)
        before = here.renderer
        assert here.renderer is before
        extra = films / "extra.jsonl"
        extra.write_text(json.dumps({"id": "x1", "title": "One More", "genres": ["Western"]}))
        ingest(Workspace.open(films), items=[extra])
        opened.follow(30)
        assert here.renderer.footing() != before.footing()


# What is kept of a person


def nasty_entry(agent, user):
    (entry,) = agent.edit_profile(
        user, add=[{"facet": "text", "value": NASTY[1], "quote": NASTY[0], "about": NASTY[2]}]
    )
    return entry


def test_the_side_shows_words_as_data(agent, renderer):
    nasty_entry(agent, "nasty")
    agent.chat("hello", user_id="nasty", thread_id="x")
    agent.rename_thread("nasty", "x", NASTY[1])
    found = Elements(renderer.panel(agent.profile("nasty")) + renderer.threads(agent.threads("nasty"), "x"))
    assert not {"script", "img", "object"} & set(found.tags)
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    assert all(text in found.text for text in NASTY[:3])


@pytest.mark.parametrize(
    ("pressed", "kept"),
    [
        ({"do": "weigh", "value": "0.25"}, {"weight": 0.25, "paused": False}),
        ({"do": "weigh", "value": "0"}, {"weight": 1.0, "paused": True}),
        ({"do": "rest"}, {"paused": True}),
        ({"do": "use"}, {"paused": False}),
        ({"do": "correct", "value": "thriller", "polarity": "-1"}, {"value": "Thriller", "polarity": -1}),
    ],
)
def test_a_taste_is_changed_as_pressed(agent, pressed, kept):
    (entry,) = agent.edit_profile("editor", add=[{"facet": "genres", "value": "Western"}])
    change(agent, "editor", pressed | {"entry": entry.id})
    (changed,) = agent.profile("editor")
    assert changed.model_dump(include=set(kept)) == kept
    change(agent, "editor", {"do": "drop", "entry": entry.id})
    assert agent.profile("editor") == []


@pytest.mark.parametrize("weight", ["-1", "2", "nan", "much"])
def test_a_weight_that_is_none_is_refused(agent, weight):
    (entry,) = agent.edit_profile("refused", add=[{"facet": "genres", "value": "Western"}])
    with pytest.raises(InputError):
        change(agent, "refused", {"do": "weigh", "value": weight, "entry": entry.id})
    assert agent.profile("refused") == [entry]


def test_nobody_opens_or_changes_what_is_another_s(agent, venue):
    agent.chat("a western", user_id="owner", thread_id="private")
    (entry,) = agent.edit_profile("owner", add=[{"facet": "genres", "value": "Western"}])
    stranger = Session(venue)
    with pytest.raises(InputError):
        stranger.open("private")
    with pytest.raises(InputError):
        change(agent, stranger.user_id, {"do": "drop", "entry": entry.id})
    stranger.delete("private")
    assert len(agent.thread("owner", "private")) == 1


def test_a_conversation_that_is_open_and_deleted_gives_way(venue):
    session = Session(venue)
    all_of(session.say("a western"))
    before = session.thread_id
    session.delete(before)
    assert (session.threads(), session.exchanges) == ([], [])
    assert session.thread_id != before


def test_dials_reach_the_request(agent, venue, monkeypatch):
    asked, recommend = [], agent.toolbox.recommend
    monkeypatch.setattr(agent.toolbox, "recommend", lambda request: (asked.append(request), recommend(request))[1])
    all_of(Session(venue).say("a western", Dials(diversity=0.7, exploration=0.3)))
    assert {(request.diversity, request.exploration) for request in asked} == {(0.7, 0.3)}


def test_who_is_signed_in_is_told_by_the_server_alone(agent, tmp_path):
    from convrec.ui.chat.app import Page

    page = Page(agent, user_of=lambda request: request.user)
    signed_in, guest = SimpleNamespace(user="ana@example.org"), SimpleNamespace(user=None)
    ids = json.dumps({"user_id": "guest-" + "0" * 32})
    session = page._session_of(None, ids, signed_in)
    assert session.user_id == "ana@example.org"
    assert page._session_of(session, ids, signed_in) is session
    all_of(session.say("a western"))
    again = page._session_of(None, json.dumps({"thread_id": session.thread_id}), signed_in)
    assert [exchange.text for exchange in again.exchanges] == ["a western"]
    after = page._session_of(session, json.dumps({"user_id": "ana@example.org"}), guest)
    assert after.user_id.startswith("guest-")


# Side by side, and why


@given(st.lists(st.dictionaries(st.sampled_from("abcdefghijkl"), st.floats(-5, 5)), min_size=1, max_size=6))
@example([{"a": 2.2250738585e-313}])
def test_bars_are_made_of_the_whole_score(scores):
    items = [
        item(n, f"Item {n}").model_copy(update={"contributions": own, "score": sum(own.values())})
        for n, own in enumerate(scores, 1)
    ]
    drawn = plot(items)
    if drawn is None:
        assert sum(abs(amount) for own in scores for amount in own.values()) < 1e-6
        return
    for bar in drawn.bars:
        assert sum(piece.amount for piece in bar.pieces) == pytest.approx(bar.score, abs=1e-6)
        assert all(-1e-6 <= piece.start <= piece.start + piece.length <= 100 + 1e-6 for piece in bar.pieces)
        assert all(piece.label == drawn.legend[piece.colour] for piece in bar.pieces)
    assert len(drawn.legend) <= 7


def test_a_comparison_is_a_table_of_the_catalogue_s_facts(agent):
    reply = agent.chat("compare Iron Harbor and The Long Ledger", user_id="comparer", thread_id="x")
    found = table(reply.trace, agent.toolbox.catalogue)
    assert set(found.titles) == {"Iron Harbor", "The Long Ledger"}
    lines = {line.label: set(line.cells) for line in found.lines}
    assert lines["year"] == {"1986", "1994"}
    gone = [TraceStep(tool="compare", arguments={"items": ["h1", "gone"]})]
    assert table(gone, agent.toolbox.catalogue) is None


def test_the_head_of_an_answer_says_what_was_looked_for(agent):
    reply = agent.chat("a western", user_id="reader", thread_id="x")
    catalogue = agent.toolbox.catalogue
    n = sum("Western" in catalogue.item(i).facts["genres"] for i in catalogue.ids)
    assert headline(reply.trace, catalogue.schema) == f"Looked for western items · {n} of {len(catalogue)} items match"


def test_more_and_less_of_this_are_heard(agent):
    catalogue = agent.toolbox.catalogue
    for number, item_id in enumerate(catalogue.ids):
        facts = catalogue.item(item_id)
        shown = card(
            ReplyItem(id=item_id, title=facts.title, rank=1, score=1.0, confidence=1.0, facts=dict(facts.facts)),
            catalogue.schema,
        )
        more = agent.understand([{"role": "user", "content": shown.more}])
        assert [(p.item_id, p.polarity) for p in more.preferences] == [(item_id, 1)], shown.more
        less = agent.understand([{"role": "user", "content": shown.less}])
        assert {(p.item_id or p.value, p.polarity) for p in less.preferences} == {
            (item_id, -1),
            *((kind, -1) for kind in shown.kinds),
        }, (number, shown.less)


# A catalogue of one's own

TEAS = "sku,name,category,price\n" + "".join(f"T{n},Tea {n},{'green' if n % 2 else 'black'},{n}\n" for n in range(30))


def test_columns_are_told_at_first_sight(tmp_path):
    file = tmp_path / "teas.csv"
    file.write_text(TEAS + "T30,Tea 30\n")
    seen = look(file)
    assert [(column.name, column.type) for column in seen.columns] == [
        ("sku", "text"), ("name", "text"), ("category", "category"), ("price", "number"),
    ]  # fmt: skip
    assert (seen.rows, seen.unreadable, seen.id_column, seen.title_column) == (30, 1, "sku", "name")
    assert (seen.nouns, Order(file, "sku", "name", nouns=seen.nouns).intake.described.noun) == ("teas", "tea")


@pytest.mark.parametrize(
    ("several", "one"),
    [
        ("berries", "berry"),
        ("dishes", "dish"),
        ("glasses", "glass"),
        ("lamps", "lamp"),
        ("cress", "cress"),
        ("sheep", "sheep"),
        ("s", "s"),
    ],
)
def test_one_of_several_is_called(several, one):
    assert singular(several) == one


@pytest.mark.parametrize(("parted", "separator"), [("{}, {}", ","), ("{};{}", ";"), ("{} {}", "|")])
def test_a_column_chosen_to_be_tags_is_parted_by_what_stands_in_it(tmp_path, parted, separator):
    file, shop, chosen = tmp_path / "teas.jsonl", Workshop(), {"type:notes": "tags", "type:cost": "number"}
    rows = [{"sku": n, "name": f"Tea {n}", "notes": parted.format("malty", f"kind{n}"), "cost": "€4.90" if n else "from €5"} for n in range(4)]  # fmt: skip
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    shop.bring(file)
    list(shop.make(OwnCatalogues(tmp_path / "own"), "ana", chosen))
    (notes, cost) = shop.order.intake.described.fields[1:]
    assert (notes.type, notes.separator, cost.type, cost.currency) == ("tags", separator, "number", "€")


def test_rows_that_no_column_tells_apart_are_numbered(tmp_path):
    file = tmp_path / "twice.csv"
    file.write_text("id,name\n1,Assam\n1,Sencha\n")
    assert look(file).id_column == ""


@pytest.mark.parametrize("content", [b"", b"name\n", b"PAR1 but not really", b"\xff\xfea\x00"])
def test_a_file_that_can_t_be_read_is_told_by_its_name_and_put_away(tmp_path, content):
    file, shop = tmp_path / "odd.csv", Workshop()
    file.write_bytes(content)
    shop.bring(file)
    assert "odd.csv" in shop.note
    assert str(tmp_path) not in shop.note
    assert not file.exists()


def test_names_of_columns_and_what_stands_in_them_are_data(tmp_path):
    file, shop = tmp_path / "nasty.jsonl", Workshop()
    file.write_text(json.dumps({"name": NASTY[0], NASTY[2]: NASTY[1]}))
    shop.bring(file)
    found = Elements(own(shop, "", [NASTY[1]], "Films"))
    assert not {"script", "img", "svg onload"} & set(found.tags)
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    assert NASTY[0] in found.text


@pytest.fixture
def teas(tmp_path):
    (tmp_path / "teas.csv").write_text(TEAS)
    return Order(tmp_path / "teas.csv", "sku", "name")


def test_a_build_is_whole_or_not_there(teas, tmp_path):
    target = tmp_path / "own" / "teas"
    target.parent.mkdir()
    build = Build(teas, target)
    build.cancel()
    build.start()
    assert build.wait(60)
    assert (build.cancelled, build.failure, list(target.parent.iterdir())) == (True, "", [])
    again = Build(teas, target)
    again.start()
    assert again.wait(60)
    assert (again.summary.items_added, again.share) == (30, 1.0)
    with Agent.open(target) as opened:
        assert {i.facts["category"] for i in opened.chat("something green").items} == {"green"}


def test_rows_that_can_t_be_used_are_left_out_only_when_told_so(tmp_path):
    file = tmp_path / "teas.csv"
    file.write_text(TEAS + "T30,Tea 30,green,cheap\n")
    strict = Build(Order(file, "sku", "name"), tmp_path / "strict")
    strict.start()
    assert strict.wait(60)
    assert strict.spoiled
    assert "1 of 31 rows" in strict.failure
    assert not (tmp_path / "strict").exists()
    lenient = Build(Order(file, "sku", "name", lenient=True), tmp_path / "lenient")
    lenient.start()
    assert lenient.wait(60)
    assert (lenient.summary.items_added, lenient.summary.rejected) == (30, 1)
    assert lenient.first_rejected == "line 32, column price: 'cheap' is not a number"


def test_own_catalogues_are_one_s_own_until_deleted(teas, tmp_path):
    shelf = OwnCatalogues(tmp_path / "shelf")
    with shelf.building("ana", teas) as build:
        with pytest.raises(BusyError), shelf.building("ben", teas):
            pass
        assert build.wait(60)
    assert (shelf.names("ana"), shelf.names("ben")) == (["teas"], [])
    for user, name in (("ben", "teas"), ("ana", "../teas"), ("ana", ".")):
        with pytest.raises(InputError):
            shelf.venue(user, name)
    agent = shelf.venue("ana", "teas").agent
    agent.chat("I love green tea", user_id="ana", thread_id="x")
    assert shelf.forget("ana") > 0
    assert (shelf.remaining("ana"), agent.threads("ana")) == (0, [])
    shelf.delete("ana", "teas")
    assert shelf.names("ana") == []


def test_leaving_a_build_cancels_it(teas, tmp_path):
    shelf = OwnCatalogues(tmp_path / "shelf")
    with shelf.building("ana", teas):
        pass
    assert shelf.names("ana") == []
    assert list((tmp_path / "shelf").rglob(".building-*")) == []
