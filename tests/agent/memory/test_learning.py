"""A profile is written from a person's own words alone: each thing once, the latest of what contradicts."""

from datetime import UTC, datetime, timedelta

import pytest

from convrec.agent.memory.facts import facts_of
from convrec.agent.memory.learning import Learner, Origin, clicked, faded, unlearn
from convrec.agent.memory.whose import is_own
from convrec.core.clock import counted_ids
from convrec.core.understanding import Preference, Understanding

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Diary:
    """A profile that messages are told to, one a day."""

    def __init__(self):
        self.entries, self.new_id, self.days = {}, counted_ids("e"), 0

    def tell(self, text, *tastes):
        return self.write(text, tastes, facts_of(text))

    def write(self, text, tastes, facts):
        self.days += 1
        origin = Origin("t", self.days, NOON + timedelta(days=self.days), text)
        learner = Learner(self.current, origin, self.new_id)
        learner.tastes(Understanding(preferences=tastes))
        learner.facts(facts)
        self.entries |= {entry.id: entry for entry in learner.patch.entries}
        return learner.patch

    @property
    def current(self):
        return tuple(entry for entry in self.entries.values() if entry.superseded_by is None)

    @property
    def facts(self):
        return {(e.about, e.value) for e in self.current if e.polarity > 0}


def genre(value, text, polarity=1, strength="soft", scope="lasting"):
    start = text.casefold().index(value.casefold()[:4])
    return Preference(
        facet="genres", value=value, polarity=polarity, strength=strength, scope=scope, span=(start, start + 4)
    )


@pytest.fixture
def diary():
    return Diary()


def test_one_fact_in_other_words_is_one_entry_confirmed(diary):
    for text in (
        "I live in Lyon",
        "We're based in Lyon these days",
        "Lyon is where I live",
        "home's in Lyon",
        "i live in lyon now",
    ):
        diary.tell(text)
    (entry,) = diary.entries.values()
    assert (entry.quote, entry.turn) == ("I live in Lyon", 1)
    assert entry.updated == NOON + timedelta(days=5)


def test_a_new_value_supersedes_the_old_one_which_is_kept(diary):
    diary.tell("I live in Lyon")
    diary.tell("Actually I've moved to Graz")
    assert diary.facts == {("home", "Graz")}
    old, new = diary.entries.values()
    assert (old.value, old.superseded_by) == ("Lyon", new.id)


def test_of_whom_one_shares_a_life_with_the_latest_counts(diary):
    diary.tell("my girlfriend is called Anna")
    diary.tell("my sister is called Ida")
    diary.tell("my wife is called Beth")
    assert diary.facts == {("sister's name", "Ida"), ("wife's name", "Beth")}


def test_what_there_can_be_several_of_adds_up(diary):
    diary.tell("I speak German and French")
    diary.tell("I speak Spanish, and French of course")
    assert diary.facts == {("language", "German"), ("language", "French"), ("language", "Spanish")}


def test_what_is_over_is_told_as_over(diary):
    diary.tell("I play the cello")
    diary.tell("I stopped playing the cello")
    assert diary.facts == set()
    assert [(e.value, e.polarity) for e in diary.current] == [("cello", -1)]


def test_a_taste_is_kept_with_its_sentence(diary):
    text = "Hello there. I love westerns! And you?"
    (entry,) = diary.tell(text, genre("Western", text)).entries
    assert (entry.value, entry.quote, entry.scope) == ("Western", "I love westerns", "lasting")


def test_todays_wish_is_no_taste(diary):
    text = "a western for tonight"
    assert diary.tell(text, genre("Western", text, scope="session")).entries == ()


def test_a_taste_that_turned_supersedes(diary):
    diary.tell("I love westerns", genre("Western", "I love westerns"))
    diary.tell("I can't stand westerns", genre("Western", "I can't stand westerns", -1, "hard"))
    assert [(e.value, e.polarity, e.strength) for e in diary.current] == [("Western", -1, "hard")]


@pytest.mark.parametrize(
    "text",
    [
        "a gift for my dad, I know he loves westerns", "my wife loves westerns", "my friend is a big fan of westerns", "everybody loves westerns", "Something for my nephew: westerns, he adores them",
        "she's really into westerns", "my neighbour says nothing beats a western", "my boss swears by westerns",
    ],
)  # fmt: skip
def test_somebody_elses_taste_is_not_the_persons_own(text):
    at = text.index("western")
    assert not is_own(text, (at, at + 7))


@pytest.mark.parametrize(
    "text",
    [
        "I love westerns", "we both love westerns", "Looking for a film for my daughter. I love westerns myself", "I hate westerns and my wife does too", "westerns are great",
        "my favourite genre is western", "I think nothing beats a western", "my boss is out, I say westerns all day",
    ],
)  # fmt: skip
def test_the_persons_own_taste_is(text):
    at = text.index("western")
    assert is_own(text, (at, at + 7))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("I loved Heat", 1),
        ("Heat was great", 1),
        ("Heat is my favourite", 1),
        ("something like Heat", 0),
        ("more like Heat please", 0),
        ("my dad loved Heat", 0),
    ],
)
def test_an_item_is_kept_where_it_is_judged_and_not_where_it_is_an_example(diary, text, kept):
    at = text.index("Heat")
    heard = Preference(facet="item", value="Heat", item_id="1", polarity=1, span=(at, at + 4))
    assert len(diary.tell(text, heard).entries) == kept


def test_a_click_and_words_land_in_one_entry(diary):
    heard = Preference(facet="item", value="Heat", item_id="1", polarity=1, scope="lasting", span=(8, 12))
    diary.tell("I loved Heat", heard)
    patch = clicked(diary.current, "1", "Heat", 1, Origin("t", 2, NOON, "like: Heat"), diary.new_id)
    assert [entry.id for entry in patch.entries] == ["e1"]
    turned = clicked(diary.current, "1", "Heat", -1, Origin("t", 2, NOON, "dislike: Heat"), diary.new_id)
    assert [(e.id, e.superseded_by) for e in turned.entries] == [("e1", "e2"), ("e2", None)]


def test_what_is_named_is_unlearned(diary):
    diary.tell("I love westerns", genre("Western", "I love westerns"))
    assert unlearn(diary.current, [Preference(facet="genres", value="western")]).removed == ("e1",)


def test_a_taste_halves_in_its_half_life_and_never_grows_when_the_clock_goes_back(diary):
    (entry,) = diary.tell("I love westerns", genre("Western", "I love westerns")).entries
    assert faded(entry, entry.updated + timedelta(days=90), 90) == pytest.approx(0.5)
    assert faded(entry, entry.updated - timedelta(days=90), 90) == 1.0
