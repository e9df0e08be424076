"""What candidates have in common with what was said and liked, as columns."""

import numpy as np
import pytest

from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.tools.conformance import listed
from convrec.tools.contract import Query
from convrec.tools.matches import Matches

FILMS = [
    {"id": "alien", "title": "Alien", "year": 1979, "genres": ["Horror", "Science Fiction"], "director": ["Ridley Scott"]},
    {"id": "aliens", "title": "Aliens", "year": 1986, "genres": ["Action", "Science Fiction"], "director": ["James Cameron"]},
    {"id": "heat", "title": "Heat", "year": 1995, "genres": ["Crime"], "director": ["Michael Mann"]},
    {"id": "airplane", "title": "Airplane!", "genres": ["Comedy"], "director": ["Jim Abrahams"]},
]  # fmt: skip
ROWS = np.arange(len(FILMS))


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    root = tmp_path_factory.mktemp("matches")
    workspace = Workspace.create(root / "films")
    ingest(workspace, items=listed(root / "films.jsonl", FILMS))
    catalogue = workspace.catalogue()
    matches = Matches(catalogue)

    def columns(query):
        table = matches.of(query, ROWS)
        return {
            name: dict(zip(catalogue.ids, table[:, n].tolist(), strict=True)) for n, name in enumerate(matches.columns)
        }

    return columns


def row(catalogue_id):
    return [film["id"] for film in FILMS].index(catalogue_id)


def test_values_that_are_named_count_for_the_items_that_carry_them(seen):
    said = seen(Query(text="and by Ridley Scott", context="Horror or science fiction, please\nand by Ridley Scott"))
    assert said["named genres"] == {"alien": 2, "aliens": 1, "heat": 0, "airplane": 0}
    assert said["named director"]["alien"] == 1
    assert np.isnan(list(said["named now genres"].values())).all(), "the end of the conversation names no genre"
    assert said["turns"]["heat"] == 2


def test_what_the_history_shares(seen):
    liked = seen(Query(history=((row("alien"), 1.0),)))
    assert liked["shared genres"]["aliens"] > 0
    assert liked["shared genres"]["heat"] == 0
    assert liked["year since"]["aliens"] == 7
    assert liked["year from history"]["heat"] == 16
    assert liked["title words"]["aliens"] == pytest.approx(1.0), "a plural is the same word"
    assert liked["history"]["heat"] == 1


def test_disliked_items_are_not_taken_for_liked_ones(seen):
    assert seen(Query(history=((row("alien"), -1.0),)))["history"]["heat"] == 0


def test_what_is_missing_says_nothing(seen):
    assert np.isnan(seen(Query(history=((row("alien"), 1.0),)))["year since"]["airplane"])
    assert np.isnan(seen(Query(text="hello"))["shared genres"]["heat"])
