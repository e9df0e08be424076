"""Whole titles before all else: asked for as they stand, with a slip, with their year, or sharing a name."""

import json

import numpy as np
import pytest

from convrec.catalogue.ingest import ingest
from convrec.catalogue.schema import TITLE, Field, Schema
from convrec.catalogue.workspace import Workspace
from convrec.tools.bm25 import Bm25, Bm25Config
from convrec.tools.contract import Query
from convrec.tools.titles import Titles, key_of
from convrec.tools.training import choices, training_data

FILMS = [
    ("it", "It", 2017, "A clown haunts a town."),
    ("them", "Them!", 1954, "Giant ants come out of the desert."),
    ("up", "Up", 2009, "A balloon seller flies his house away."),
    ("her", "Her", 2013, "A writer falls in love with a voice."),
    ("1917", "1917", 2019, "Two soldiers carry a message."),
    ("300", "300", 2006, "Spartans hold a pass."),
    ("solaris-1972", "Solaris", 1972, "A psychologist visits a station over an ocean."),
    ("solaris-2002", "Solaris", 2002, "A psychologist visits a station over an ocean, again."),
    ("thing", "The Thing", 1982, "Something in the ice."),
    ("matrix", "The Matrix", 1999, "A hacker wakes."),
    ("gossip", "Talk", 2001, "Solaris solaris solaris, the matrix, the thing, the thing, matrix matrix: they talk about films of 1917."),
    ("wars", "War Stories", 1990, "Soldiers of 1917 and 1918, solaris and matrix in their thoughts, up and down."),
    ("bangs", "!!!", 2010, "A band."),
    ("street", "A Nightmare on Elm Street", 1984, "Teenagers dream."),
]  # fmt: skip


def _of(root, films):
    workspace = Workspace.create(root)
    schema = Schema(fields=(TITLE, Field(name="year", type="number"), Field(name="description", type="text")))
    (root / "schema.yaml").write_text(schema.dump_yaml(), encoding="utf-8")
    _bring(workspace, films)
    return workspace


def _bring(workspace, films):
    rows = [{"id": i, "title": title, "year": year, "description": text} for i, title, year, text in films]
    path = workspace.root / "items.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ingest(workspace, items=[path])


def _fitted(workspace, config=None):
    catalogue = workspace.catalogue()
    tool = Bm25(config)
    tool.fit(training_data(catalogue, choices(catalogue), ()))
    return tool, catalogue


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    return _fitted(_of(tmp_path_factory.mktemp("titles") / "films", FILMS))


def _found(films, text, k=10):
    tool, catalogue = films
    return [catalogue.ids[row] for row in tool.retrieve(Query(text=text, k=k)).rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It", "it"), ("Them!", "them"), ("them", "them"), ("up", "up"), ("Her", "her"), ("1917", "1917"), ("300", "300"),
        ("!!!", "bangs"), ("the movie It", "it"), ("I want to watch the thing please", "thing"), ("thing", "thing"),
        ("Up (2009)", "up"), ("solaris 1972", "solaris-1972"), ("Solaris (2002)", "solaris-2002"), ("matrix 1999", "matrix"),
        ("SOLARIS 2003", "solaris-2002"), ("1917 2019", "1917"), ("nightmare on elm street", "street"),
    ],
)  # fmt: skip
def test_a_title_finds_its_item_first(films, text, expected):
    assert _found(films, text)[0] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Themm!", "them"), ("solarsi 1972", "solaris-1972"), ("matrx", "matrix"), ("hte matrix", "matrix"), ("The Natrix", "matrix"),
        ("thematrix", "matrix"), ("a nightmare on elk street", "street"), ("nightmare n elm street 1984", "street"),
    ],
)  # fmt: skip
def test_a_title_with_a_slip_finds_its_item_first(films, text, expected):
    assert _found(films, text)[0] == expected


def test_all_bearers_of_a_title_come_before_what_mentions_it(films):
    assert set(_found(films, "solaris", 2)) == {"solaris-1972", "solaris-2002"}


def test_a_number_is_never_taken_for_a_title_that_is_one_digit_off(films):
    tool, _ = films
    assert tool._titles.named("1918") == {}
    assert _found(films, "1918")[0] == "wars"


def test_a_title_inside_a_longer_text_is_no_whole_title(films):
    tool, _ = films
    assert tool._titles.named("something as eerie as solaris but funny") == {}
    assert tool._titles.named("it " * 100) == {}
    assert tool._titles.named("  ") == {}


def test_a_slip_inside_a_longer_request_is_looked_for_as_what_it_stands_for(films):
    tool, catalogue = films
    query = Query(text="a film where a psycholgist visits an ocaen")
    row = catalogue.row("solaris-1972")
    parts = {part.source: part.amount for part in tool.explain(query, row).contributions}
    assert {"term:psychologist", "term:ocean"} <= set(parts)
    assert sum(parts.values()) == pytest.approx(tool.score(query, np.array([row]))[0], abs=1e-6)
    clean = {p.source: p.amount for p in tool.explain(Query(text="psychologist ocean"), row).contributions}
    assert parts["term:ocean"] < clean["term:ocean"]
    off, _ = _fitted_without_corrections(films)
    assert "term:ocean" not in {part.source for part in off.explain(query, row).contributions}


def _fitted_without_corrections(films):
    tool, catalogue = films
    plain = Bm25(Bm25Config(corrected_weight=0.0))
    plain.fit(training_data(catalogue, choices(catalogue), ()))
    return plain, tool


def test_the_whole_title_is_a_part_of_the_score(films):
    tool, catalogue = films
    for text in ("solaris 1972", "matrx", "It"):
        for row in np.flatnonzero(~np.isnan(tool.scores(Query(text=text)))).tolist():
            parts = tool.explain(Query(text=text), row).contributions
            assert sum(p.amount for p in parts) == pytest.approx(tool.scores(Query(text=text))[row], abs=1e-6)
    assert "title" in {part.source for part in tool.explain(Query(text="It"), catalogue.row("it")).contributions}


def test_titles_that_are_new_or_changed_are_found_after_an_update(tmp_path):
    workspace = _of(tmp_path / "films", FILMS)
    tool, _ = _fitted(workspace)
    folder = tmp_path / "saved"
    folder.mkdir()
    tool.save(folder)
    _bring(workspace, [("new", "It Follows", 2014, "Someone walks."), ("up", "Down", 2009, "A balloon seller stays.")])
    catalogue = workspace.catalogue()
    loaded = Bm25.load(folder, catalogue)
    loaded.update(catalogue)
    assert _found((loaded, catalogue), "it follows")[0] == "new"
    assert _found((loaded, catalogue), "down")[0] == "up"
    assert loaded._titles.named("up") == {}
    assert _found((loaded, catalogue), "them")[0] == "them"


def test_titles_without_words_have_keys_of_their_own():
    assert key_of("Spider-Man") == "spiderman"
    assert key_of("?!") == "?!"
    titles = Titles.build(["?!", "Fin"], np.array([np.nan, 2000.0]))
    assert titles.named("?!") == {0: 1.0}
