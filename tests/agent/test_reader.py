"""The learned reader of messages: what it is given, how its scores become stretches, what it reads over schemas it never saw."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convrec.agent.compact.advice import advised, is_part, judged, respanned, titles_in, unlinked
from convrec.agent.compact.message import Message
from convrec.agent.compact.tagger.decoding import stretches, whole_words
from convrec.agent.compact.tagger.lookup import Lookup
from convrec.agent.compact.tagger.pieces import BEFORE, cut, features, found_in, open_tokenizer
from convrec.agent.compact.tagger.reader import Marked, Reader, Reading
from convrec.agent.state import DialogueState
from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.understanding import Preference
from convrec.tools.encoder import TextEncoder

KNIVES = [
    {"id": "1", "title": "Alder 9", "steel": "carbon", "maker": ["Ito & Sons"], "blade_cm": 21},
    {"id": "2", "title": "Birch", "steel": "stainless", "maker": ["Ferrand"], "blade_cm": 15},
    {"id": "3", "title": "Cedar Point", "steel": "carbon", "maker": ["Ferrand"], "blade_cm": 27},
]


@pytest.fixture(scope="module")
def tokenizer():
    return open_tokenizer(TextEncoder.open().folder)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    workspace = Workspace.create(tmp_path_factory.mktemp("knives") / "w")
    rows = tmp_path_factory.mktemp("rows") / "knives.jsonl"
    rows.write_text("\n".join(map(json.dumps, KNIVES)), "utf-8")
    ingest(workspace, items=[rows])
    return workspace.catalogue()


@pytest.fixture(scope="module")
def reader(catalogue):
    return Reader(catalogue, TextEncoder.open())


# What is looked up


def test_the_longest_run_of_words_is_found_first_and_a_plural_counts_as_its_singular():
    lookup = Lookup({"cuisine": ["thai", "thai noodle"], "title": ["Noodles"]})
    found = [(each.start, each.end, each.facets) for each in lookup.find(["cheap", "thai", "noodles", "noodles"])]
    assert found == [(1, 3, ("cuisine",)), (3, 4, ("title",))]


def test_what_is_found_marks_the_pieces_of_its_words(tokenizer):
    text = "a Cedar Point of carbon"
    pieces = cut(tokenizer, "", text)
    found = found_in(text, [Lookup({"steel": ["carbon"], "title": ["Cedar Point"]})])
    looked_up, known = features(pieces.places, found, {"steel": 0})
    words = [text[a:b] for a, b in pieces.places]
    assert words == ["a", "Cedar", "Point", "of", "carbon"]
    assert looked_up.tolist() == [[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]]
    assert known[:, 0].tolist() == [0, 0, 0, 0, 1]


def test_a_message_is_read_after_the_end_of_what_was_said_before_it_without_any_padding(tokenizer):
    pieces = cut(tokenizer, "one two three " * 40 + "which steel?", "carbon please")
    assert pieces.offset == BEFORE + 2
    assert tokenizer.decode(pieces.ids[1 : pieces.offset - 1]).endswith("which steel?")
    assert pieces.ids[pieces.offset : -1] == tokenizer.encode("carbon please", add_special_tokens=False).ids
    assert 0 not in pieces.ids


# From scores to stretches


def scores(*classes, n=3, high=8.0):
    """Returns scores of pieces that are surely of these classes."""
    found = np.zeros((len(classes), n), np.float32)
    found[np.arange(len(classes)), classes] = high
    return found


def test_pieces_of_one_class_are_one_stretch_and_a_beginning_divides_them():
    begins = np.array([9.0, -9, 9, -9, 0, 9], np.float32)
    found = [(s.first, s.last, s.label) for s in stretches(scores(1, 1, 1, 1, 0, 2), begins)]
    assert found == [(0, 2, 1), (2, 4, 1), (5, 6, 2)]


def test_a_doubtful_piece_goes_with_its_neighbours():
    doubtful = scores(1, 1, 1)
    doubtful[1] = [0, 1.0, 1.2]
    begins = np.array([9.0, -9, -9], np.float32)
    assert [(s.first, s.last, s.label) for s in stretches(doubtful, begins, least=0.0)] == [(0, 3, 1)]


def test_a_stretch_less_sure_than_asked_is_left_out():
    weak = scores(1, high=0.5)
    assert not list(stretches(weak, np.array([9.0], np.float32), least=0.9))


@given(st.integers(1, 12), st.integers(2, 5), st.integers(0, 10_000))
def test_stretches_follow_one_another_and_are_never_of_no_class(length, n, seed):
    rng = np.random.default_rng(seed)
    found = list(stretches(rng.normal(size=(length, n)).astype(np.float32), rng.normal(size=length), 0.0))
    places = [place for s in found for place in (s.first, s.last)]
    assert places == sorted(places)
    assert all(0 <= s.first < s.last <= length and 0 < s.label < n for s in found)


def test_a_stretch_is_widened_to_whole_words():
    assert whole_words("unforgettable!", 2, 5) == (0, 13)


# What is read


def test_fields_that_training_never_saw_are_told_by_their_names_and_values(reader):
    text = "a carbon knife by Ferrand"
    read = {text[one.start : one.end]: one.label for one in reader.read(text).marked}
    assert read["carbon"] == "steel"
    assert read["Ferrand"] == "maker"


def test_what_is_thought_of_an_item_is_read_from_the_words_around_it(reader):
    text = "I hated Cedar Point but I love Birch"
    judged_ = {
        text[one.start : one.end]: max(one.meant["attitude"], key=one.meant["attitude"].get)
        for one in reader.read(text).marked
    }
    assert judged_ == {"Cedar Point": "disliked", "Birch": "liked"}


@pytest.mark.parametrize("text", ["", " ", "😀", "\u200b", "a" * 5000, "carbon " * 3000])
def test_any_text_can_be_read(reader, text):
    assert all(0 <= one.start < one.end <= len(text) for one in reader.read(text).marked)


def test_an_encoder_that_the_weights_were_not_trained_on_is_left_alone():
    class Other:
        revision = "another"

    assert Reader.fits(TextEncoder.open())
    assert not Reader.fits(Other())


# Where it is heard


SAID = Message("whatever was said")


def marked(start, end, label, probability=0.99, **meant):
    shares = {"polarity": {"wanted": 1.0}, "attitude": {"neutral": 1.0}}
    return Marked(start, end, label, probability, shares | meant)


def reading(*ones, **acts):
    known = dict.fromkeys(("answer", "accept", "reject", "ask_item", "thank", "bye", "request"), 0.5)
    return Reading(ones, known | acts, {})


def test_a_sure_reader_overrules_what_rules_think_of_an_item():
    sure = marked(0, 4, "title", attitude={"disliked": 0.9, "liked": 0.1})
    assert judged("liked", (0, 4), reading(sure)) == "disliked"
    assert judged("compared", (0, 4), reading(sure)) == "compared"
    assert judged("liked", (8, 12), reading(sure)) == "liked"
    doubtful = marked(0, 4, "title", attitude={"disliked": 0.4, "liked": 0.3, "seen": 0.3})
    assert judged("seen", (0, 4), reading(doubtful)) == "seen"


def test_a_value_is_overruled_only_where_it_is_a_part_of_something_longer_of_another_kind():
    assert is_part("march tenth", (6, 10), ["address"], reading(marked(0, 10, "date")))
    assert not is_part("march tenth", (0, 10), ["address"], reading(marked(0, 10, "date")))
    assert not is_part("march tenth", (6, 10), ["date"], reading(marked(0, 10, "date")))
    assert not is_part("march tenth", (6, 10), ["address"], reading(marked(0, 10, "date", probability=0.5)))


def test_words_for_a_field_that_no_rule_linked_are_a_soft_wish(catalogue):
    text = "made by ferrandd"
    read = reading(marked(8, 16, "maker", polarity={"unwanted": 1.0}))
    (wish,) = unlinked(text, read, [], catalogue)
    assert (wish.facet, wish.value, wish.polarity, wish.strength, wish.span) == (
        "maker",
        "Ferrand",
        -1,
        "soft",
        (8, 16),
    )
    assert not list(unlinked(text, read, [(8, 16)], catalogue))
    let_go = reading(marked(8, 16, "maker", polarity={"let_go": 1.0}))
    assert not list(unlinked(text, let_go, [], catalogue))


def test_a_name_that_is_no_value_and_is_not_wanted_stays_free_words_which_a_title_may_have(catalogue):
    no = marked(3, 9, "maker", polarity={"unwanted": 1.0}, strength={"hard": 0.9, "soft": 0.1})
    (wish,) = unlinked("no tulips", reading(no), [], catalogue)
    assert (wish.facet, wish.value, wish.polarity, wish.strength) == ("text", "tulips", -1, "hard")
    yes = marked(3, 9, "maker", polarity={"wanted": 1.0}, strength={"hard": 0.9, "soft": 0.1})
    (wish,) = unlinked("by Tulips", reading(yes), [], catalogue)
    assert (wish.facet, wish.polarity, wish.strength) == ("maker", 1, "soft")


def test_a_wish_takes_the_whole_name_and_a_title_is_told_where_none_was_linked():
    part = Preference(facet="maker", value="Ito & Sons", span=(0, 3))
    assert respanned(part, reading(marked(0, 10, "maker"))).span == (0, 10)
    assert respanned(part, reading(marked(0, 10, "steel"))) == part
    assert titles_in(reading(marked(0, 5, "title"), marked(9, 12, "title")), [(0, 5)]) == [(9, 12)]


def test_acts_are_taken_from_a_sure_reader_where_they_are_possible():
    shown = DialogueState(slates=(("1", "2"),))
    wish = [Preference(facet="maker", value="Ito & Sons")]
    assert advised(SAID, ("other",), reading(accept=0.9), shown, [], []) == ("accept",)
    assert advised(SAID, ("other",), reading(accept=0.9), DialogueState(), [], []) == ("other",)
    assert advised(SAID, ("request",), reading(accept=0.9), shown, wish, []) == ("request",)
    assert advised(SAID, ("request",), reading(accept=0.9), shown, [], ["compared"]) == ("request",)
    assert advised(SAID, ("reject", "request"), reading(reject=0.01), shown, [], []) == ("request",)
    assert advised(SAID, ("reject",), Reading(), shown, [], []) == ("reject",)
    assert advised(SAID, ("accept",), reading(reject=0.9), shown, [], []) == ("accept",)


def test_a_wish_that_begins_with_a_yes_may_take_what_was_shown():
    shown, wish = DialogueState(slates=(("1", "2"),)), [Preference(facet="maker", value="Ito & Sons")]
    assert advised(Message("yes, and one by Ito"), ("request",), reading(accept=0.9), shown, wish, []) == (
        "request",
        "accept",
    )
    assert advised(Message("one by Ito, yes?"), ("request",), reading(accept=0.9), shown, wish, []) == ("request",)


def test_who_asks_turns_nothing_down_and_may_accept():
    shown = DialogueState(slates=(("1", "2"),))
    assert advised(SAID, ("ask_item",), reading(reject=0.97), shown, [], []) == ("ask_item",)
    assert advised(SAID, ("other",), reading(reject=0.97), shown, [], ["asked"]) == ("other",)
    assert advised(SAID, ("ask_item",), reading(accept=0.97), shown, [], []) == ("ask_item", "accept")


def test_who_asks_for_more_takes_nothing():
    shown = DialogueState(slates=(("1", "2"),))
    for text in ("go on", "ok, next one please", "and the first, by Ito?"):
        assert advised(Message(text), ("request",), reading(accept=0.97), shown, [], []) == ("request",)


def test_what_rules_hear_is_not_taken_away_where_nothing_would_be_left():
    shown = DialogueState(slates=(("1", "2"),))
    assert advised(SAID, ("reject",), reading(reject=0.01), shown, [], []) == ("reject",)
    assert advised(SAID, ("thank", "bye"), reading(thank=0.01, bye=0.01), shown, [], []) == ("thank", "bye")
