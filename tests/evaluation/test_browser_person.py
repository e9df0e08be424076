import copy
import math
import random
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convrec.catalogue.schema import Field, Schema
from convrec.evaluation.sessions.browser import BrowserSimulator
from convrec.evaluation.sessions.browser_changes import changes
from convrec.evaluation.sessions.browser_facts import Mind, Secrets, counted, fold, met_in
from convrec.evaluation.sessions.browser_manner import mistyped
from convrec.evaluation.sessions.browser_numbers import interval, rounds, spans
from convrec.evaluation.sessions.browser_phrases import Phrases
from convrec.evaluation.sessions.browser_wishes import Wording
from convrec.evaluation.sessions.people import Item, Person, Question, Shown, View

pytestmark = pytest.mark.ci

KINDS = ["Drama", "Comedy", "Crime", "Horror", "Sci-Fi", "Żółty", "ドラマ"]
PEOPLE = ["Jane Ruiz", "Bo Lind", "Ana Petrova"]
COUNTRIES = ["France", "Japan", "Perú"]
# Titles that are a value, part of one, a number, no word at all, or what people say anyway.
TITLES = [
    "Crime Story",
    "It",
    "1984",
    "Żółty",
    "Qzx Vorn",
    "!!!",
    "Horror",
    "The Jane Ruiz Show",
    "Something",
    "The First One",
]
PLOT = "A lighthouse keeper counts the ships. Nobody comes home."
FILMS = Schema(
    noun="film",
    nouns="films",
    fields=(
        Field(name="title", type="text"),
        Field(name="year", type="number"),
        Field(name="genres", type="tags"),
        Field(name="director", type="category"),
        Field(name="country", type="category"),
        Field(name="price", type="number"),
        Field(name="runtime", type="number", description="in minutes"),
        Field(name="released", type="date"),
        Field(name="in_colour", type="bool"),
        Field(name="plot", type="text"),
        Field(name="page", type="url"),
        Field(name="poster", type="image"),
    ),
)


def film(number: int, rng: random.Random, **facts) -> Item:
    drawn = {
        "title": f"Xyloquy {number}",
        "year": rng.randint(1930, 2023),
        "genres": rng.sample(KINDS, 2),
        "director": rng.choice(PEOPLE),
        "country": rng.choice(COUNTRIES),
        "price": rng.choice([0, 4.5, 9, 12.99, 40]),
        "runtime": rng.randint(60, 200),
        "released": f"{rng.randint(1930, 2023)}-03-04",
        "in_colour": rng.random() < 0.5,
    }
    return Item(f"id-{number}-q", drawn | facts)


def view_of(items, schema=FILMS) -> View:
    common = {}
    for field in schema.of_type("category", "tags"):
        counts = {}
        for item in items:
            held = item.facts.get(field.name) or []
            for value in [held] if isinstance(held, str) else held:
                counts[value] = counts.get(value, 0) + 1
        common[field.name] = tuple(sorted(counts.items(), key=lambda pair: -pair[1]))
    return View(schema, common)


def catalogue(seed: int, n: int = 30, **facts) -> list[Item]:
    rng = random.Random(seed)
    return [film(0, rng, **({"plot": PLOT} | facts)), *(film(number, rng) for number in range(1, n))]


def question_about(field: Field, view: View, rng: random.Random) -> Question:
    options = {
        "bool": ("Yes", "No"),
        "number": ("under 50", "50-120", "over 120", "before 1980", "1980s", "1990 or newer"),
        "date": ("the seventies", "before 1970", "1980 or newer"),
    }.get(field.type, tuple(value for value, _ in view.common.get(field.name, ())[:4]))
    return Question(field.name, f"Which {field.label}?", options if rng.random() < 0.7 else ())


def slates(items, view, seed, turns, size=3, ask=0.4):
    """What a responder shows that picks by chance: it knows nothing of what is said."""
    rng = random.Random(seed)
    for _ in range(turns):
        shown = tuple(rng.sample(items, min(size, len(items))))
        asks = rng.random() < ask
        yield Shown("", shown, question_about(rng.choice(view.schema.fields), view, rng) if asks else None)


def talk(conversation, shown):
    """The utterances, each with the slate that it reacts to."""
    said = [(conversation.opening(), Shown(""))]
    said += [(conversation.respond(slate), slate) for slate in shown]
    return said


def start(items, view, seed, **person):
    chosen = {"patience": 8, "liked": tuple(items[1:4])} | person
    rng = random.Random(seed)
    return BrowserSimulator(this_year=2024).begin(Person("p", items[0], **chosen), view, rng)


def true_of(statement, target, schema) -> bool:
    """The meaning of a statement, told apart from the simulator."""
    if statement.facet == "item":
        return statement.polarity > 0 or statement.value != target.id
    held, kind = target.facts.get(statement.facet), schema.field(statement.facet).type
    if kind == "tags":
        carries = statement.value in (held or [])
    elif kind in ("number", "date"):
        low, high = statement.value
        carries = held is not None and low <= held <= high
    else:
        carries = held is not None and held == statement.value
    return carries == (statement.polarity > 0)


@st.composite
def worlds(draw):
    """A catalogue of any fields, in which items lack facts and values resemble the target's title."""
    types = draw(st.lists(st.sampled_from(["category", "tags", "number", "date", "bool", "text", "url"]), max_size=7))
    fields = [Field(name="title", type="text")]
    fields += [Field(name=f"{kind}_{number}", type=kind) for number, kind in enumerate(types)]
    if draw(st.booleans()):
        fields.append(Field(name="year", type="number"))
    schema = Schema(fields=tuple(fields), noun=draw(st.sampled_from(["item", "book", "Gerät"])))
    rng = random.Random(draw(st.integers(0, 2**32)))
    title = draw(st.sampled_from(TITLES))
    words = [
        *KINDS,
        *PEOPLE,
        title,
        title.upper(),
        f"{title} II",
        title.split()[0],
        "x" * 60,
        "  ",
        "{odd}",
        "Only Once",
    ]
    items = [_any_item(number, title if number == 0 else f"Other {number}", fields, words, rng) for number in range(12)]
    full = view_of(items, schema)
    kept = {name: values for name, values in full.common.items() if rng.random() < 0.8}
    return items, View(schema, kept), draw(st.integers(0, 2**32))


def _any_item(number, title, fields, words, rng) -> Item:
    facts = {"title": title}
    for field in fields[1:]:
        value = {
            "category": lambda: rng.choice(words),
            "tags": lambda: rng.sample(words, rng.randint(0, 4)),
            "number": lambda: rng.choice([1984, 0, -7, 3.25, 99, 1e300, 5e-324, rng.randint(1900, 2030)]),
            "date": lambda: rng.choice(["1984-02-30", "soon", "", f"{rng.randint(1900, 2030)}-01-01"]),
            "bool": lambda: rng.random() < 0.5,
            "text": lambda: PLOT if number == 0 else f"Plot {number}.",
            "url": lambda: f"https://example.org/{number}/{title}",
        }[field.type]
        if rng.random() < 0.8:
            facts[field.name] = value()
    return Item(f"key-{number}-z", facts)


anything = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@anything
@given(worlds())
def test_nobody_gives_their_target_away(world):
    items, view, seed = world
    target, title = items[0], fold(items[0].title)
    said = talk(start(items, view, seed, mistakes=0.3), slates(items[1:], view, seed, 7))
    counts = {(name, value): n for name, common in view.common.items() for value, n in common}
    for utterance, _ in said:
        words = f" {fold(utterance.text)} "
        assert f" {fold(target.id)} " not in words
        assert len(title) < 4 or f" {title} " not in words
        assert "lighthouse keeper" not in words
        assert "nobody comes home" not in words
        for statement in utterance.statements:
            assert statement.value != target.id
            if isinstance(statement.value, str) and statement.facet != "item":
                value = fold(statement.value)
                assert value
                assert not title or (title not in value and value not in title)
                assert statement.facet not in view.common or counts[statement.facet, statement.value] > 1


@anything
@given(worlds())
def test_statements_say_of_themselves_whether_they_are_true(world):
    items, view, seed = world
    dates = {field.name for field in view.schema.of_type("date")}
    for utterance, _ in talk(start(items, view, seed, mistakes=0.5), slates(items[1:], view, seed, 7)):
        for statement in utterance.statements:
            if statement.facet not in dates:  # a date that is none can't be compared by its letters
                assert statement.true == true_of(statement, items[0], view.schema)
        assert ("wrong" in utterance.mistakes) >= any(not statement.true for statement in utterance.statements)


@pytest.mark.parametrize("seed", range(30))
def test_dates_too_are_true_as_marked(seed):
    items = catalogue(seed)
    view = view_of(items)
    for utterance, _ in talk(start(items, view, seed, mistakes=0.4), slates(items[1:], view, seed, 7)):
        for statement in utterance.statements:
            assert statement.true == true_of(statement, items[0], FILMS)


@anything
@given(worlds())
def test_the_same_seed_gives_the_same_words_and_a_copy_goes_on_alike(world):
    items, view, seed = world
    shown = list(slates(items[1:], view, seed, 6))
    assert talk(start(items, view, seed), shown) == talk(start(items, view, seed), shown)
    conversation = start(items, view, seed)
    talk(conversation, shown[:3])
    twin = copy.deepcopy(conversation)
    assert [twin.respond(slate) for slate in shown[3:]] == [conversation.respond(slate) for slate in shown[3:]]


@pytest.mark.parametrize("patience", [1, 2, 5, 9])
def test_a_person_speaks_as_often_as_they_have_patience_and_leaves(patience):
    items = catalogue(1)
    view = view_of(items)
    said = talk(start(items, view, 3, patience=patience), slates(items[1:], view, 4, patience + 1))
    assert [utterance.done for utterance, _ in said] == [False] * patience + [True] * 2
    assert all(not utterance.statements for utterance, _ in said[patience:])


@pytest.mark.parametrize("rate", [0.0, 0.15, 0.4])
def test_mistakes_are_as_frequent_as_the_person_makes_them(rate):
    items = catalogue(2)
    view = view_of(items)
    said = [
        utterance
        for seed in range(250)
        for utterance, _ in talk(start(items, view, seed, mistakes=rate), slates(items[1:], view, seed, 7))[1:]
    ]
    wrong = [utterance for utterance in said if utterance.mistakes]
    assert abs(len(wrong) / len(said) - rate) < 0.04
    kinds = {mistake for utterance in wrong for mistake in utterance.mistakes}
    assert kinds == ({"wrong", "silence", "typo", "change_of_mind"} if rate else set())


def test_a_mistake_is_what_it_is_called():
    items = catalogue(3)
    view = view_of(items)
    for seed in range(150):
        before = []
        for utterance, _ in talk(start(items, view, seed, mistakes=0.5), slates(items[1:], view, seed, 7)):
            assert bool(utterance.retracted) == ("change_of_mind" in utterance.mistakes)
            assert set(utterance.retracted) <= set(before)
            assert any(not s.true for s in utterance.statements) == ("wrong" in utterance.mistakes)
            if "silence" in utterance.mistakes:
                assert not utterance.statements
                assert len(utterance.text) <= 8
            if "change_of_mind" in utterance.mistakes:
                assert utterance.statements
            before += utterance.statements


COMPARED = {
    "older": ("year", "released", -1),
    "newer": ("year", "released", 1),
    "cheaper": ("price", "price", -1),
    "pricier": ("price", "price", 1),
    "shorter": ("runtime", "runtime", -1),
    "longer": ("runtime", "runtime", 1),
}


def test_relative_critiques_point_from_what_is_shown_to_the_target():
    heard = set()
    for seed in range(200):
        items = catalogue(seed)
        view, target = view_of(items), items[0]
        shown = slates(items[1:], view, seed, 7, size=1, ask=0.0)
        for utterance, slate in talk(start(items, view, seed, mistakes=0.0), shown):
            for word in COMPARED.keys() & set(re.findall(r"[a-z]+", utterance.text.lower())):
                *names, sign = COMPARED[word]
                apart = [_past(target, name) - _past(slate.items[0], name) for name in names]
                assert any(difference * sign > 0 for difference in apart)
                heard.add(word)
    assert heard == set(COMPARED)


def _past(item, name):
    held = item.facts[name]
    return int(held[:4]) if isinstance(held, str) else held


def test_changes_are_the_differences_of_the_target_from_an_item():
    target = Item("t", {"title": "T-q", "year": 1960, "genres": ["Drama", "Crime"], "price": 10, "in_colour": False})
    shown = Item("s", {"title": "S-q", "year": 1990, "genres": ["Drama", "Comedy"], "price": 30, "in_colour": True})
    common = {"genres": (("Drama", 2), ("Crime", 2), ("Comedy", 2))}
    mind = Mind(target.facts, counted(View(FILMS, common)), Secrets(target, FILMS))
    found = changes([shown], mind, Wording(Phrases.load(), FILMS), random.Random(0))
    meant = {(c.statement.facet, c.statement.value, c.statement.polarity) for c in found}
    assert meant == {
        ("year", (-math.inf, 1989), 1),
        ("genres", "Comedy", -1),
        ("genres", "Crime", 1),
        ("price", (-math.inf, math.nextafter(30, 0)), 1),
        ("in_colour", False, 1),
    }
    assert {"older", "cheaper"} <= {c.text for c in found}
    assert changes([target], mind, Wording(Phrases.load(), FILMS), random.Random(0)) == []


def test_a_value_that_one_item_alone_carries_is_never_said_but_one_seen_elsewhere_is():
    target = Item("t", {"title": "T-q", "director": "Bo Lind", "country": "Fiji"})
    field = FILMS.field("director")
    view = View(FILMS, {"director": (("Bo Lind", 1), ("Ana Petrova", 5))})
    assert Mind(target.facts, counted(view), Secrets(target, FILMS)).values(field) == []
    unknown = View(FILMS)
    assert Mind(target.facts, counted(unknown), Secrets(target, FILMS)).values(field) == []
    met = met_in([Item("o", {"title": "O", "director": "Bo Lind"})], FILMS)
    assert Mind(target.facts, counted(unknown), Secrets(target, FILMS), met).values(field) == ["Bo Lind"]


def test_a_question_is_answered_in_seven_cases_of_ten_with_the_option_that_fits():
    items = catalogue(5, genres=["Drama", "Crime"], director="Bo Lind")
    view = view_of(items)
    asked = Shown("", (), Question("director", "By whom?", ("Jane Ruiz", "Bo Lind")))
    answers = 0
    for seed in range(500):
        conversation = start(items, view, seed, mistakes=0.0, liked=())
        conversation.opening()
        said = conversation.respond(asked)
        bo = [s for s in said.statements if s.facet == "director" and s.polarity > 0]
        answers += bool(bo) and bool(re.search(r"bo lind|second", said.text.lower()))
        assert all(s.value == "Bo Lind" for s in bo)
    assert 0.65 < answers / 500 < 0.8


def test_who_has_no_answer_says_so_or_ignores_the_question():
    items = [Item("a-1", {"title": "Vorn"}), Item("b-2", {"title": "Kip"})]
    view = View(Schema())
    shrugs = 0
    for seed in range(200):
        conversation = start(items, view, seed, mistakes=0.0, liked=())
        conversation.opening()
        said = conversation.respond(Shown("", (items[1],), Question("weather", "Rain or sun?", ("rain", "sun"))))
        shrugs += bool(re.search(r"no idea|surprise|mind|say|matter|dunno", said.text.lower()))
        assert not any(s.facet != "item" for s in said.statements)
    assert shrugs > 100


def test_what_is_demanded_is_hard_and_what_is_leant_to_soft():
    demand = re.compile(r"\b(must|only|has to|nothing|no|not)\b")
    for seed in range(200):
        items = catalogue(seed)
        view = view_of(items)
        for utterance, _ in talk(start(items, view, seed, mistakes=0.0), slates(items[1:], view, seed, 7)):
            if any(s.hard for s in utterance.statements if s.facet != "item"):
                assert demand.search(utterance.text.lower())
            if re.fullmatch(r"(it must|has to be|only) .*", utterance.text.lower()) and len(utterance.statements) == 1:
                assert utterance.statements[0].hard


def test_only_items_that_they_liked_or_see_are_named():
    items = catalogue(7)
    view = view_of(items)
    for seed in range(100):
        liked = {item.title for item in items[1:4]}
        for utterance, slate in talk(start(items, view, seed), slates(items[1:], view, seed, 7)):
            named = re.findall(r"xyloquy \d+", utterance.text.lower())
            assert set(named) <= {title.lower() for title in liked | {item.title for item in slate.items}}


@pytest.mark.parametrize("facts", [{}, {"year": None}, {"genres": "Drama"}, {"released": "n/a"}, {"title": "\u202e"}])
def test_people_manage_with_hardly_any_facts(facts):
    target = Item("only-1", {"title": "Vorn"} | facts)
    for seed in range(40):
        conversation = start([target], View(FILMS), seed, mistakes=0.5, liked=())
        said = talk(conversation, [Shown("x"), Shown("", (target, target)), Shown("", (target,), Question("", ""))])
        assert all(isinstance(utterance.text, str) for utterance, _ in said)


@given(st.integers(1000, 2099), st.none() | st.integers(1990, 2060))
def test_what_is_said_of_a_year_holds_of_it(year, this_year):
    for span in spans(year, this_year):
        inside = (span.low is None or span.low <= year) and (span.high is None or year <= span.high)
        assert inside == (span.polarity > 0)


@given(st.integers(1, 10**9) | st.floats(0.001, 1e9))
def test_round_numbers_lie_around_a_value(value):
    near = rounds(value)
    assert near.lower < value < near.upper
    assert abs(near.nearest - value) <= near.step / 2 * 1.01


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("1990s", (1990, 1999, True)),
        ("the 80s", (1980, 1989, True)),
        ("the seventies", (1970, 1979, True)),
        ("1990s or newer", (1990, None, True)),
        ("before 1980", (None, 1980, False)),
        ("under 1,000", (None, 1000, False)),
        ("2-4 players", (2, 4, True)),
        ("120 or more", (120, None, True)),
        ("10+", (10, None, True)),
        ("1984", None),
        ("whatever", None),
    ],
)
def test_offered_bounds_are_understood(text, span):
    assert interval(text) == span


@given(st.text(max_size=40), st.integers())
def test_a_slip_changes_a_letter_or_two_of_a_word(text, seed):
    slipped = mistyped(text, random.Random(seed))
    assert len(slipped.split()) == len(text.split())
    assert abs(len(slipped) - len(text)) <= 2
