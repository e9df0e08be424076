import gzip
import json

import numpy as np
import pytest

from convrec.catalogue.importers import import_layout, layouts
from convrec.catalogue.importers.titles import article_first, cleaned, split_year, without_alternatives
from convrec.core.errors import InputError


@pytest.mark.parametrize(
    ("source", "title", "year"),
    [
        ("Matrix, The (1999)", "The Matrix", 1999),
        ("Beautiful Mind, A (2001)", "A Beautiful Mind", 2001),
        ("Avventura, L' (Adventure, The) (1960)", "L'Avventura", 1960),
        ("Seven (a.k.a. Se7en) (1995)", "Seven", 1995),
        ("Fist of Fury (Chinese Connection, The) (Jing wu men) (1972)", "Fist of Fury", 1972),
        ("(500) Days of Summer (2009)", "(500) Days of Summer", 2009),
        (
            "Birdman: Or (The Unexpected Virtue of Ignorance) (2014)",
            "Birdman: Or (The Unexpected Virtue of Ignorance)",
            2014,
        ),
        ("Cosmos", "Cosmos", None),
        ("Death Note: Desu nôto (2006–2007)", "Death Note: Desu nôto", 2006),
        ("Monsters, Inc. (2001)", "Monsters, Inc.", 2001),
        ("Paris, Texas (1984)", "Paris, Texas", 1984),
        ("Frontière(s) (2007)", "Frontière(s)", 2007),
        ("Wonder Woman  (2017)", "Wonder Woman", 2017),
        ("O Brother, Where Art Thou%3F (2000)", "O Brother, Where Art Thou?", 2000),
        ("(1999)", "(1999)", None),
        ("1984 (1984)", "1984", 1984),
        ("100% Wolf (2020)", "100% Wolf", 2020),
    ],
)
def test_titles_become_what_people_say(source, title, year):
    name, found = split_year(source)
    assert (article_first(without_alternatives(name)), found) == (title, year)


def test_cleaning_keeps_what_is_clean():
    assert cleaned(" Why  Me%3F ") == "Why Me?"
    assert cleaned("50% Off") == "50% Off"


def test_an_unknown_layout_split_or_folder_is_refused_by_name(workspace, tmp_path):
    assert set(layouts()) == {"movielens", "redial", "inspired", "opendialkg", "amazon-games", "wikipedia-movies"}
    with pytest.raises(InputError, match=r"`movielense`.*`movielens`"):
        import_layout("movielense", tmp_path, workspace)
    with pytest.raises(InputError, match=r"no part `vald`.*`valid`"):
        import_layout("redial", tmp_path, workspace, split="train,vald")
    with pytest.raises(InputError, match="no part `train`"):
        import_layout("movielens", tmp_path, workspace, split="train")
    with pytest.raises(InputError, match=r"no movies\.csv"):
        import_layout("movielens", tmp_path, workspace)
    with pytest.raises(InputError, match="There is no"):
        import_layout("movielens", tmp_path / "none", workspace)


@pytest.fixture
def movielens(tmp_path):
    (tmp_path / "movies.csv").write_text(
        'movieId,title,genres\n7,"Long Walk, The (1999)",Drama|War\n8,Night Train,(no genres listed)\n9,"Red, ""Blue"" (2001)",Comedy\n'
    )
    (tmp_path / "ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n1,7,4.5,964982703\n1,9,2.0,964982704\n2,7,3.0,964982705\n"
    )
    (tmp_path / "tags.csv").write_text(
        "userId,movieId,tag,timestamp\n1,7,slow,1\n1,7,Trains,2\n2,7,trains,3\n3,9,Trains,3\n"
    )
    (tmp_path / "links.csv").write_text("movieId,imdbId,tmdbId\n7,0112346,\n")
    return tmp_path


def test_movielens(workspace, movielens):
    import_layout("movielens", movielens / "ratings.csv", workspace)
    catalogue = workspace.catalogue()
    assert catalogue.item("7").facts == {
        "title": "The Long Walk",
        "year": 1999,
        "genres": ["Drama", "War"],
        "tags": ["Trains", "slow"],
        "url": "https://www.imdb.com/title/tt0112346/",
        "source_title": "Long Walk, The (1999)",
    }
    assert catalogue.item("8").facts == {"title": "Night Train", "source_title": "Night Train"}
    assert catalogue.titles[2] == 'Red, "Blue"'
    assert "Long Walk, The (1999)" in catalogue.text(0)
    assert (catalogue.schema.noun, catalogue.schema.nouns) == ("film", "films")
    events = catalogue.interactions()
    assert events.users == ["1", "2"]
    assert events.value.tolist() == [4.5, 2.0, 3.0]
    assert set(events.event.tolist()) == {"rating"}
    assert events.timestamp[0] == 964982703


def test_movielens_without_its_optional_files(workspace, movielens):
    for name in ("ratings.csv", "tags.csv", "links.csv"):
        (movielens / name).unlink()
    import_layout("movielens", movielens, workspace)
    assert not workspace.catalogue().has_interactions
    assert len(workspace.catalogue()) == 3


def lines(path, rows):
    with gzip.open(path, "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def redial(tmp_path):
    (tmp_path / "movies_with_mentions.csv").write_text(
        "movieId,movieName,nbMentions\n11,Night Train  (2001),3\n12,Where Is Jo%3F (1999),1\n13,Old Hat,1\n"
    )
    lines(tmp_path / "movies.jsonl.gz", [
        {"movieId": "11", "name": "Night Train (2001)", "genre": ["drama", "sci-fi"], "plot": "A train at night.", "director": ["Ann Lee"],
         "writer": ["Bo Ek"], "star": ["Cy Oak"], "imdb_id": "tt01"},
        {"movieId": "14", "name": "Unlisted (2011)", "genre": [], "plot": "", "director": [], "writer": [], "star": [], "imdb_id": "tt02"},
    ])  # fmt: skip
    form = {"suggested": 1, "seen": 0, "liked": 1}
    said = [(2, "Hi! Try @11 or @12."), (1, "@11 was bad, @13 good, @99?"), (2, "@13 then")]
    talk = {
        "conversationId": "391", "initiatorWorkerId": 1, "respondentWorkerId": 2,
        "messages": [{"senderWorkerId": who, "text": text} for who, text in said],
        "respondentQuestions": {"11": form, "12": form | {"suggested": 1}, "13": {"suggested": 0, "seen": 1, "liked": 2}},
        "initiatorQuestions": {"11": form | {"liked": 0}},
    }  # fmt: skip
    lines(tmp_path / "train.jsonl.gz", [talk])
    lines(
        tmp_path / "valid.jsonl.gz",
        [talk | {"conversationId": "392", "initiatorQuestions": [], "respondentQuestions": []}],
    )
    return tmp_path


def test_redial_items(workspace, redial):
    import_layout("redial", redial, workspace)
    catalogue = workspace.catalogue()
    assert catalogue.ids == ["11", "12", "13", "14"]
    assert catalogue.item("11").facts == {
        "title": "Night Train",
        "year": 2001,
        "genres": ["Drama", "Sci-Fi"],
        "director": ["Ann Lee"],
        "cast": ["Cy Oak"],
        "writer": ["Bo Ek"],
        "description": "A train at night.",
        "url": "https://www.imdb.com/title/tt01/",
        "source_title": "Night Train (2001)",
    }
    assert catalogue.titles == ["Night Train", "Where Is Jo?", "Old Hat", "Unlisted"]
    np.testing.assert_equal(catalogue.numbers("year"), [2001, 1999, np.nan, 2011])


def test_redial_dialogues(workspace, redial):
    import_layout("redial", redial / "train.jsonl.gz", workspace)
    (dialogue,) = workspace.catalogue().dialogues()
    assert dialogue.id == "391"
    assert [(turn.role, turn.text) for turn in dialogue.turns] == [
        ("assistant", "Hi! Try Night Train (2001) or Where Is Jo? (1999)."),
        ("user", "Night Train (2001) was bad, Old Hat good, @99?"),
        ("assistant", "Old Hat then"),
    ]
    named = [[(item.id, item.relation) for item in turn.items] for turn in dialogue.turns]
    assert named == [
        [("11", "recommended"), ("12", "recommended")],
        [("11", "disliked"), ("13", "seen")],
        [("13", "seen")],
    ]
    for turn in dialogue.turns:
        for item in turn.items:
            assert turn.text[slice(*item.span)] == workspace.catalogue().item(item.id).facts["source_title"]


def test_redial_reads_the_parts_that_are_named(workspace, redial):
    import_layout("redial", redial, workspace, split="valid")
    assert [dialogue.id for dialogue in workspace.catalogue().dialogues()] == ["392"]
    assert {item.relation for turn in workspace.catalogue().dialogues()[0].turns for item in turn.items} == {
        "mentioned"
    }
    import_layout("redial", redial, workspace, split="train,valid")
    assert {dialogue.id for dialogue in workspace.catalogue().dialogues()} == {"391", "392"}


def test_amazon_games(workspace, tmp_path):
    with gzip.open(tmp_path / "items.tsv.gz", "wt", encoding="utf-8") as out:
        out.write('item_id:token\ttitle:token_seq\n0\tChess\n1\t"Quoted" 12" disc &amp; case\n2\tGo\n')
    with gzip.open(tmp_path / "sequences.tsv.gz", "wt", encoding="utf-8") as out:
        out.write("user_id:token\titem_id_list:token_seq\titem_id:token\n7\t1 0\t2\n8\t2\t2\n")
    import_layout("amazon-games", tmp_path / "items.tsv.gz", workspace)
    catalogue = workspace.catalogue()
    assert catalogue.titles == ["Chess", '"Quoted" 12" disc & case', "Go"]
    events = catalogue.interactions()
    assert [(events.users[u], catalogue.ids[r]) for u, r in zip(events.user, events.row, strict=True)] == [
        ("7", "1"), ("7", "0"), ("7", "2"), ("8", "2"), ("8", "2"),
    ]  # fmt: skip
    assert set(events.event.tolist()) == {"purchase"}
    assert np.isnan(events.timestamp).all()
    assert (catalogue.schema.noun, catalogue.schema.nouns) == ("game", "games")


def test_wikipedia_movies(workspace, tmp_path):
    rows = [
        {"title": "Night Train", "year": 1901, "cast": [], "genres": [], "href": None},
        {"title": "Night Train", "year": 1921, "cast": ["Cy Oak"], "genres": ["Drama"], "href": "Night_Train_(1921_film)",
         "extract": "A silent film.", "thumbnail": "https://a.example/n.jpg", "thumbnail_width": 3, "thumbnail_height": 4},
    ]  # fmt: skip
    lines(tmp_path / "movies.jsonl.gz", rows)
    import_layout("wikipedia-movies", tmp_path, workspace)
    catalogue = workspace.catalogue()
    assert catalogue.ids == ["w0", "w1"]
    assert catalogue.item("w0").facts == {"title": "Night Train", "year": 1901}
    assert catalogue.item("w1").facts == {
        "title": "Night Train",
        "year": 1921,
        "cast": ["Cy Oak"],
        "genres": ["Drama"],
        "description": "A silent film.",
        "url": "https://en.wikipedia.org/wiki/Night_Train_(1921_film)",
        "image": "https://a.example/n.jpg",
    }


def test_importing_again_adds_nothing_twice(workspace, movielens):
    import_layout("movielens", movielens, workspace)
    summary = import_layout("movielens", movielens, workspace)
    assert (summary.items_added, summary.items_replaced, summary.interactions, summary.interactions_known) == (
        0,
        3,
        0,
        3,
    )
