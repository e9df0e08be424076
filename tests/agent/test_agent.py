"""What programs rely on: the Agent's methods, over a small shop of twenty films."""

import asyncio
import json
import threading
from datetime import timedelta
from itertools import islice

import pytest
from langgraph.graph.state import CompiledStateGraph

import convrec.agent.agent as agent_module
from convrec.agent import Agent
from convrec.agent.memory.memory import Memory
from convrec.agent.stores.ledger import TABLES
from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.clock import FixedClock, counted_ids
from convrec.core.dials import Dials
from convrec.core.errors import BusyError, InputError, NotFittedError, PredicateError, UnknownItemError, UserIdError
from convrec.tools.fitting import fit
from tests.agent.shop import NOON, over

ANA = {"user_id": "ana", "thread_id": "t1"}
WESTERN = {"field": "genres", "op": "contains", "value": "Western"}
WESTERNS = {"w1", "w2", "w3", "w4"}


@pytest.fixture
def agent(shop, tmp_path):
    """An agent over the films whose state is its own."""
    with over(shop, tmp_path / "state.sqlite") as opened:
        yield opened


def shown(reply):
    return [item.id for item in reply.items]


def checkpoints(agent, user_id="ana", thread_id="t1"):
    config = {"configurable": {"thread_id": f"{user_id}\x1f{thread_id}"}}
    return list(agent.graph.get_state_history(config))


def raw_state(agent):
    folder = agent._house.ledger.database.path.parent
    return b"".join(file.read_bytes() for file in sorted(folder.glob("state.sqlite*")))


# What a superlative orders by


def years(reply):
    return [item.facts["year"] for item in reply.items]


def test_the_newest_come_first_and_more_goes_on_where_they_ended(agent):
    everything = sorted((agent.toolbox.catalogue.numbers("year")).tolist(), reverse=True)
    first, more = agent.chat("the newest films", **ANA), agent.chat("more", **ANA)
    assert years(first) + years(more) == everything[: len(first.items) + len(more.items)]
    assert "newest first" in first.text
    assert "newest first" in more.text


def test_an_order_keeps_to_the_demands_and_each_reason_tells_the_item_s_own_fact(agent):
    reply = agent.chat("the oldest westerns", **ANA)
    westerns = [agent.toolbox.catalogue.item(one).facts["year"] for one in WESTERNS]
    assert years(reply) == sorted(westerns)
    for item in reply.items:
        (told,) = [r for r in item.reasons if any(e.source == "tool:order" for e in r.evidence)]
        assert told.text == f"from {item.facts['year']}"
        assert told.evidence[0].value == item.facts["year"]
        assert sum(reason.weight for reason in item.reasons) == pytest.approx(item.score, abs=1e-6)


def test_what_was_shown_before_has_its_place_in_an_order_that_is_asked_for_later(agent):
    newest = agent.chat("the newest films", **ANA)
    agent.chat("more", **ANA)
    again = agent.chat("what are the newest films?", **ANA)
    assert shown(again) == shown(newest)
    assert "haven't shown" not in again.text


def test_a_kind_that_is_liked_holds_while_its_newest_are_asked_for(agent):
    agent.chat("I like westerns", **ANA)
    reply = agent.chat("the newest ones", **ANA)
    assert {*shown(reply)} <= WESTERNS
    assert years(reply) == sorted(years(reply), reverse=True)


def test_the_newest_of_those_shown_is_told_with_its_year(agent):
    slate = agent.chat("a western", **ANA)
    newest = max(slate.items, key=lambda item: item.facts["year"])
    for text in ("the newest of those", "which of these is the newest?"):
        assert agent.chat(text, **ANA).text == f"**{newest.title}** is from {newest.facts['year']:.0f}."


def test_an_order_gives_way_to_another_to_a_bound_and_to_any_order(agent):
    agent.chat("the newest westerns", **ANA)
    assert agent._house.ledger.state(**ANA).order.descending
    agent.chat("the oldest westerns, please", **ANA)
    assert not agent._house.ledger.state(**ANA).order.descending
    agent.chat("any year will do", **ANA)
    assert agent._house.ledger.state(**ANA).order is None
    agent.chat("the newest films", **ANA)
    agent.chat("from the 80s", **ANA)
    assert agent._house.ledger.state(**ANA).order is None


def test_a_conversation_that_others_lead_is_ordered_as_its_last_message_asks(agent):
    asks = [{"role": "user", "content": "the oldest westerns"}]
    found = [agent.toolbox.catalogue.item(one.id).facts["year"] for one in agent.recommend(messages=asks, k=4)]
    assert found == sorted(found)
    goes_on = [
        *asks,
        {"role": "assistant", "content": "How about these?"},
        {"role": "user", "content": "hm, I love horses"},
    ]
    assert agent._requested(agent._houses.now(), goes_on, (), None, None, (), 4, None).order is None


# A request is answered once


def test_a_request_sent_twice_is_answered_once(agent, shop):
    first = agent.chat("a western", **ANA, request_id="r1")
    assert agent.chat("something else altogether", **ANA, request_id="r1") == first
    assert agent.chat("a western", user_id="ana", thread_id="t2", request_id="r1") == first
    assert len(agent.thread("ana", "t1")) == 1
    assert agent.threads("ana")[0].turns == 1
    assert agent.chat("a western", user_id="ben", thread_id="t1", request_id="r1").user_id == "ben"
    with over(shop, agent._house.ledger.database.path) as again:
        assert again.chat("a western", **ANA, request_id="r1") == first


def test_who_hears_of_turns_hears_of_each_once(agent):
    heard = []
    with agent.heard_by(heard.append):
        first = agent.chat("a western", **ANA, request_id="r1")
        agent.chat("a western", **ANA, request_id="r1")
        *_, done = agent.stream("a comedy", **ANA)
        unfinished = agent.stream("a drama", **ANA)
        next(unfinished)
        unfinished.close()
    agent.chat("a drama", **ANA)
    assert heard == [first, done.reply]


def test_a_replayed_request_streams_the_stored_reply(agent):
    first = agent.chat("a western", **ANA, request_id="r1")
    events = list(agent.stream("a western", **ANA, request_id="r1"))
    assert "".join(event.text for event in events if event.type == "token") == first.text
    assert events[-1].reply == first


def test_what_a_turn_will_do_is_told_before_all_is_heard_of_its_writer(agent, monkeypatch):
    heard, facts = threading.Event(), Memory._facts
    monkeypatch.setattr(Memory, "_facts", lambda memory, text: heard.wait(20) and facts(memory, text))
    events = agent.stream("a western, I live in Oslo", **ANA)
    assert next(events).type == "plan"
    heard.set()
    assert list(events)[-1].type == "done"
    assert [entry.value for entry in agent.profile("ana") if entry.about == "home"] == ["Oslo"]


def test_one_request_at_two_places_at_once_is_answered_once(agent):
    """Both begin before either is committed: the slower one gets the faster one's reply."""
    slow = agent.stream("a western", user_id="ana", thread_id="t1", request_id="r1")
    next(slow)
    fast = agent.chat("a comedy", user_id="ana", thread_id="t2", request_id="r1")
    assert list(slow)[-1].reply == fast
    assert [summary.thread_id for summary in agent.threads("ana")] == ["t2"]


@pytest.mark.parametrize("request_id", ["", " r", "r\x00", "r" * 300, "r\ud800"])
def test_a_request_id_that_cannot_be_kept_is_refused(agent, request_id):
    with pytest.raises(InputError, match="request id"):
        agent.chat("a western", **ANA, request_id=request_id)
    assert agent.threads("ana") == []


def test_of_a_rehearsal_nothing_stays_and_nobody_hears(shop, tmp_path):
    heard = []
    with over(shop, tmp_path / "state.sqlite") as agent, over(shop, tmp_path / "other.sqlite") as other:
        before = raw_state(agent)
        with agent.heard_by(heard.append):
            agent.rehearse()
        assert raw_state(agent) == before
        assert agent.threads("rehearsal") == []
        assert not heard
        assert agent.chat("a western", **ANA).model_copy(update={"ms": 0.0, "trace": ()}) == (
            other.chat("a western", **ANA).model_copy(update={"ms": 0.0, "trace": ()})
        )


# Who is who

BAD_IDS = ["", "  ", " ana", "ana\n", "a\x1fb", "\x00", "a" * 257, "é" * 129, "a\ud800"]


@pytest.mark.parametrize("bad", BAD_IDS, ids=range(len(BAD_IDS)))
def test_ids_that_cannot_name_anybody_are_refused_everywhere(agent, bad):
    for call in (
        lambda: agent.chat("hi", user_id=bad),
        lambda: agent.chat("hi", thread_id=bad),
        lambda: next(agent.stream("hi", user_id=bad)),
        lambda: agent.recommend(user_id=bad),
        lambda: agent.profile(bad),
        lambda: agent.export(bad),
        lambda: agent.forget(bad),
        lambda: agent.feedback(user_id=bad, item_id="w1", event="like"),
        lambda: agent.threads(bad),
        lambda: agent.thread("ana", bad),
    ):
        with pytest.raises(UserIdError):
            call()


def test_ids_are_compared_by_case_and_in_one_normal_form(agent):
    agent.chat("a western", user_id="Zoe\u0308", thread_id="a/b c:d%")
    assert len(agent.thread("Zo\u00eb", "a/b c:d%")) == 1
    assert agent.threads("zo\u00eb") == []


def test_two_people_never_see_each_others_facts(agent):
    agent.chat("I love westerns and I hated Cellar Music", **ANA)
    agent.feedback(user_id="ana", item_id="a1", event="dislike", thread_id="t1")
    ben = {"user_id": "ben", "thread_id": "t1"}
    assert agent.chat("what do you know about me?", **ben).text.count("\n") == 0
    assert agent.profile("ben") == []
    assert agent.threads("ben")[0].turns == 1
    document = json.dumps(agent.export("ben"))
    assert "ana" not in document.split('"')
    assert "estern" not in document
    assert agent.thread("ben", "t2") == []
    assert {item.id for item in agent.recommend(user_id="ben", k=50)} >= {"d2", "a1"}
    assert not {item.id for item in agent.recommend(user_id="ana", k=50)} & {"d2", "a1"}


def test_a_name_that_begins_like_anothers_is_another_person(agent):
    for user in ("ana", "ana2", "an"):
        agent.chat("a western", user_id=user, thread_id="t1")
    assert agent.forget("ana").verified
    assert [len(agent.thread(user, "t1")) for user in ("ana", "ana2", "an")] == [0, 1, 1]
    assert [len(checkpoints(agent, user)) for user in ("ana", "ana2", "an")] == [0, 1, 1]


# Feedback


@pytest.mark.parametrize("event", ["dislike", "seen"])
def test_what_was_disliked_or_seen_is_gone_from_the_next_slate_on(agent, event):
    first = agent.chat("a western", **ANA)
    gone = first.items[0].id
    agent.feedback(user_id="ana", item_id=gone, event=event, thread_id="t1", turn=1)
    replies = [agent.chat(text, **ANA) for text in ("more", "a western", "any western will do", "more", "westerns")]
    assert any(reply.items for reply in replies)
    assert all(gone not in shown(reply) for reply in replies)
    assert {item for reply in replies for item in shown(reply)} >= WESTERNS - {gone}


def test_a_like_draws_the_next_slate_near_and_is_remembered(agent, shop, tmp_path):
    with over(shop, tmp_path / "other.sqlite") as other:
        unmoved = shown(other.chat("show me something good", **ANA))
    agent.feedback(user_id="ana", item_id="a1", event="like", thread_id="t1")
    moved = agent.chat("show me something good", **ANA)
    assert shown(moved) != unmoved
    assert any(e.value == "Otter and Owl" for item in moved.items for reason in item.reasons for e in reason.evidence)
    entry = agent.profile("ana")[0]
    assert (entry.facet, entry.item_id, entry.polarity, entry.quote) == ("item", "a1", 1, "like: Otter and Owl")
    assert agent.export("ana")["feedback"][0] | {"created": ""} == {
        "item_id": "a1", "event": "like", "thread_id": "t1", "turn": None, "created": "",
    }  # fmt: skip


def test_feedback_on_what_does_not_exist_is_refused(agent):
    with pytest.raises(UnknownItemError):
        agent.feedback(user_id="ana", item_id="nope", event="like")
    with pytest.raises(InputError, match="adore"):
        agent.feedback(user_id="ana", item_id="w1", event="adore")
    assert agent.export("ana")["feedback"] == []


# Threads


def test_a_conversation_goes_on_after_a_restart(agent, shop):
    first = agent.chat("a western", **ANA)
    agent.chat("hello there", user_id="ana", thread_id="t2")
    agent.close()
    with over(shop, agent._house.ledger.database.path) as again:
        listed = again.threads("ana")
        assert {(t.thread_id, t.title, t.turns) for t in listed} == {("t1", "a western", 1), ("t2", "hello there", 1)}
        assert listed[0].updated >= listed[1].updated
        assert [(t.turn, t.text, t.reply) for t in again.thread("ana", "t1")] == [(1, "a western", first)]
        why = again.chat("why the second one?", **ANA)
        assert why.turn == 2
        assert first.items[1].title in why.text
        assert again.chat("seen the second one", **ANA).understanding.references[0].item_ids == (first.items[1].id,)


def test_the_ledger_is_the_truth_and_checkpoints_can_be_thrown_away(agent, shop, tmp_path):
    texts = ["westerns", "no comedies", "older than 1970", "not the first one", "and the second one, who made it?"]
    with over(shop, tmp_path / "other.sqlite") as other:
        kept = [other.chat(text, **ANA) for text in texts]
    thrown = []
    for text in texts:
        agent._saver.delete_thread("ana\x1ft1")
        thrown.append(agent.chat(text, **ANA))
    same = {"ms": 0.0, "trace": ()}
    assert [r.model_copy(update=same) for r in thrown] == [r.model_copy(update=same) for r in kept]


def test_a_turn_leaves_one_checkpoint_and_old_ones_are_pruned(agent):
    assert isinstance(agent.graph, CompiledStateGraph)
    for number in range(1, 5):
        agent.chat("a western", **ANA)
        history = checkpoints(agent)
        assert len(history) == min(number, agent.workspace.settings.memory.keep_checkpoints)
        assert history[0].values["dialogue"]["turn"] == number
        assert set(history[0].values) == {"dialogue"}


def dialogue(agent, thread_id="t1"):
    """What LangGraph says of a thread."""
    state = agent.graph.get_state({"configurable": {"thread_id": f"ana\x1f{thread_id}"}})
    return state.values.get("dialogue")


def held(agent, thread_id="t1"):
    return agent._house.ledger.state("ana", thread_id).model_dump(mode="json")


@pytest.mark.parametrize("left", [0, 1, 2], ids=["lost", "lagging by two", "lagging by one"])
def test_a_checkpoint_that_lags_behind_is_overruled_by_the_ledger(agent, left):
    for text in ("a western", "more", "not the first one"):
        agent.chat(text, **ANA)
    rows = [row[0] for row in agent._saver.conn.execute("SELECT checkpoint_id FROM checkpoints ORDER BY 1")]
    agent._saver.keep = 3
    for checkpoint_id in rows[left:]:
        agent._saver.conn.execute("DELETE FROM checkpoints WHERE checkpoint_id=?", (checkpoint_id,))
    assert dialogue(agent) == held(agent)
    assert agent.chat("older", **ANA).turn == 4
    assert dialogue(agent) == held(agent)
    assert checkpoints(agent)[0].values["dialogue"]["turn"] == 4


def test_a_checkpoint_that_is_ahead_of_the_ledger_is_overruled_by_it(agent, shop, tmp_path):
    """The ledger is a backup that was restored, or the thread was deleted by another hand."""
    agent.chat("a western", **ANA)
    agent.chat("hello", user_id="ana", thread_id="t2")
    agent.close()
    with over(shop, tmp_path / "state.sqlite") as ahead:
        saved = ahead._house.ledger.state("ana", "t1")
        ahead.chat("only comedies", **ANA)
        db = ahead._house.ledger.database.connection
        db.execute("DELETE FROM turns WHERE turn=2")
        db.execute("UPDATE threads SET turns=1, state=? WHERE thread_id='t1'", (saved.model_dump_json(),))
        for table in ("turns", "threads"):
            db.execute(f"DELETE FROM {table} WHERE thread_id='t2'")
        assert dialogue(ahead) == held(ahead)
        assert dialogue(ahead, "t2") is None
        assert ahead.chat("more", **ANA).turn == 2
        assert dialogue(ahead) == held(ahead)


def test_a_checkpoint_that_a_clock_gone_back_puts_before_its_elders_is_the_latest_all_the_same(agent):
    agent.chat("a western", **ANA)
    agent._saver.conn.execute("UPDATE checkpoints SET checkpoint_id='ffffffff-ffff-6fff-bfff-ffffffffffff'")
    agent.chat("more", **ANA)
    assert [one.values["dialogue"]["turn"] for one in checkpoints(agent)] == [2]
    assert dialogue(agent) == held(agent)


def test_a_conversation_is_renamed(agent):
    agent.chat("a western", **ANA)
    agent.rename_thread("ana", "t1", "  Friday \n night ")
    assert agent.threads("ana")[0].title == "Friday night"
    for bad in ("", " \n", "x" * 300, "bell\x07"):
        with pytest.raises(InputError, match="title"):
            agent.rename_thread("ana", "t1", bad)
    with pytest.raises(InputError, match="no conversation"):
        agent.rename_thread("ana", "t9", "Friday")


def test_a_deleted_conversation_leaves_nothing_but_what_it_taught(agent):
    said_in_several_turns(agent)
    agent.feedback(user_id="ana", item_id="w2", event="seen", thread_id="t2")
    taught = agent.profile("ana")
    deleted = agent.delete_thread("ana", "t2")
    assert (deleted["turns"], deleted["checkpoints"], deleted["feedback"]) == (1, 1, 1)
    assert [thread.thread_id for thread in agent.threads("ana")] == ["t1"]
    assert agent.profile("ana") == taught
    assert checkpoints(agent, thread_id="t2") == []
    assert agent.chat("why the first one?", user_id="ana", thread_id="t2").turn == 1


def test_a_turn_that_was_under_way_when_its_conversation_was_deleted_begins_it_anew(agent, shop):
    agent.chat("a western about ploughfolk", **ANA)
    events = agent.stream("more", **ANA)
    assert next(events).type == "plan"
    with over(shop, agent._house.ledger.database.path) as other:
        other.delete_thread("ana", "t1")
    assert list(events)[-1].reply.turn == 1
    assert b"ploughfolk" not in raw_state(agent)
    assert dialogue(agent) == held(agent)


# Forgetting

TOKENS = ("quuxology", "zanzibarish", "xylotheque")


def said_in_several_turns(agent):
    agent.chat("I love quuxology films", **ANA)
    agent.chat("something about zanzibarish pirates", **ANA)
    agent.chat("remember that I hate xylotheque dramas", user_id="ana", thread_id="t2")
    agent.feedback(user_id="ana", item_id="w1", event="like")


def test_forgetting_leaves_nothing_in_the_raw_files_and_says_so(agent):
    agent.chat("a western about ploughfolk", user_id="ben")
    said_in_several_turns(agent)
    assert all(token.encode() in raw_state(agent) for token in TOKENS)
    receipt = agent.forget("ana")
    assert receipt.verified
    assert receipt.deleted["turns"] == 3
    assert receipt.deleted["feedback"] == 1
    assert receipt.deleted["checkpoints"] == 3
    assert receipt.deleted["profile"] >= 1
    raw = raw_state(agent)
    assert not [token for token in TOKENS if token.encode() in raw]
    assert b"ploughfolk" in raw
    assert agent.export("ana") == {"user_id": "ana", "paused": False, "profile": [], "threads": [], "feedback": []}
    assert agent.forget("ana").deleted == dict.fromkeys((*TABLES, "checkpoints", "demonstrations", "exported_log"), 0)


def test_a_forgotten_id_starts_as_a_new_person(agent):
    said_in_several_turns(agent)
    agent.forget("ana")
    reply = agent.chat("why the first one?", **ANA)
    assert reply.turn == 1
    assert agent.chat("what do you know about me?", **ANA).text.count("\n") == 0
    assert agent.profile("ana") == []


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_forgetting_in_chat_asks_back_first(agent, answer):
    said_in_several_turns(agent)
    asked = agent.chat("forget everything about me", **ANA)
    assert asked.question.options == ("yes", "no")
    assert len(agent.threads("ana")) == 2
    done = agent.chat(answer, **ANA)
    assert done.text.strip()
    raw = raw_state(agent)
    assert [token.encode() in raw for token in TOKENS] == [answer == "no"] * 3
    assert bool(agent.threads("ana")) == (answer == "no")
    assert agent.chat("a western", **ANA).turn == (1 if answer == "yes" else 5)


def test_a_turn_begun_before_the_forgetting_is_not_written(agent):
    agent.chat("a western", **ANA)
    events = agent.stream("I love quuxology films", **ANA)
    assert next(events).type == "plan"
    agent.forget("ana")
    with pytest.raises(BusyError, match="forgotten"):
        list(events)
    assert agent.threads("ana") == []
    assert b"quuxology" not in raw_state(agent)
    assert agent.chat("a western", **ANA).turn == 1


def test_a_reader_that_keeps_old_pages_alive_leaves_the_receipt_unverified(agent, monkeypatch):
    said_in_several_turns(agent)
    reader = agent._saver.conn
    agent._house.ledger.database.connection.execute("PRAGMA busy_timeout=50")
    other = type(reader)(agent._house.ledger.database.path)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM turns").fetchone()
    assert not agent.forget("ana").verified
    other.close()
    assert agent.forget("ana").verified
    assert not [token for token in TOKENS if token.encode() in raw_state(agent)]


# The profile and the export


def test_profile_entries_carry_the_words_they_come_from(agent):
    agent.chat("by the way, I love westerns", **ANA)
    agent.chat("and I hated The Glass Orbit", **ANA)
    entries = {(e.facet, e.value, e.item_id, e.polarity): e for e in agent.profile("ana")}
    western, orbit = entries["genres", "Western", None, 1], entries["item", "The Glass Orbit", "s1", -1]
    assert "westerns" in western.quote
    assert western.quote in "by the way, I love westerns"
    assert orbit.quote in "and I hated The Glass Orbit"
    assert (western.thread_id, western.turn, orbit.turn) == ("t1", 1, 2)
    assert western.scope == "lasting"


def test_a_changed_taste_supersedes_the_old_one_and_the_export_tells_both(agent):
    agent.chat("I love westerns", **ANA)
    agent.chat("I hate westerns", **ANA)
    assert [(e.value, e.polarity) for e in agent.profile("ana")] == [("Western", -1)]
    old, new = agent.export("ana")["profile"]
    assert (old["polarity"], old["superseded_by"]) == (1, new["id"])


def test_the_export_has_its_documented_shape_and_is_json(agent):
    replies = [agent.chat(text, **ANA) for text in ("I love westerns", "more")]
    agent.chat("hi", user_id="ana", thread_id="t0")
    document = agent.export("ana")
    assert json.loads(json.dumps(document)) == document
    assert set(document) == {"user_id", "paused", "profile", "threads", "feedback"}
    assert document["user_id"] == "ana"
    assert [thread["thread_id"] for thread in document["threads"]] == ["t0", "t1"]
    turns = document["threads"][1]["turns"]
    assert [(turn["turn"], turn["text"]) for turn in turns] == [(1, "I love westerns"), (2, "more")]
    assert [turn["reply"] for turn in turns] == [reply.model_dump(mode="json") for reply in replies]
    assert {"id", "facet", "value", "quote", "superseded_by"} <= set(document["profile"][0])


# Without a stored turn


def test_recommend_follows_history_filter_exclude_and_k(agent):
    found = agent.recommend(history=["w1"], filter=WESTERN, exclude=["w2"], k=10)
    assert {item.id for item in found} == {"w3", "w4"}
    assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)
    assert all(abs(sum(item.contributions.values()) - item.score) < 1e-6 for item in found)
    assert len(agent.recommend(history=["w1"], k=1)) == 1
    assert agent.threads("guest") == []


def test_recommend_takes_more_than_there_is_and_nothing_that_fits(agent):
    assert len({item.id for item in agent.recommend(k=10_000)}) == 20
    nothing = {"op": "and", "args": [WESTERN, {"field": "year", "op": "gt", "value": 2020}]}
    assert agent.recommend(history=["w1"], filter=nothing, k=5) == []
    assert agent.recommend(exclude=agent.toolbox.catalogue.ids, k=5) == []


def test_recommend_skips_ids_that_it_does_not_know(agent):
    known = agent.recommend(history=["w1"], exclude=["w2"], k=5)
    assert agent.recommend(history=["gone", "w1", "a\ud800"], exclude=["w2", "gone too"], k=5) == known


def test_recommend_asks_only_the_tools_it_is_told_to(agent):
    for name in ("popularity", "item_knn", "ease"):
        found = agent.recommend(history=["w1", "w2"], tools=[name], k=3)
        assert {key for item in found for key, amount in item.contributions.items() if amount} == {name}
    with pytest.raises(InputError, match="oracle"):
        agent.recommend(tools=["oracle"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"k": 0},
        {"k": -1},
        {"filter": {"field": "genre", "op": "contains", "value": "Western"}},
        {"filter": {"field": "year", "op": "gt", "value": "soon"}},
        {"filter": {"op": "xor", "args": []}},
        {"filter": []},
        {"messages": [{"role": "wizard", "content": "a western"}]},
    ],
)
def test_recommend_refuses_what_makes_no_sense(agent, wrong):
    with pytest.raises(InputError):
        agent.recommend(**wrong)


def test_a_wrong_field_is_named_with_the_right_one(agent):
    with pytest.raises(PredicateError, match=r"genre.*genres"):
        agent.recommend(filter={"field": "genre", "op": "contains", "value": "Western"})


def test_recommend_reads_a_whole_conversation(agent):
    messages = [
        {"role": "user", "content": "a western"},
        {"role": "assistant", "content": "How about **Three Wells** (1966)?"},
        {"role": "user", "content": "yes, like that, but not by Henry Cole"},
    ]
    found = agent.recommend(messages=messages, k=10)
    assert found[0].id == "w3"  # the western that is left: what an earlier message demanded is a strong wish
    facts = [agent.toolbox.catalogue.item(item.row).facts for item in found]
    assert not any("Henry Cole" in str(fact) for fact in facts)  # what is ruled out stays out
    assert len(agent.recommend(messages=messages[:1], k=10)) < len(found)  # the last message's demands hold


def test_recommend_uses_a_profile_and_stores_nothing(agent):
    agent.chat("I never want to see any western", user_id="ana")
    agent.chat("remember that I never watch westerns", user_id="ana")
    before = agent.export("ana")
    assert not {item.id for item in agent.recommend(user_id="ana", k=20)} & WESTERNS
    assert agent.export("ana") == before


def test_understand_reads_the_last_message_in_the_light_of_the_others(agent):
    messages = [
        {"role": "user", "content": "westerns please"},
        {"role": "assistant", "content": "There are **Three Wells** (1966) and **Last Stage to Amity** (1958)."},
        {"role": "user", "content": "who directed the second one?"},
    ]
    heard = agent.understand(messages)
    assert [reference.item_ids for reference in heard.references] == [("w4",)]
    assert "ask_item" in heard.acts
    with pytest.raises(InputError):
        agent.understand([])


# Streaming

ORDER = ("plan", "work", "token", "item", "question", "profile", "done")


@pytest.mark.parametrize(
    "text", ["I love westerns", "hello", "forget everything about me", "compare the first two", ""]
)
def test_events_come_in_order_and_spell_the_reply(agent, text):
    events = list(agent.stream(text, **ANA))
    kinds = [event.type for event in events]
    assert kinds[0] == "plan"
    assert kinds.count("plan") == kinds.count("done") == 1
    after_plan = [kind if kind not in ("tool", "candidates") else "work" for kind in kinds]
    ranks = [ORDER.index(kind) for kind in after_plan]
    assert ranks == sorted(ranks)
    reply = events[-1].reply
    assert "".join(event.text for event in events if event.type == "token") == reply.text
    assert tuple(event.item for event in events if event.type == "item") == reply.items
    assert [event.question for event in events if event.type == "question"] == [reply.question][: bool(reply.question)]
    assert [event.entry for event in events if event.type == "profile"] == agent.profile("ana")
    assert agent.thread(**ANA)[-1].reply == reply


def test_a_stream_closed_at_any_event_leaves_the_turn_whole_or_no_trace_of_it(agent):
    outcomes, kinds = [], []
    while "done" not in kinds:
        cut = len(kinds) + 1
        user = f"cut {cut}"
        events = agent.stream(f"a western about zanzibarish{cut}x", user_id=user)
        kinds = [event.type for event in islice(events, cut)]
        events.close()
        turns = agent.thread(user, "main")
        outcomes.append(len(turns))
        assert outcomes[-1] == ("token" in kinds)
        assert len(checkpoints(agent, user, "main")) == len(turns)
        if not turns:
            assert f"zanzibarish{cut}x".encode() not in raw_state(agent)
        assert agent.chat("a comedy", user_id=user).turn == len(turns) + 1
    assert set(outcomes) == {0, 1}


def test_a_stream_that_nobody_reads_on_holds_nobody_up_for_ever(agent, monkeypatch):
    monkeypatch.setattr(agent_module, "_WAIT_S", 0.05)
    idle = agent.stream("a western", **ANA)
    next(idle)
    with pytest.raises(BusyError, match="still being answered"):
        agent.chat("a comedy", **ANA)
    assert agent.chat("a comedy", user_id="ben").turn == 1
    idle.close()
    assert agent.chat("a comedy", **ANA).turn == 1
    half_read = agent.stream("a western", **ANA)
    while next(half_read).type != "token":
        pass
    assert agent.chat("a comedy", **ANA).turn == 3


def test_turns_of_one_thread_from_many_threads_are_each_kept(agent):
    replies = []
    texts = [f"a western number {n}" for n in range(12)]
    workers = [threading.Thread(target=lambda text=text: replies.append(agent.chat(text, **ANA))) for text in texts]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    stored = agent.thread(**ANA)
    assert [turn.turn for turn in stored] == list(range(1, 13))
    assert sorted(turn.text for turn in stored) == sorted(texts)
    assert sorted(replies, key=lambda reply: reply.turn) == [turn.reply for turn in stored]


def test_astream_yields_the_same_events(agent, shop, tmp_path):
    async def collected():
        return [event async for event in agent.astream("a western", **ANA)]

    with over(shop, tmp_path / "other.sqlite") as other:
        plain = [event.type for event in other.stream("a western", **ANA)]
    events = asyncio.run(collected())
    assert [event.type for event in events] == plain
    assert events[-1].reply == agent.thread(**ANA)[0].reply


def test_astream_broken_off_frees_the_thread(agent):
    async def first_only():
        events = agent.astream("a western about quuxology", **ANA)
        async for event in events:
            assert event.type == "plan"
            break
        await events.aclose()

    async def cancelled():
        async def follow():
            async for _ in agent.astream("a western about quuxology", **ANA):
                began.set()

        began = asyncio.Event()
        task = asyncio.create_task(follow())
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(first_only())
    assert agent.thread(**ANA) == []
    asyncio.run(cancelled())
    assert agent.chat("a comedy", **ANA).items
    turns = [turn.turn for turn in agent.thread(**ANA)]
    assert turns == list(range(1, len(turns) + 1))


# On other people's frameworks


def test_the_tools_are_langchain_tools_with_typed_arguments_that_run(agent):
    from langchain_core.tools import BaseTool
    from pydantic import ValidationError

    tools = {tool.name: tool for tool in agent.tools}
    assert set(tools) == {"search_items", "recommend", "similar_items", "get_item", "compare_items"}
    assert all(isinstance(tool, BaseTool) and tool.description and tool.args for tool in tools.values())
    assert tools["search_items"].args["k"]["type"] == "integer"
    assert tools["search_items"].invoke({"query": "outlaw on a horse", "filter": WESTERN, "k": 2})[0]["id"] in WESTERNS
    assert {"w1"}.isdisjoint(i["id"] for i in tools["recommend"].invoke({"history": ["w1"], "k": 20}))
    assert len(tools["similar_items"].invoke({"item_id": "w1", "k": 3})) == 3
    assert tools["get_item"].invoke({"item_id": "w1"})["title"] == "Dust on the Sabbath"
    assert tools["compare_items"].invoke({"item_ids": ["w1", "w2"]})["shared"]["director"] == ["Henry Cole"]
    assert "nope" in tools["get_item"].invoke({"item_id": "nope"})
    with pytest.raises(ValidationError):
        tools["search_items"].invoke({"query": "x", "k": "many"})


# Odd catalogues

TITLES = ["Silver River", "Broken Lantern", "Distant Harbour", "Hollow Meadow", "Iron Compass", "Quiet Winter"]
CATALOGUES = {
    "one item": [{"id": "1", "title": "Silver River", "genres": ["Drama"], "year": 1999}],
    "one title": [{"id": "1", "title": "Silver River"}],
    "only titles": [{"id": str(n), "title": title} for n, title in enumerate(TITLES, 1)],
    "no interactions": [
        {"id": str(n), "title": title, "genres": ["Drama", "Comedy"][n % 2 :][:1], "year": 1980 + n}
        for n, title in enumerate(TITLES, 1)
    ],
}
TALK = (
    "hi", "something good", "like Silver River", "what else?", "a drama", "no dramas", "why the first one?", "I hated Silver River",
    "what is Silver River about?", "compare the first two", "seen the first one", "from the 90s", "start over", "anything", "thanks",
)  # fmt: skip


def offer_holds(agent, reply, text):
    """Whichever demand is let go, something is found."""
    for number, option in enumerate(reply.question.options):
        user = f"{text} {number}"
        for earlier in agent.thread(**ANA):
            last = agent.chat(earlier.text, user_id=user, thread_id="t1")
        assert last.question.options == reply.question.options
        assert agent.chat(option, user_id=user, thread_id="t1").items or option == "start over"


@pytest.mark.parametrize("name", CATALOGUES)
def test_the_smallest_catalogues_can_be_talked_about(tmp_path, name):
    listed = tmp_path / "items.jsonl"
    listed.write_text("".join(json.dumps(item) + "\n" for item in CATALOGUES[name]), encoding="utf-8")
    workspace = Workspace.create(tmp_path / "shop")
    ingest(workspace, items=[listed])
    with pytest.raises(NotFittedError, match="convrec fit"):
        Agent.open(workspace)
    fit(workspace)
    titles = {item["title"] for item in CATALOGUES[name]}
    with Agent.open(workspace, clock=FixedClock(NOON, timedelta(seconds=1)), new_id=counted_ids("e")) as agent:
        assert agent.chat("something good", user_id="first").items
        named = agent.chat("do you have Silver River?", user_id="second")
        assert named.items[0].title == "Silver River"
        for number, text in enumerate(TALK, 1):
            reply = agent.chat(text, **ANA)
            assert reply.turn == number
            assert reply.text.strip()
            assert {item.title for item in reply.items} <= titles
            assert all(item.title in reply.text for item in reply.items)
            if reply.question:
                assert reply.question.options
            if reply.question and reply.question.facet == "constraint":
                offer_holds(agent, reply, text)
        assert "1" not in {item.id for item in agent.chat("something good", **ANA).items}
        assert [item.id for item in agent.recommend(k=99)]


@pytest.mark.parametrize(
    "text",
    ["something like The Zorblaxian", "somthing like The Zorblaxian but not so sad"],
)
def test_an_example_that_is_not_here_is_owned_up_to(agent, text):
    reply = agent.chat(text, user_id=f"stranger {text}")
    assert "in this catalogue" in reply.text
    assert reply.items


def test_an_example_that_is_here_is_not(agent):
    assert "in this catalogue" not in agent.chat("something like Iron Harbor", user_id="no stranger").text


def test_dials_hold_for_their_turn_alone(agent, monkeypatch):
    asked, recommend = [], agent.toolbox.recommend
    monkeypatch.setattr(agent.toolbox, "recommend", lambda request: (asked.append(request), recommend(request))[1])
    agent.chat("a western", **ANA, dials=Dials(diversity=1.0, exploration=0.5))
    assert (asked[-1].diversity, asked[-1].exploration) == (1.0, 0.5)
    agent.chat("a comedy", **ANA)
    assert (asked[-1].diversity, asked[-1].exploration) == (None, None)


@pytest.mark.parametrize("genre", ["Western", "Comedy", "Crime", "Drama"])
def test_only_what_finds_something_is_suggested(agent, genre):
    reply = agent.chat(f"a {genre.lower()}", **ANA)
    all_of_it = [
        item for i in agent.toolbox.catalogue.ids if genre in (item := agent.toolbox.catalogue.item(i)).facts["genres"]
    ]
    before = min(item.facts["year"] for item in reply.items)
    older = any(item.facts["year"] < before for item in all_of_it)
    assert ("Something older" in reply.suggestions) == older
    assert ("Compare the first two" in reply.suggestions) == (len(reply.items) > 1)
    for suggestion in reply.suggestions:
        agent.chat(f"a {genre.lower()}", user_id="ben", thread_id=suggestion)
        told = agent.chat(suggestion, user_id="ben", thread_id=suggestion)
        assert told.items or told.trace or "**" in told.text, suggestion


def test_what_was_compared_stands_in_the_trace(agent):
    first, second = shown(agent.chat("a western", **ANA))[:2]
    (step,) = agent.chat("compare the first two", **ANA).trace
    assert (step.tool, step.arguments) == ("compare", {"items": [first, second]})
