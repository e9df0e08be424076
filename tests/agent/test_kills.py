"""`kill -9` at any moment: what was acknowledged is there, nothing is half there, and the state opens again.

Some kills in every run, and before every eleventh statement; `make test-kill` kills five hundred times over each kind of database, and before
every statement. What was counted is printed.
"""

import os
import random
import signal
from collections import Counter

import pytest

from tests.agent.talkers import ANA, TEXTS, as_told, opened, profile, stored

THOROUGH = "CONVREC_KILLS" in os.environ
KILLS = int(os.environ.get("CONVREC_KILLS", "12"))
STATEMENTS = range(1, 1000, 1 if THOROUGH else 11)
TALKERS = 3  # at once: two in one conversation, one in another
HALF = """
    SELECT (SELECT count(*) FROM exposures e WHERE NOT EXISTS (
                SELECT 1 FROM turns t WHERE t.user_id=e.user_id AND t.thread_id=e.thread_id AND t.turn=e.turn))
         + (SELECT count(*) FROM turns t WHERE NOT EXISTS (
                SELECT 1 FROM threads h WHERE h.user_id=t.user_id AND h.thread_id=t.thread_id AND h.turns>=t.turn))
         + (SELECT count(*) FROM threads h WHERE h.turns<>(
                SELECT count(*) FROM turns t WHERE t.user_id=h.user_id AND t.thread_id=h.thread_id))
"""


@pytest.fixture
def say(capsys, request):
    """Prints a line about what was counted."""

    def said(counted):
        with capsys.disabled():
            figures = ", ".join(f"{number:,} {what}" for what, number in counted.items())
            print(f"\n  {request.node.callspec.id}: {figures}")

    return said


def kill(children):
    """Kills them and hears what they had told until then."""
    for child in children:
        os.kill(child.pid, signal.SIGKILL)
    for child in children:
        child.finish()


def test_killed_under_load_at_any_moment_no_acknowledged_turn_is_lost(start, place, say):
    chance, at, counted = random.Random(5), place(), Counter()
    for round_ in range(-(-KILLS // TALKERS)):
        threads = [(f"u{round_}", "t1"), (f"u{round_}", "t1"), (f"u{round_}", "t2")]
        children = [
            start(state=at, user_id=user, thread_id=thread, texts=[f"{chance.choice(TEXTS)} ({number})" for _ in range(500)])
            for number, (user, thread) in enumerate(threads)
        ]  # fmt: skip
        heard = chance.choice(children)
        enough = chance.randrange(4)
        while len(heard.acknowledged) < enough:
            assert heard.hear()
        heard.hear(chance.uniform(0, 0.06))  # a moment that is as good as any other
        kill(children)
        counted["kills"] += len(children)
        turns = {key: as_told(stored(at, *key)) for key in set(threads)}
        for number, (child, key) in enumerate(zip(children, threads, strict=True)):
            left = [turn for turn in turns[key] if turn["text"].endswith(f"({number})")]
            told = child.acknowledged
            counted["acknowledged turns"] += len(told)
            counted["lost"] += sum(turn not in left for turn in told)
            counted["written and not yet told"] += len(left) - len(told)
            assert left[: len(told)] == told
            assert len(left) - len(told) in (0, 1)
    with opened(at) as ledger:
        counted["half-written"] = ledger.database.rows(HALF)[0][0]
        written = ledger.database.rows("SELECT count(*) FROM turns")[0][0]
    say(counted)
    assert counted["lost"] == counted["half-written"] == 0
    assert written == counted["acknowledged turns"] + counted["written and not yet told"]
    assert counted["kills"] >= KILLS
    assert counted["acknowledged turns"] >= KILLS // TALKERS
    again = start(state=at, **ANA, texts=["a western"]).finish()
    assert again[-1]["reply"]["turn"] == 1


@pytest.mark.ci
@pytest.mark.parametrize("before", [[], ["a western", "more"]], ids=["a first turn", "a later turn"])
def test_killed_between_any_two_statements_a_turn_is_there_whole_or_not_at_all(start, place, say, before):
    """The client sends again, under the same id, what was not acknowledged: it is stored once all the same."""
    outcomes, state, taught = [], place(), [(len(before) + 1, "Western")]
    for at in STATEMENTS:
        key = {"user_id": f"u{at}", "thread_id": "t1"}
        if before:
            start(state=state, texts=before, **key).finish()
        message = {"texts": ["I love westerns"], "request_id": "r1", "state": state, **key}
        if start(**message, die_at=at).finish()[1:]:
            break
        left = as_told(stored(state, **key))[len(before) :]
        assert profile(state, key["user_id"]) == taught * len(left)
        outcomes.append(len(left))
        again = start(**message).finish()[1:]
        assert as_told(stored(state, **key))[len(before) :] == again
        assert left in ([], again)
        assert profile(state, key["user_id"]) == taught
    assert outcomes == sorted(outcomes)  # nothing of the turn before its commit, all of it from then on
    assert set(outcomes) == {0, 1} or not THOROUGH
    say(
        {
            "statements died before": len(outcomes),
            "turns not there": outcomes.count(0),
            "turns whole": outcomes.count(1),
        }
    )


@pytest.mark.ci
@pytest.mark.parametrize("what", ["forget", "delete"])
def test_killed_between_any_two_statements_deleting_is_done_or_not_begun(start, place, say, what):
    outcomes, state = [], place()
    for at in STATEMENTS:
        key = {"user_id": f"u{at}", "thread_id": "t1"}
        start(state=state, texts=["I love comedies"], **key).finish()
        order = {"state": state, "texts": [], what: True, **key}
        if start(**order, die_at=at).finish()[1:]:
            break
        with opened(state) as ledger:
            left = ledger.remaining(key["user_id"])
        outcomes.append(len(stored(state, **key)))
        taught = 3 if what == "delete" else 0  # of what it taught: an entry, its vector, a person
        assert left > 3 if outcomes[-1] else left == taught
        assert start(**order).finish()[1:]
        assert stored(state, **key) == []
    assert outcomes == sorted(outcomes, reverse=True)
    assert set(outcomes) == {0, 1} or not THOROUGH
    say({"statements died before": len(outcomes), "not begun": outcomes.count(1), "done": outcomes.count(0)})


def test_killed_while_it_is_made_a_state_database_can_be_opened_again(start, place, say):
    chance, counted = random.Random(9), Counter()
    for _ in range(max(KILLS // 12, 3)):
        state = place()
        child = start(state=state, texts=TEXTS, **ANA)
        child.hear(chance.uniform(0, 0.3))
        kill([child])
        counted["kills"] += 1
        counted["had opened"] += bool(child.heard)
        assert as_told(stored(state))[: len(child.acknowledged)] == child.acknowledged
        again = start(state=state, texts=["a western"], **ANA).finish()
        assert again[-1]["reply"]["turn"] == len(stored(state))
    say(counted)
