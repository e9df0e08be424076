"""Generated people: what they say is true of them, noise tells nothing of them, and held-out wordings stay apart."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convrec.catalogue.workspace import Workspace
from convrec.evaluation.memory.entries import audit
from convrec.evaluation.memory.facts import Fact, Telling, Value, known
from convrec.evaluation.memory.leaks import Secrets
from convrec.evaluation.memory.network import Deal, drawn, nodes
from convrec.evaluation.memory.people import personas
from convrec.evaluation.memory.reading import document, holds
from convrec.evaluation.memory.speaking import Speaker
from convrec.evaluation.memory.talking import inquiries, sittings_of
from convrec.evaluation.memory.tastes import offer_of
from convrec.evaluation.memory.wording import Style, Wording, articled, filled, noise_weights, wordings

FACTS = [
    (key, kind)
    for name in ("life_self", "life_people", "life_habits", "tastes")
    for key, each in document(name).items()
    if key != "kinds"
    for kind in each
]


@pytest.fixture(scope="module")
def offer(quick_shop):
    return offer_of(Workspace.open(quick_shop).catalogue())


@pytest.fixture(scope="module")
def crowd(offer):
    """Twenty people with all that they say."""
    speakers = [Speaker(person, offer, "all", 3) for person in personas(offer, 20, 3)]
    return [(speaker, [m for sitting in speaker.sittings(200) for m in sitting]) for speaker in speakers]


# The network


@settings(max_examples=50)
@given(seed=st.integers(0, 10**6))
def test_a_life_keeps_to_its_tables(seed):
    import random

    life, network = drawn(random.Random(seed), Deal(seed)), nodes()
    for name, node in network.items():
        row = node.row(life.get(node.given, "")) if node.table else {}
        assert not row or life[name] in row or (node.deal and "some" in row)
    assert (life["partner"] != "none") == (life["household"] in ("couple", "family"))
    assert (life["child"] != "none") == (life["household"] == "family")
    assert (life["pet_name"] != "none") == (life["pet"] != "none")


def test_every_fact_of_the_network_has_wordings_and_parents_come_first():
    seen = set()
    for name, node in nodes().items():
        assert not node.given or node.given in seen
        seen.add(name)
        assert not node.about or (wordings(f"{name}/tell", "all") and wordings(f"{name}/ask", "all"))


def test_the_first_people_are_the_same_however_many_there_are(offer):
    assert personas(offer, 3, 7) == personas(offer, 9, 7)[:3]
    assert personas(offer, 3, 7) != personas(offer, 3, 8)


# Wordings


@pytest.mark.parametrize(
    "key", [f"{key}/{kind}" for key, kind in FACTS] + [f"noise/{kind}" for kind in noise_weights()]
)
def test_the_two_parts_of_the_wordings_are_about_halves_and_share_nothing(key):
    dev, heldout, both = (wordings(key, choice) for choice in ("dev", "heldout", "all"))
    assert set(dev) | set(heldout) == set(both)
    assert not {each.text for each in dev} & {each.text for each in heldout}
    assert 0 <= len(dev) - len(heldout) <= 2  # of each hand's, one more
    assert len(heldout) >= 2


@pytest.mark.parametrize(("key", "kind"), [(k, kind) for k, kind in FACTS if kind != "ask"])
def test_a_telling_has_the_slot_of_what_it_tells(key, kind):
    slot = {"tell": ("v", "vs"), "update": ("v",), "drop": ("old", "v", "vs")}[kind]
    assert all(each.slots.intersection(slot) for each in wordings(f"{key}/{kind}", "all"))


def test_two_hands_say_each_thing_in_words_of_their_own():
    for name in ("life_self", "life_people", "life_habits", "tastes"):
        first, second = document(name), document(f"second_{name}")
        assert second.keys() == first.keys() - {"kinds"}
        for key, kinds in second.items():
            assert not any(set(said) & set(first[key][kind]) for kind, said in kinds.items())


def test_a_slip_befalls_no_value():
    import random

    for seed in range(50):
        said = filled(Wording("my hobby is {v}", "dev"), {"v": "orienteering"}, Style(slips=1.0), random.Random(seed))
        assert "orienteering" in said
        assert said != "my hobby is orienteering"


def test_articles_fit():
    assert articled("I'm a(n) architect and a(n) student, a(n) uniform, a(n) umbrella") == (
        "I'm an architect and a student, a uniform, an umbrella"
    )


# What is said


def test_ten_messages_of_noise_stand_for_each_that_tells(crowd):
    for _, messages in crowd:
        telling = sum(bool(message.tells) for message in messages)
        assert len(messages) == 200
        assert 9 <= (200 - telling) / telling <= 11


def test_each_telling_is_in_the_words_and_what_replaces_comes_after(crowd):
    for _, messages in crowd:
        told = {}
        for message in messages:
            for telling in message.tells:
                value = telling.value or telling.old
                assert value.within(message.text), (message.text, value)
                assert telling.kind == "tell" or telling.fact.key in told
                told[telling.fact.key] = telling
        kinds = [t.kind for m in messages for t in m.tells]
        assert kinds.count("update") >= 2


def test_five_facts_are_told_three_times_each_in_other_words(crowd):
    for _, messages in crowd:
        times = {}
        for message in messages:
            for telling in message.tells:
                times.setdefault(telling.fact.key, []).append(telling.kind)
        assert sum(kinds == ["tell"] * 3 for kinds in times.values()) == 5


def test_noise_has_nothing_of_the_person(crowd):
    for speaker, messages in crowd:
        for message in messages:
            if not message.tells:
                assert not [v.name for v in speaker.persona.values if v.within(message.text)], message.text


def test_time_goes_on_and_conversations_are_days_apart(crowd):
    for _, messages in crowd:
        times = [message.at for message in messages]
        assert times == sorted(times)
        assert len({message.thread for message in messages}) >= 4
        assert (times[-1] - times[0]).days >= 8


def test_a_question_has_no_answer_in_it(crowd, offer):
    speakers = [speaker for speaker, _ in crowd]
    for inquiry in inquiries(speakers, sittings_of(speakers, 200)):
        assert inquiry.questions
        for question in inquiry.questions:
            assert not question.about.value.within(question.text)


def test_all_about_one_fact_is_said_in_one_part_of_the_wordings(crowd):
    parts = {}
    for speaker, messages in crowd:
        for message in messages:
            for telling in message.tells:
                parts.setdefault((speaker.persona.id, telling.fact.key), set()).add(telling.part)
    assert all(len(each) == 1 for each in parts.values())
    assert {part for each in parts.values() for part in each} == {"dev", "heldout"}


@pytest.mark.parametrize("choice", ["dev", "heldout"])
def test_a_part_of_the_wordings_is_said_alone(offer, choice):
    speaker = Speaker(personas(offer, 1, 0)[0], offer, choice, 0)
    assert {message.part for sitting in speaker.sittings(200) for message in sitting} == {choice}


def test_where_a_catalogue_has_titles_alone_people_speak_of_these(tmp_path):
    from tests.evaluation.sessions_shop import catalogue_of

    offer = offer_of(
        catalogue_of(tmp_path, [{"id": str(n), "title": f"Silent Lantern {'abcdefgh'[n]}"} for n in range(8)])
    )
    assert not offer.kinds
    messages = [m for s in Speaker(personas(offer, 1, 0)[0], offer, "all", 0).sittings(200) for m in s]
    assert len(messages) == 200
    assert not [message.text for message in messages if "{" in message.text]


# What is known and kept

HOME = Fact("home", Value(("Porto",)), other=Value(("Graz",)))
DOG = Fact("pet_name", Value(("Biscuit",)), {"pet": "dog"})
VETO = Fact("veto_kind", Value(("western",)), facet="genres", polarity=-1)


def entry(value, facet="text", polarity=1, scope="lasting", about="", item_id=None):
    return {"facet": facet, "value": value, "polarity": polarity, "scope": scope, "about": about, "item_id": item_id}


def test_what_is_known_is_what_was_told_last():
    found = known([Telling(HOME, "tell"), Telling(DOG, "tell", "heldout"), Telling(HOME, "update")])
    assert (found["home"].value.name, found["home"].old.name, found["home"].part) == ("Graz", "Porto", "dev")
    assert found["pet_name"].part == "heldout"
    assert known([Telling(DOG, "tell"), Telling(DOG, "drop")])["pet_name"].value is None


def test_entries_are_right_double_out_of_date_or_junk():
    told = tuple(
        known([Telling(HOME, "tell"), Telling(HOME, "update"), Telling(DOG, "tell"), Telling(VETO, "tell")]).values()
    )
    profile = [
        entry("Graz", about="home"), entry("lives in Graz"), entry("Porto", about="home"), entry("Biscuit", about="dog's name"),
        entry("Western", "genres", -1), entry("Western", "genres", 1), entry("Rome"), entry("Comedy", "genres", 1, "session"),
    ]  # fmt: skip
    found = audit(profile, told)
    assert (len(found.entries), len(found.right), found.covered, found.doubled) == (7, 4, 3, 1)
    assert [each["value"] for each in found.stale] == ["Porto"]
    assert [(each["value"], each["polarity"]) for each in found.junk] == [("Western", 1), ("Rome", 1)]


def test_that_something_is_no_longer_so_is_neither_right_nor_junk():
    liked = Fact("liked_kind", Value(("noir",)), facet="genres")
    told = tuple(
        known([Telling(liked, "tell"), Telling(liked, "drop"), Telling(HOME, "tell"), Telling(HOME, "update")]).values()
    )
    assert not audit([entry("Noir", "genres", -1), entry("Porto", polarity=-1)], told).entries
    assert len(audit([entry("Noir", "genres", 1), entry("Porto")], told).stale) == 2


def test_one_entry_that_holds_two_facts_is_counted_for_one():
    told = tuple(known([Telling(HOME, "tell"), Telling(DOG, "tell")]).values())
    assert audit([entry("Biscuit of Porto")], told).covered == 1
    assert audit([entry("Biscuit of Porto"), entry("Porto")], told).covered == 2


def test_values_are_found_as_whole_words_however_inflected():
    assert holds("We adore Idà's comedies", ["comedy"])
    assert holds("born on March 14th!", ["14 March", "March 14th"])
    assert not holds("a romance in Romania", ["Roman", "Rome"])


def test_a_secret_is_what_one_person_alone_says_and_nobody_else_has(quick_shop):
    catalogue = Workspace.open(quick_shop).catalogue()
    values = {"a": [Value(("Porto",)), Value(("Ebba",)), Value(("Horror",))], "b": [Value(("Porto",)), Value(("Ivo",))]}
    said = {"a": ["I'm in Porto with Ebba, no Horror"], "b": ["Porto! I'm Ivo"]}
    secrets = Secrets(values, said, catalogue)
    assert len(secrets) == 2
    assert secrets.foreign("b", ["hello EBBA", "horror in Porto with Ivo"]) == ["ebba"]
    assert secrets.foreign("a", ["Ebba and Ivo's dog"]) == ["ivo"]


def test_the_files_of_words_are_plain_json_values():
    for name in (
        "life",
        "names",
        "noise",
        "tastes",
        "life_self",
        "life_people",
        "life_habits",
        "second_noise",
        "second_life_self",
    ):
        assert json.loads(json.dumps(document(name))) == document(name)
