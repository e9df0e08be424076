"""An agenda person gives nothing away, is true to the target but for marked mistakes, and can be replayed, over any catalogue.

What counts as giving away: the target's title or id as whole words in an utterance (case, accents and punctuation aside), a
sentence of a text field, a value that only one item carries. A title of one common word ("It") counts too: no wording may have it.
"""

from __future__ import annotations

import copy
import random
import string

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from convrec.catalogue.schema import Field, Schema
from convrec.evaluation.sessions.agenda import AgendaSimulator
from convrec.evaluation.sessions.agenda_answers import parse_range
from convrec.evaluation.sessions.agenda_goals import Secret, fold, has_words, words
from convrec.evaluation.sessions.people import Item, Person, Question, Shown, View

SENTENCE = "zebras quietly wander through the plot"
LONELY = "Quokka Lore"

FILMS = Schema(
    noun="film",
    nouns="films",
    fields=(
        Field(name="title", type="text"),
        Field(name="year", type="number"),
        Field(name="genres", type="tags"),
        Field(name="director", type="category"),
        Field(name="runtime", type="number", description="in minutes"),
        Field(name="black_and_white", type="bool", label="black and white"),
        Field(name="description", type="text"),
        Field(name="poster", type="image"),
    ),
)
HEAT = Item(
    "t-95",
    {
        "title": "Heat",
        "year": 1995,
        "genres": ["Crime", "Thriller"],
        "director": "Michael Mann",
        "runtime": 170,
        "black_and_white": False,
        "description": SENTENCE,
    },
)
OLD = Item("t-60", {"title": "Shadows", "year": 1960, "genres": ["Western", "Crime"], "runtime": 81})
OTHER = Item("t-10", {"title": "Meadow", "year": 2010, "genres": ["Comedy"], "director": "Ann Hui", "runtime": 95})
COMMON = {
    "genres": (("Comedy", 40), ("Western", 30), ("Crime", 20), ("Thriller", 9)),
    "director": (("Ann Hui", 4), ("Michael Mann", 3)),
}
VIEW = View(FILMS, COMMON)


def begin(person, view=VIEW, seed=0):
    return AgendaSimulator().begin(person, view, random.Random(seed))


def answers(shown, *, mistakes=0.0, seeds=range(60), person=None):
    for seed in seeds:
        conversation = begin(person or Person("p", HEAT, mistakes=mistakes, patience=9), seed=seed)
        conversation.opening()
        yield conversation.respond(shown)


def asked(facet, *options):
    return Shown("?", question=Question(facet, "?", tuple(options)))


def any_shown(rng, view, items):
    """Returns items, a question, both or neither."""
    shown = tuple(rng.sample(items, min(len(items), rng.choice((0, 1, 3)))))
    if rng.random() < 0.4:
        return Shown("...", shown)
    facet = rng.choice([*view.schema.names, "mood", "item"])
    offered = [value for value, _ in view.common.get(facet, ())]
    ranges = ["the 90s", "under 100", "100-150", "2010 or later", "no idea"]
    options = tuple(rng.sample(offered, min(3, len(offered)))) if rng.random() < 0.5 else tuple(rng.sample(ranges, 2))
    return Shown("...", shown, Question(facet, "?", options if rng.random() < 0.7 else ()))


def whole(conversation, view, items, seed=1):
    """Returns every utterance of a conversation with somebody who shows and asks at random."""
    rng = random.Random(seed)
    said = [conversation.opening()]
    while not said[-1].done:
        said.append(conversation.respond(any_shown(rng, view, items)))
    return said


def is_true(statement, item):
    """Tells whether a statement about a field holds, as the interface defines it."""
    fact = item.facts.get(statement.facet)
    if fact is None:
        return False
    if isinstance(statement.value, tuple):
        low, high = statement.value
        if isinstance(fact, str) and len(fact) == 4 and fact.isdigit():
            fact = f"{fact}-01-01"  # of a date that is a year alone, any day of it is meant
        inside = (low is None or str_or_number(fact, low)) and (high is None or str_or_number(high, fact))
        return inside == (statement.polarity > 0)
    has = statement.value in fact if isinstance(fact, list) else statement.value == fact
    return has == (statement.polarity > 0)


def str_or_number(high, low):
    return str(high) >= str(low) if isinstance(high, str) or isinstance(low, str) else high >= low


# Any catalogue at all

NAMES = [
    "genres", "category", "director", "cast", "keywords", "tags", "year", "release_year", "released", "price", "runtime", "pages",
    "rating", "votes", "min_players", "complexity", "language", "country", "city", "platform", "is_free", "multiplayer", "slug",
    "source_title", "cuisine", "mechanics", "weight (kg)", "größe", "x",
]  # fmt: skip
TYPES = ["text", "category", "tags", "number", "date", "bool", "url", "image"]
TITLES = st.one_of(
    st.sampled_from([
        "Heat", "It", "Up", "The Piano Teacher", "Amélie", "1984", "Something", "French Film", "M", "!!!", "Not Sure",
        "What else do you have?", "Spider-Man: Home", "千と千尋の神隠し", "2001: A Space Odyssey", "{np}", "a b c", "I'm Not There",
    ]),
    st.text(min_size=1, max_size=20).filter(str.strip),
)  # fmt: skip
WORDS = st.sampled_from(
    "Comedy Drama Western French Japanese Crime|Noir RPG 3D Zürich dark cozy {v} $$ PG-13 東京 Worker-Placement".split()
)
NUMBERS = st.one_of(
    st.integers(-10, 3000), st.floats(allow_nan=True, allow_infinity=True), st.just(10**400), st.integers(1900, 2030)
)


@st.composite
def values(draw, title):
    """Returns a value of a category or tag: ordinary, or one with the title in it."""
    planted = [title, title.upper(), f"The {title} saga", title.split()[0] if title.split() else title, LONELY]
    return draw(st.one_of(WORDS, st.sampled_from(planted), st.text(min_size=1, max_size=12), st.just(SENTENCE)))


@st.composite
def facts(draw, schema, title):
    """Returns an item's facts; any field but the title may be missing."""
    kinds = {
        "text": st.just(SENTENCE),
        "url": st.just("https://example.org/quux-corge"),
        "image": st.just("quux-corge.png"),
        "category": values(title),
        "tags": st.lists(values(title), max_size=4),
        "number": NUMBERS,
        "bool": st.booleans(),
        "date": st.sampled_from(["1999-03-01", "2015", "soon", "0033-01-01"]),
    }
    found = {f.name: draw(kinds[f.type]) for f in schema.fields if f.name != "title" and draw(st.booleans())}
    return {"title": title} | found


@st.composite
def worlds(draw):
    """Returns a person with the catalogue's view and other items, all over an arbitrary schema."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=7))
    fields = [Field(name=name, type=draw(st.sampled_from(TYPES))) for name in names]
    noun = draw(st.sampled_from([("film", "films"), ("item", "items"), ("board game", "board games")]))
    schema = Schema(noun=noun[0], nouns=noun[1], fields=(Field(name="title", type="text"), *fields))
    title = draw(TITLES)
    target = Item("qz-target-77", draw(facts(schema, title)))
    others = [Item(f"other-{n}", draw(facts(schema, draw(TITLES)))) for n in range(draw(st.integers(0, 3)))]
    counts = st.lists(st.tuples(values(title).filter(lambda v: v != LONELY), st.integers(2, 50)), max_size=5)
    common = {f.name: ((LONELY, 1), *draw(counts)) for f in schema.of_type("category", "tags")}
    person = Person("p", target, tuple(others), draw(st.integers(1, 12)), draw(st.sampled_from([0.0, 0.15, 0.9])))
    return person, View(schema, common if draw(st.booleans()) else {}), others


@settings(max_examples=150, deadline=None)
@given(worlds(), st.integers(0, 10**6))
def test_nothing_gives_the_target_away(world, seed):
    person, view, others = world
    # A shown item of the same name is named by its place, so the title stays unsaid even then.
    said = whole(begin(person, view, seed), view, others, seed)
    for utterance in said:
        folded = fold(utterance.text)
        assert not has_words(folded, fold(person.target.title))
        assert "qz target 77" not in folded
        assert "quux corge" not in folded
        if any(person.target.facts.get(f.name) == SENTENCE for f in view.schema.of_type("text")):
            assert SENTENCE not in folded
        if view.common:
            assert fold(LONELY) not in folded
        assert all(statement.value != person.target.id for statement in utterance.statements)


@settings(max_examples=100, deadline=None)
@given(worlds(), st.integers(0, 10**6))
def test_statements_say_of_the_target_what_they_claim(world, seed):
    person, view, others = world
    for utterance in whole(begin(person, view, seed), view, others, seed):
        for statement in (s for s in utterance.statements if s.facet != "item"):
            assert is_true(statement, person.target) == statement.true
            assert statement.true or utterance.mistakes == ("wrong",)


@settings(max_examples=50, deadline=None)
@given(worlds(), st.integers(0, 10**6))
def test_a_conversation_replays_and_its_copy_goes_on_alike(world, seed):
    person, view, others = world
    assert whole(begin(person, view, seed), view, others) == whole(begin(person, view, seed), view, others)
    first = begin(person, view, seed)
    first.opening()
    first.respond(asked("genres"))
    second = copy.deepcopy(first)
    shown = [any_shown(random.Random(turn), view, others) for turn in range(8)]
    assert [second.respond(s) for s in shown] == [first.respond(s) for s in shown]


@pytest.mark.parametrize("patience", [1, 2, 5, 12])
def test_people_stay_as_long_as_they_are_patient(patience):
    said = whole(begin(Person("p", HEAT, patience=patience)), VIEW, [OLD, OTHER])
    assert [utterance.done for utterance in said] == [False] * patience + [True]
    assert said[-1].statements == ()


def test_a_person_with_only_a_title_still_talks():
    schema = Schema()
    for seed in range(40):
        person = Person("p", Item("t", {"title": "Heat"}), patience=10, mistakes=0.15)
        said = whole(begin(person, View(schema), seed), View(schema), [Item("u", {"title": "Other"})], seed)
        assert all(u.text or u.mistakes == ("silence",) for u in said)
        assert all(s.facet == "item" for u in said for s in u.statements)


# Constructed conversations


def test_mistakes_are_as_frequent_as_the_person_makes_them():
    turns = [
        bool(u.mistakes)
        for seed in range(250)
        for u in whole(begin(Person("p", HEAT, (OTHER,), 9, 0.15), seed=seed), VIEW, [OLD, OTHER], seed)[1:-1]
    ]
    assert len(turns) == 2000
    assert 0.12 < sum(turns) / len(turns) < 0.18


def test_all_four_mistakes_occur_and_are_what_they_are_called():
    kinds = set()
    for seed in range(80):
        earlier = []
        for u in whole(begin(Person("p", HEAT, (), 9, 0.6), seed=seed), VIEW, [OLD, OTHER], seed):
            kinds.update(u.mistakes)
            if "silence" in u.mistakes:
                assert not u.statements
            if "wrong" in u.mistakes:
                assert any(not s.true for s in u.statements)
            if "change_of_mind" in u.mistakes:
                assert u.retracted
            assert all(s in earlier for s in u.retracted)
            earlier += u.statements
    assert kinds == {"wrong", "silence", "typo", "change_of_mind"}


def test_an_offered_value_that_fits_is_chosen():
    for u in answers(asked("genres", "Comedy", "Western", "Thriller")):
        assert "thriller" in fold(u.text)
        assert any((s.facet, s.value, s.polarity) == ("genres", "Thriller", 1) for s in u.statements)


def test_options_that_do_not_fit_are_turned_down():
    for u in answers(asked("genres", "Comedy", "Western")):
        assert {("Comedy", -1), ("Western", -1)} <= {(s.value, s.polarity) for s in u.statements}


def test_a_range_that_fits_is_chosen():
    for u in answers(asked("year", "the 60s", "the 90s")):
        assert any(s.facet == "year" and s.value == (1990, 1999) for s in u.statements)
        assert "60s" not in u.text


def test_yes_or_no_is_answered():
    for u in answers(asked("black_and_white", "Yes", "No")):
        assert [s.value for s in u.statements if s.facet == "black_and_white"] == [False]


@pytest.mark.parametrize("facet", ["mood", "description", "poster", "title"])
def test_what_they_do_not_know_does_not_matter(facet):
    for u in answers(asked(facet)):
        assert u.text
        assert all(s.facet not in (facet, "item") for s in u.statements)


def test_what_is_older_or_of_another_kind_is_remarked_on():
    said = [s for u in answers(Shown("", (OLD,)), seeds=range(120)) for s in u.statements]
    assert any(s.facet == "year" and s.value == (1961, None) for s in said)
    assert any((s.facet, s.value, s.polarity) == ("genres", "Western", -1) for s in said)
    assert any((s.facet, s.value, s.polarity) == ("item", OLD.id, -1) for s in said)


def test_an_item_liked_before_is_recognised():
    person = Person("p", HEAT, (OTHER,), mistakes=0.0)
    known = [
        u for u in answers(Shown("", (OTHER,)), person=person) if u.statements and u.statements[0].value == OTHER.id
    ]
    assert any(u.statements[0].polarity > 0 for u in known)


def test_values_are_said_as_the_statements_have_them():
    for seed in range(60):
        for u in whole(begin(Person("p", HEAT, (), 9, 0.0), seed=seed), VIEW, [OLD, OTHER], seed):
            said = [s.value for s in u.statements if isinstance(s.value, str) and s.polarity > 0 and s.facet != "item"]
            assert all(fold(value) in fold(u.text) for value in said)


def test_nobody_says_the_same_twice():
    for seed in range(60):
        said = [u.text for u in whole(begin(Person("p", HEAT, (), 12, 0.0), seed=seed), VIEW, [OLD, OTHER], seed)]
        assert len(set(said)) == len(said)


def test_people_differ():
    openings = {begin(Person("p", HEAT, (OTHER,)), seed=seed).opening().text for seed in range(200)}
    assert len(openings) > 150
    assert 20 < sum(text == text.lower() for text in openings) < 120


# Words


@pytest.mark.parametrize("act", sorted(words()["acts"]))
def test_an_act_has_many_wordings_with_known_slots(act):
    wordings = words()["acts"][act]
    assert len({*wordings["terse"], *wordings["full"]}) >= 10
    known = "np v thing post which old new please label liked noun nouns these".split()
    texts = wordings["terse"] + wordings["full"]
    slots = {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}
    assert slots <= set(known)


def test_the_words_are_text_only():
    assert yaml.safe_load(yaml.safe_dump(words())) == words()


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("the 90s", (1990, 1999)),
        ("2010s", (2010, 2019)),
        ("90–120 minutes", (90, 120)),
        ("under 20", (None, 19)),
        ("20 or less", (None, 20)),
        ("2010 or later", (2010, None)),
        ("1,200+", (1200, None)),
        ("more than 4.5", (4.5, None)),
        ("something else", None),
    ],
)
def test_offered_ranges_are_understood(text, ends):
    assert parse_range(text) == ends


@pytest.mark.parametrize(
    ("title", "value"),
    [
        ("Heat", "HEAT"),
        ("Amélie", "The Amelie saga"),
        ("Star Wars", "war"),
        ("Spider-Man", "Spiderman"),
        ("千と千尋の神隠し", "千と千尋"),
        ("French Film", "French"),
        ("It", "it comes at night"),
    ],
)
def test_values_near_the_title_are_hidden(title, value):
    assert Secret.of(Item("x1", {"title": title})).hides(value)


def test_values_far_from_the_title_are_not_hidden():
    assert not Secret.of(Item("x1", {"title": "It"})).hides("Italian")
    assert not Secret.of(Item("x1", {"title": "M"})).hides("Comedy")
