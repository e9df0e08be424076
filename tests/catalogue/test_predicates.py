import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.columns import WholeTexts, WordIndex
from convrec.catalogue.schema import Field, Schema
from convrec.catalogue.segments import items_table, write_segment
from convrec.catalogue.values import days
from convrec.catalogue.version import Version
from convrec.core.errors import PredicateError
from convrec.core.predicate import parse_predicate
from convrec.core.text import fold, words

SCHEMA = Schema(
    fields=(
        Field(name="title", type="text"),
        Field(name="plot", type="text"),
        Field(name="studio", type="category"),
        Field(name="genres", type="tags"),
        Field(name="year", type="number"),
        Field(name="players", type="range"),
        Field(name="released", type="date"),
        Field(name="colour", type="bool"),
        Field(name="page", type="url"),
    )
)

# A plain evaluator, one item and one comparison at a time: True, False, or None for unknown.


def plain_compare(facts, field, op, value):
    have = facts.get(field)
    if op == "missing":
        return (have is None) == value
    if have is None:
        return None
    kind = next(f.type for f in SCHEMA.fields if f.name == field)
    if kind in ("number", "date", "bool"):
        as_number = days if kind == "date" else float
        have = as_number(have)
        wanted = [as_number(each) for each in (value if isinstance(value, list) else [value])]
        return {
            "eq": lambda: have == wanted[0],
            "ne": lambda: have != wanted[0],
            "lt": lambda: have < wanted[0],
            "le": lambda: have <= wanted[0],
            "gt": lambda: have > wanted[0],
            "ge": lambda: have >= wanted[0],
            "between": lambda: wanted[0] <= have <= wanted[1],
            "in": lambda: have in wanted,
        }[op]()
    if kind == "range":
        within = [
            number
            for number in RANGES[have]
            if plain_compare({"year": number}, "year", "eq" if op == "ne" else op, value)
        ]
        return bool(within) != (op == "ne")
    if op == "text":
        return set(words(value)) <= set(words(have))
    carried = {fold(each) for each in (have if isinstance(have, list) else [have])}
    wanted = {fold(each) for each in (value if isinstance(value, list) else [value])}
    if op in ("eq", "ne") and isinstance(value, list):
        return (carried == wanted) == (op == "eq")
    if op == "contains_all":
        return wanted <= carried
    return bool(wanted & carried) == (op != "ne")


def plain_evaluate(facts, document):
    match document["op"]:
        case "and":
            parts = [plain_evaluate(facts, arg) for arg in document["args"]]
            return False if False in parts else None if None in parts else True
        case "or":
            parts = [plain_evaluate(facts, arg) for arg in document["args"]]
            return True if True in parts else None if None in parts else False
        case "not":
            part = plain_evaluate(facts, document["arg"])
            return None if part is None else not part
        case op:
            return plain_compare(facts, document["field"], op, document["value"])


WORDS = ["crime", "Crime", "CRIME", "drame", "dramé", "Sci-Fi", "sci fi", "Ocean's 11", "Ocean’s 11", "war", "ß", "İ"]
RANGES = {"2": [2], "1-3": [1, 1.5, 2, 2.5, 3], "2-4": [2, 2.5, 3, 3.5, 4], "3+": [3, 3.5, 4, 9, 1e9]}
"""Ranges, and numbers in them among which there is one for every comparison that holds of any."""
DATES = ["1999-12-31", "2000-01-01", "2000-01-01T12:00:00", "2000-02-29"]
text = st.sampled_from(WORDS)
sentence = st.lists(text, min_size=1, max_size=4).map(" ".join)
number = st.sampled_from([-1, 0, 1, 1.5, 2, 1990, 1991, 1e6])
date = st.sampled_from(DATES)


def unique(values):
    return list({fold(value): value for value in values}.values()) or None


facts_of_an_item = st.fixed_dictionaries(
    {"title": sentence},
    optional={
        "plot": sentence,
        "studio": text,
        "genres": st.lists(text, min_size=1, max_size=4).map(unique),
        "year": number,
        "players": st.sampled_from([*RANGES]),
        "released": date,
        "colour": st.booleans(),
        "page": st.sampled_from(["https://a.example/X", "https://a.example/y"]),
    },
)


def comparison(field, ops, value):
    lists = {"in": st.lists(value, max_size=3), "between": st.tuples(value, value).map(list)}
    lists |= {"contains_any": st.lists(value, max_size=3), "contains_all": st.lists(value, max_size=3)}
    return st.sampled_from([*ops, "missing"]).flatmap(
        lambda op: (st.booleans() if op == "missing" else lists.get(op, value)).map(
            lambda v: {"field": field, "op": op, "value": v}
        )
    )


ORDER = ["eq", "ne", "lt", "le", "gt", "ge", "between", "in"]
comparisons = st.one_of(
    comparison("title", ["eq", "ne", "in", "text"], sentence),
    comparison("plot", ["eq", "text"], sentence),
    comparison("studio", ["eq", "ne", "in", "contains", "contains_any", "contains_all"], text),
    comparison("genres", ["eq", "ne", "in", "contains", "contains_any", "contains_all"], text),
    st.lists(text, min_size=1, max_size=3).map(lambda v: {"field": "genres", "op": "eq", "value": v}),
    comparison("year", ORDER, number),
    comparison("players", ORDER, st.sampled_from([1, 2, 2.5, 3, 4, 9])),
    comparison("released", ORDER, date),
    comparison("colour", ["eq", "ne", "in"], st.booleans()),
    comparison("page", ["eq", "ne", "in"], st.sampled_from(["https://A.example/x", "nowhere"])),
)
predicates = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        inner.map(lambda arg: {"op": "not", "arg": arg}),
        st.builds(
            lambda op, args: {"op": op, "args": args}, st.sampled_from(["and", "or"]), st.lists(inner, max_size=3)
        ),
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("segments")


def catalogue_of(folder, items):
    """Returns a catalogue of these items, laid out as an ingest would in two segments."""
    numbered, names = list(enumerate(items)), []
    for part in (numbered[::2], numbered[1::2]):
        columns = {f: [None if (v := item.get(f.name)) is None else v for _, item in part] for f in SCHEMA.fields}
        names.append(write_segment(folder, "items", items_table([str(n) for n, _ in part], columns)))
    return Catalogue(folder, Version(number=1, created="", what="ingest", items=tuple(names)), SCHEMA)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(items=st.lists(facts_of_an_item, max_size=12), document=predicates)
def test_a_mask_is_what_a_plain_evaluator_says_item_by_item(folder, items, document):
    catalogue = catalogue_of(folder, items)
    mask = catalogue.mask(parse_predicate(document))
    assert mask.dtype == np.bool_
    for item_id, held in zip(catalogue.ids, mask.tolist(), strict=True):
        assert held == (plain_evaluate(items[int(item_id)], document) is True)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(items=st.lists(facts_of_an_item, max_size=12), document=comparisons)
def test_a_missing_fact_satisfies_neither_a_comparison_nor_its_negation(folder, items, document):
    catalogue = catalogue_of(folder, items)
    if document["op"] == "missing":
        return
    either = catalogue.mask(parse_predicate({"op": "or", "args": [document, {"op": "not", "arg": document}]}))
    assert either.tolist() == catalogue.present(document["field"]).tolist()


def ids(workspace, document):
    catalogue = workspace.catalogue()
    return [catalogue.ids[row] for row in catalogue.mask(parse_predicate(document)).nonzero()[0]]


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"field": "year", "op": "between", "value": [1960, 1995]}, ["1", "2", "4"]),
        ({"field": "title", "op": "eq", "value": "AMELIE"}, ["3"]),
        ({"field": "title", "op": "eq", "value": "Ame"}, []),
        ({"field": "genres", "op": "contains", "value": "Comedy"}, ["3"]),
        ({"field": "genres", "op": "contains_all", "value": ["sci-fi", "horror"]}, ["2"]),
        ({"op": "not", "arg": {"field": "genres", "op": "contains", "value": "horror"}}, ["1", "3"]),
        ({"field": "genres", "op": "missing", "value": True}, ["5"]),
        ({"field": "studio", "op": "missing", "value": True}, ["4", "5"]),
        ({"field": "studio", "op": "ne", "value": "fox"}, ["1", "3"]),
        ({"field": "plot", "op": "text", "value": "Waitress, shy!"}, ["3"]),
        ({"field": "plot", "op": "text", "value": "wait"}, []),
        ({"field": "released", "op": "lt", "value": "1990-01-01"}, ["2"]),
        ({"field": "colour", "op": "eq", "value": False}, ["4"]),
        ({"field": "id", "op": "in", "value": ["2", "5", "none"]}, ["2", "5"]),
        ({"op": "not", "arg": {"field": "id", "op": "eq", "value": "1"}}, ["2", "3", "4", "5"]),
        ({"op": "and", "args": []}, ["1", "2", "3", "4", "5"]),
        ({"op": "or", "args": []}, []),
    ],
)
def test_what_is_found(films, document, found):
    assert ids(films, document) == found


def test_no_predicate_lets_everything_through(films):
    assert films.catalogue().mask(None).all()


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"field": "yaer", "op": "eq", "value": 1990}, ["`yaer`", "`year`"]),
        ({"field": "Genre", "op": "contains", "value": "x"}, ["`Genre`", "`genres`"]),
        ({"field": "year", "op": "eq", "value": "1990"}, ["`year`", "number", "1990"]),
        ({"field": "year", "op": "eq", "value": True}, ["`year`", "number"]),
        ({"field": "year", "op": "eq", "value": float("nan")}, ["`year`"]),
        ({"field": "year", "op": "contains", "value": 1990}, ["`year`", "`contains`"]),
        ({"field": "year", "op": "between", "value": [1990]}, ["`year`", "[low, high]"]),
        ({"field": "year", "op": "in", "value": 1990}, ["`year`", "list"]),
        ({"field": "genres", "op": "contains", "value": 3}, ["`genres`", "text"]),
        ({"field": "genres", "op": "gt", "value": "a"}, ["`genres`", "tags", "`gt`"]),
        ({"field": "genres", "op": "missing", "value": "yes"}, ["`genres`", "true or false"]),
        ({"field": "released", "op": "lt", "value": "yesterday"}, ["`released`", "2023-01-31"]),
        ({"field": "colour", "op": "eq", "value": 1}, ["`colour`", "bool"]),
        ({"field": "title", "op": "contains", "value": "Heat"}, ["`title`", "`contains`"]),
        ({"field": "title", "op": "eq", "value": None}, ["`title`"]),
        ({"field": "year", "op": "eq", "value": 10**400}, []),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(films, document, says):
    if not says:
        assert ids(films, document) == []
        return
    for wrapped in (document, {"op": "or", "args": [{"op": "not", "arg": document}]}):
        with pytest.raises(PredicateError) as error:
            ids(films, wrapped)
        assert all(part in str(error.value) for part in says)


def test_a_filter_nested_thousands_deep_is_refused_with_a_sentence(films):
    document = {"field": "year", "op": "eq", "value": 1990}
    for _ in range(5000):
        document = {"op": "not", "arg": document}
    with pytest.raises(PredicateError):
        ids(films, document)


def test_every_operator_is_defined_or_refused_for_every_type(films):
    """Nothing that parses falls through to a wrong answer or a stray exception."""
    values = {"text": "x", "category": "x", "tags": "x", "number": 1, "date": "2000-01-01", "bool": True}
    ops = [
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "between",
        "in",
        "contains",
        "contains_any",
        "contains_all",
        "text",
        "missing",
    ]
    catalogue = films.catalogue()
    for field, op in itertools.product(catalogue.schema.fields, ops):
        value = values[field.type]
        value = {"between": [value, value], "missing": False}.get(
            op, [value] if op in ("in", "contains_any", "contains_all") else value
        )
        refusal, shape = "", None
        try:
            shape = catalogue.mask(parse_predicate({"field": field.name, "op": op, "value": value})).shape
        except PredicateError as error:
            refusal = str(error)
        assert shape == (len(catalogue),) or f"`{field.name}`" in refusal


letters = st.text(st.sampled_from("aB0z'’!_- \té\x1cßﬁ"), max_size=14)


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(st.none() | letters, max_size=8))
def test_words_are_found_where_a_plain_reader_finds_them(texts):
    """Texts in ASCII are taken apart by another library than those that are not."""
    index = WordIndex(pa.array(texts, pa.string()))
    for word in {word for text in texts if text for word in words(text)} | {"a", "b0"}:
        assert index.mask(word).tolist() == [text is not None and word in words(text) for text in texts]


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(st.none() | letters, max_size=8), wanted=letters)
def test_whole_texts_are_compared_folded(texts, wanted):
    index = WholeTexts(pa.array(texts, pa.string()))
    assert index.mask(wanted).tolist() == [text is not None and fold(text) == fold(wanted) for text in texts]


def test_texts_that_share_a_number_are_told_apart(monkeypatch):
    monkeypatch.setattr("convrec.catalogue.columns.hash", lambda text: 7, raising=False)
    index = WholeTexts(pa.array(["one", None, "two", "ONE"], pa.string()))
    assert index.mask("One").tolist() == [True, False, False, True]
