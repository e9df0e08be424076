import numpy as np
import pytest

from convrec.catalogue.ingest import ingest
from convrec.core.errors import PredicateError, UnknownItemError


def test_items_are_found_by_row_and_by_id(films):
    catalogue = films.catalogue()
    assert catalogue.item(0) == catalogue.item("1")
    assert catalogue.item("5").facts == {"title": "Untitled"}
    assert catalogue.row("3") == 2
    assert catalogue.row("none") is None
    assert catalogue.rows(["3", "none", "1"]).tolist() == [2, -1, 0]
    for unknown in ("none", 5, -1):
        with pytest.raises(UnknownItemError):
            catalogue.item(unknown)


def test_whole_numbers_are_int_and_an_items_lists_are_its_own(films):
    catalogue = films.catalogue()
    assert isinstance(catalogue.item("1").facts["year"], int)
    catalogue.item("1").facts["genres"].append("Nonsense")
    assert catalogue.item("1").facts["genres"] == ["Crime", "Drama"]


def test_numbers_are_arrays_with_nan_where_missing(films):
    catalogue = films.catalogue()
    np.testing.assert_equal(catalogue.numbers("year"), [1995, 1979, 2001, 1960, np.nan])
    np.testing.assert_equal(catalogue.numbers("released"), [9479, 3431, np.nan, np.nan, np.nan])
    np.testing.assert_equal(catalogue.numbers("colour"), [1, 1, np.nan, 0, np.nan])
    with pytest.raises(PredicateError, match=r"`genres` is a tags, not number"):
        catalogue.numbers("genres")
    with pytest.raises(PredicateError, match=r"`yaer`.*`year`"):
        catalogue.numbers("yaer")


def test_values_that_differ_in_case_or_accents_are_one_in_the_usual_spelling(workspace, write):
    spellings = ["Sci-Fi", "sci-fi", "Sci-Fi", "Drame", "Dramé"]
    ingest(
        workspace,
        items=[write("a.jsonl", [{"id": n, "title": "x", "genres": [s, "War"]} for n, s in enumerate(spellings)])],
    )
    index = workspace.catalogue().values("genres")
    assert index.values == ["Sci-Fi", "War", "Drame"]
    assert index.counts.tolist() == [3, 5, 2]
    assert index.find("SCI-FI") == "Sci-Fi"
    assert index.find("dramE") == "Drame"
    assert index.find("western") is None
    assert index.rows("sci-fi").tolist() == [0, 1, 2]
    assert index.rows("western").tolist() == []
    assert index.of(1) == ["Sci-Fi", "War"]


def test_values_of_a_category_and_of_a_field_that_nobody_has(films):
    catalogue = films.catalogue()
    assert catalogue.values("studio").values == ["Warner", "Fox", "UGC"]
    assert catalogue.values("studio").of(4) == []
    assert catalogue.values("studio").rows("fox").tolist() == [1]


def test_a_card_says_what_says_most_first(workspace, write):
    film = {
        "id": 1, "title": "Heat", "year": 1995, "genres": ["Crime", "Drama"], "cast": ["A", "B", "C", "D", "E"],
        "plot": "A thief and a detective. " * 40, "url": "https://a.example/heat", "source_title": "Heat (1995)",
    }  # fmt: skip
    ingest(workspace, items=[write("a.jsonl", [film])])
    card = workspace.catalogue().card(0)
    assert card.startswith("Heat (1995). Crime, Drama. A, B, C, D. A thief and a detective.")
    assert len(card) < 500
    assert "example" not in card
    text = workspace.catalogue().text(0)
    assert all(part in text for part in ("Heat 1995", "E", "Heat (1995)", "Crime", film["plot"].strip()))
    assert "example" not in text


def test_a_field_that_is_not_searchable_is_kept_but_not_searched(films):
    path = films.root / "schema.yaml"
    path.write_text(
        path.read_text().replace("studio:\n    type: category", "studio:\n    type: category\n    searchable: false")
    )
    catalogue = films.catalogue()
    assert catalogue.item("1").facts["studio"] == "Warner"
    assert "Warner" not in catalogue.text(0) + catalogue.card(0)


def test_the_year_is_found_by_its_name(films):
    assert films.schema.year_field().name == "year"


def test_a_catalogue_is_read_anew_when_its_schema_is_edited(films):
    path = films.root / "schema.yaml"
    path.write_text(path.read_text().replace("noun: item\n", "noun: motion picture\n"))
    assert films.catalogue().schema.noun == "motion picture"
    assert films.catalogue() is films.catalogue()
