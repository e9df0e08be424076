"""What was told, liked and suggested is found again, by what it says and when: the person's own, and nobody else's."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.agent.shop import over

MONDAY = datetime(2026, 3, 9, 18, tzinfo=UTC)


class Days:
    """A clock that a test sets."""

    def __init__(self):
        self.time = MONDAY

    def now(self):
        return self.time

    def pass_(self, days):
        self.time += timedelta(days=days)


@pytest.fixture
def days():
    return Days()


@pytest.fixture
def agent(shop, tmp_path, days):
    with over(shop, tmp_path / "state.sqlite", days) as opened:
        yield opened


def say(agent, text, user="ana", thread="t1"):
    return agent.chat(text, user_id=user, thread_id=thread)


def test_a_fact_is_noted_and_told_when_asked(agent, days):
    assert "Lyon" in say(agent, "I live in Lyon").text
    say(agent, "my dog is called Rex")
    days.pass_(30)
    for question, answer in {
        "where do I live?": "I live in Lyon",
        "wher do i live": "I live in Lyon",
        "whats my dog called": "Rex",
        "what's my dog called?": "Rex",
        "do you remember the name of my dog?": "Rex",
    }.items():
        reply = say(agent, question, thread="t2")
        assert answer in reply.text
        assert "9 March 2026" in reply.text
        assert not reply.items


def test_what_was_never_told_is_not_made_up(agent):
    say(agent, "I live in Lyon")
    reply = say(agent, "what's my cat called?")
    assert "Lyon" not in reply.text


def test_what_was_suggested_at_a_time_is_shown_again(agent, days):
    first = [item.id for item in say(agent, "a western").items]
    days.pass_(8)  # Tuesday of the week after
    second = [item.id for item in say(agent, "a crime film", thread="t2").items]
    days.pass_(3)
    assert [item.id for item in say(agent, "what did you suggest last Tuesday?", thread="t3").items] == second
    assert [item.id for item in say(agent, "which films did you recommend last week?", thread="t4").items] == first
    nothing = say(agent, "what did you suggest last year?", thread="t5")
    assert nothing.text
    assert not nothing.items


def test_last_time_is_the_conversation_before(agent, days):
    first = [item.id for item in say(agent, "a western").items]
    days.pass_(1)
    assert [item.id for item in say(agent, "what did you show me last time?", thread="t2").items] == first


def test_what_was_liked_at_a_time_is_shown_again(agent, days):
    say(agent, "I loved Three Wells")
    agent.feedback(user_id="ana", item_id="h4", event="dislike")
    days.pass_(100)
    say(agent, "I loved Iron Harbor", thread="t2")
    assert [item.id for item in say(agent, "what was the film I liked in spring?", thread="t3").items] == ["w2"]


def test_questions_and_slates_say_which_items_by_their_titles(agent, days):
    titles = {item.title for item in say(agent, "a western").items}
    days.pass_(1)
    reply = say(agent, "what did you suggest yesterday?", thread="t2")
    assert {item.title for item in reply.items} == titles
    assert all(f"**{title}**" in reply.text for title in titles)


def test_recall_finds_entries_first_and_the_turns_that_fit(agent, days):
    say(agent, "I'm a nurse")
    for text in ("a western", "something with trains", "thanks", "my bus was late today"):
        say(agent, text)
    first, *others = agent.recall("ana", "what do I do for a living?")
    assert first.source.startswith("profile:")
    assert "nurse" in first.text
    assert first.created == MONDAY
    assert len(others) == 4
    assert all(first.score >= one.score for one in others)
    (found,) = agent.recall("ana", "when did I ask for trains?", k=1)
    assert found.source == "turn:t1/3"


def test_a_new_value_is_recalled_and_the_old_one_is_not(agent):
    say(agent, "I live in Lyon")
    say(agent, "Actually I've moved to Graz")
    assert "Graz" in agent.recall("ana", "where do I live?")[0].text
    assert "Graz" in say(agent, "where do I live?").text


def test_what_is_taken_out_is_recalled_no_more(agent):
    say(agent, "I live in Lyon")
    say(agent, "I've moved to Graz")
    reply = say(agent, "forget where I live")
    assert "Graz" in reply.text
    assert agent.profile("ana") == []
    assert agent.export("ana")["profile"] == []
    assert not any("Graz" in one.text or "Lyon" in one.text for one in agent.recall("ana", "where do I live?"))


def test_a_fact_is_forgotten_in_the_words_that_told_it(agent):
    say(agent, "a western")
    say(agent, "my dog is called Rex")
    assert "Rex" in say(agent, "forget that my dog is called Rex").text
    assert agent.profile("ana") == []


def test_what_is_asked_for_stands_when_a_fact_is_forgotten(agent):
    say(agent, "I live in Lyon")
    say(agent, "a western")
    say(agent, "forget where I live")
    assert agent.profile("ana") == []
    assert all("Western" in item.facts["genres"] for item in say(agent, "others please").items)


def test_forget_that_takes_out_what_was_said_last(agent):
    say(agent, "I love westerns")
    assert "Western" in say(agent, "forget that").text
    assert agent.profile("ana") == []


def test_memory_is_paused_and_resumed_in_the_chat(agent):
    say(agent, "please pause your memory")
    assert agent.memory_paused("ana")
    say(agent, "I live in Lyon")
    assert "paused" in say(agent, "what do you know about me?").text
    say(agent, "resume memory")
    say(agent, "I'm a baker")
    assert [entry.value for entry in agent.profile("ana")] == ["baker"]


def test_a_person_recalls_nothing_of_another(agent):
    say(agent, "I live in Lyon and my dog is called Rex", user="ana")
    say(agent, "a western", user="ana")
    for question in (
        "where do I live?",
        "what is my dog called?",
        "what did you suggest last time?",
        "what do you know about me?",
        "what did you suggest today?",
    ):
        reply = say(agent, question, user="ben")
        for secret in ("Lyon", "Rex"):
            assert secret not in reply.model_dump_json()
    assert not any("Lyon" in one.text for one in agent.recall("ben", "I live in Lyon and my dog is called Rex", k=50))


def test_memories_outlive_the_process(agent, shop, days, tmp_path):
    say(agent, "I live in Lyon")
    with over(shop, tmp_path / "state.sqlite", days) as again:
        assert "Lyon" in say(again, "where do I live?", thread="t9").text


def test_another_encoder_finds_by_words_what_it_has_no_vectors_of(agent, shop, days, tmp_path, monkeypatch):
    say(agent, "I live in Lyon")
    monkeypatch.setattr(type(shop.toolbox.encoder), "revision", "another")
    assert "Lyon" in agent.recall("ana", "where do I live?")[0].text
