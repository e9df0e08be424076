"""What a message speaks of without naming it: the item, the kind or the person that the thread is about."""

import pytest

from convrec.agent.compact.tagger.reader import Marked, Reading
from convrec.agent.planner import decide
from convrec.agent.state import DialogueState, HeldWish
from convrec.agent.wishes import absorb
from convrec.core.understanding import Preference, Reference, Understanding
from tests.agent.linked_catalogues import film_catalogue
from tests.agent.understood import Listener

OTHER = {"title": 0.0, "genre": 0.0, "person": 0.0, "other": 0.0}
NO_ACTS = dict.fromkeys(("answer", "accept", "reject", "ask_item", "thank", "bye", "request"), 0.1)


class Says:
    """A reader that says of every message what a test wants it to."""

    def __init__(self, topic, *marked, share=0.95, **acts):
        self.reading = Reading(marked, NO_ACTS | acts, OTHER | {topic: share})

    def read(self, text, before=""):
        return self.reading


def marked(text, words, label, probability=0.97):
    shares = {"polarity": {"wanted": 1.0}, "attitude": {"neutral": 1.0}, "scope": {"session": 1.0, "lasting": 0.0}}
    start = text.index(words)
    return Marked(start, start + len(words), label, probability, shares)


@pytest.fixture
def listener(tmp_path):
    return Listener(film_catalogue(tmp_path))


def hear(listener, text, topic, state, *words, **said):
    listener.understander._reader = Says(topic, *(marked(text, *each) for each in words), **said)
    return listener.hear(text, state)


def pointed(heard):
    return [(reference.kind, reference.item_ids, reference.span) for reference in heard.references]


def test_a_short_answer_speaks_of_the_one_item_that_was_asked_about(listener):
    about = listener.state(focus=("Heat (1995)",))
    assert pointed(hear(listener, "Yes, I have.", "title", about)) == [
        ("pronoun", (listener.id("Heat (1995)"),), (0, 0))
    ]
    assert pointed(hear(listener, "Yes, I have.", "other", about)) == []
    assert pointed(hear(listener, "Yes, I have.", "title", about, request=0.99)) == []


def test_where_several_items_are_on_the_table_none_is_guessed(listener):
    several = listener.state(shown=("Heat (1995)", "Jaws"))
    (found,) = hear(listener, "The acting was great.", "title", several).references
    assert found.item_ids == ()
    one = listener.state(shown=("Jaws",))
    (found,) = hear(listener, "The acting was great.", "title", one).references
    assert found.item_ids == (listener.id("Jaws"),)


def test_words_for_the_item_in_question_point_at_it(listener):
    text = "The acting was great, it's a classic tale"
    heard = hear(listener, text, "title", listener.state(focus=("Jaws",)), ("The acting", "pointer"))
    spans = [text[slice(*reference.span)] for reference in heard.references]
    assert spans == ["The acting", "it"]
    assert {reference.item_ids for reference in heard.references} == {(listener.id("Jaws"),)}


def test_a_title_that_the_catalogue_does_not_have_points_at_no_item_and_is_no_wish(listener):
    text = "I watched Bird Boxer, all of it"
    heard = hear(listener, text, "title", DialogueState(), ("Bird Boxer", "title"))
    assert ("title", (), (10, 20)) in pointed(heard)
    assert all(wish.facet != "item" for wish in heard.preferences)
    small = hear(listener, "the fights were long", "title", DialogueState(), ("the fights", "title"))
    assert all(reference.kind != "title" for reference in small.references)


def test_a_reference_to_nothing_changes_no_state_and_names_nothing_to_the_planner(listener):
    nothing = Reference(kind="title", item_ids=(), span=(10, 16))
    heard = Understanding(acts=("request",), references=(nothing,))
    before = DialogueState(turn=1, focus=("1",))
    after = absorb(before, heard, "something like Zorbla", 2, listener.catalogue.schema)
    assert (after.focus, after.mentioned, after.rejected, after.seen) == (("1",), (), (), ())
    plan = decide(heard, before, "something like Zorbla", ())
    assert (plan.named, plan.about, plan.note) == ((), (), "unknown_title")


def test_a_kind_that_is_still_talked_about_is_told_as_the_thread_holds_it(listener):
    held = HeldWish(preference=Preference(facet="genres", value="Comedy", polarity=-1), turn=2)
    state = DialogueState(turn=3, held=(held,))
    (wish,) = hear(listener, "They are just so predictable", "genre", state).preferences
    assert (wish.facet, wish.value, wish.polarity, wish.span) == ("genres", "Comedy", -1, (0, 0))
    demanded = listener.state(demands=(("genres", "Western"),))
    (wish,) = hear(listener, "They are just so predictable", "genre", demanded).preferences
    assert (wish.value, wish.strength) == ("Western", "hard")


def test_telling_a_demand_again_adds_nothing_to_the_thread(listener):
    state = listener.state(demands=(("genres", "Western"),))
    heard = hear(listener, "They are just so predictable", "genre", state)
    after = absorb(state, heard, "They are just so predictable", 4, listener.catalogue.schema)
    assert (after.constraints, after.held) == (state.constraints, state.held)


@pytest.mark.parametrize(
    ("text", "polarity"), [("Sometimes I like them", 1), ("No, they bore me", -1), ("Now that is a question", None)]
)
def test_a_kind_that_only_the_other_side_named_is_wished_for_as_the_message_says(listener, text, polarity):
    state = DialogueState(reply="How do you feel about westerns?")
    wishes = [w for w in hear(listener, text, "genre", state).preferences if w.facet == "genres"]
    assert [(w.value, w.polarity) for w in wishes] == ([("Western", polarity)] if polarity else [])


def test_a_person_that_is_still_talked_about_is_told(listener):
    held = HeldWish(preference=Preference(facet="cast", value="Al Pacino"), turn=2)
    (wish,) = hear(listener, "He is the best", "person", DialogueState(turn=3, held=(held,))).preferences
    assert (wish.facet, wish.value) == ("cast", "Al Pacino")


def test_it_is_no_item_where_the_talk_is_of_kinds(listener):
    state = listener.state(focus=("Heat (1995)",))
    heard = hear(listener, "Sometimes I like it", "genre", state)
    assert not heard.references
    assert not [wish for wish in heard.preferences if wish.item_id]
    sure = hear(listener, "Sometimes I like it", "genre", state, ("it", "pointer"))
    assert pointed(sure) == [("pronoun", (listener.id("Heat (1995)"),), (17, 19))]


def test_a_kind_that_no_item_is_of_is_named_in_its_field(listener):
    text = "I like zombie movies"
    (wish,) = hear(listener, text, "genre", DialogueState(), ("zombie", "genres")).preferences
    assert (wish.facet, wish.value, wish.strength) == ("genres", "zombie", "soft")
    assert listener.hear(text).query == "zombie"
    doubtful = hear(listener, text, "genre", DialogueState(), ("zombie", "genres", 0.8)).preferences
    assert [wish.facet for wish in doubtful] == ["text"]
