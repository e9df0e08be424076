"""The suite of all measurements: public data joined and taken in part, jobs without their data left out and said."""

import json

import pytest

from convrec.core.errors import InputError
from convrec.core.progress import silent
from convrec.evaluation import corpora, suite


@pytest.fixture
def data(tmp_path):
    """A data folder with tiny invented sets in the layouts of MovieLens, Wikipedia's films, the games and ReDial."""
    folder = tmp_path / "data"
    _movielens(folder / "movielens-latest-small")
    films = [
        {"title": "Alpha", "year": 1990, "genres": ["Drama"]},
        {"title": "Beta", "year": 2001, "genres": ["Crime"]},
        {"title": "Twin", "year": 2000, "genres": ["Drama"]},
        {"title": "Twin", "year": 2000, "genres": ["War"]},
        {"title": "Nobody Rated This", "year": 1950, "genres": ["War"]},
    ]
    _write(folder / "wikipedia-movies" / "movies.jsonl", [json.dumps(film) for film in films])
    _write(folder / "amazon-games" / "items.tsv", ["item_id:token\ttitle:token_seq", "1\tOne", "2\tTwo", "3\tThree"])
    header = "user_id:token\titem_id_list:token_seq\titem_id:token"
    _write(folder / "amazon-games" / "sequences.tsv", [header, "ana\t1\t2", "ben\t2\t3", "cem\t3\t1"])
    _write(folder / "redial" / "movies_with_mentions.csv", ["movieId,movieName,nbMentions", "1,Alpha (1990),2"])
    turn = {"text": "@1 please", "senderWorkerId": 1}
    talks = [{"conversationId": str(n), "initiatorWorkerId": 1, "messages": [turn]} for n in range(3)]
    _write(folder / "redial" / "train.jsonl", [json.dumps(talk) for talk in talks])
    return folder


def _movielens(folder):
    movies = ["7,Alpha (1990),Drama", "8,Beta (2000),Crime", '9,"Twin (2000)",Drama', "10,Elsewhere (1999),War"]
    _write(folder / "movies.csv", ["movieId,title,genres", *movies])
    ratings = [f"{user},{film},5.0,{1000 + film}" for user in (1, 2) for film in (7, 8, 9, 10)]
    _write(folder / "ratings.csv", ["userId,movieId,rating,timestamp", *ratings])


def _write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def test_films_are_joined_by_title_and_year_and_twins_are_left_out(tmp_path, data):
    films = corpora.films(tmp_path / "films", data, silent).catalogue()
    rated = {films.titles[row] for row in films.interactions().row.tolist()}
    assert len(films) == 5
    assert rated == {"Alpha", "Beta"}, "a year apart is the same film; two films of one name and year are neither"


def test_only_rated_films_are_taken_where_that_is_asked_for(tmp_path, data):
    films = corpora.films(tmp_path / "films", data, silent, rated_only=True).catalogue()
    assert sorted(films.titles) == ["Alpha", "Beta"]
    assert len(films.interactions()) == 4


def test_some_people_bring_what_they_bought_alone(tmp_path, data):
    games = corpora.games(tmp_path / "games", data, silent, users=1).catalogue()
    assert games.interactions().users == ["ana"]
    assert games.ids == ["1", "2"]
    assert len(corpora.games(tmp_path / "all", data, silent).catalogue()) == 3


def test_some_dialogues_are_the_first(tmp_path, data):
    told = corpora.redial(tmp_path / "redial", data, silent, dialogues=2).catalogue().dialogues()
    assert [dialogue.id for dialogue in told] == ["0", "1"]


def test_a_second_call_takes_nothing_in_again(tmp_path, data):
    first = corpora.movielens(tmp_path / "movielens", data, silent).current().number
    assert corpora.movielens(tmp_path / "movielens", data, silent).current().number == first


def test_jobs_without_their_data_are_left_out_and_said(tmp_path):
    place = suite.Place(None, tmp_path / "runs", quick=True)
    said = {str(outcome) for outcome in suite.measured(place, ("films", "redial"))}
    assert said == {
        "films: left out, $CONVREC_DATA has no wikipedia-movies and movielens-latest-small",
        "redial: left out, $CONVREC_DATA has no redial",
    }
    assert (tmp_path / "runs" / "latest").is_dir()


def test_a_job_that_there_is_none_of_is_refused_by_name(tmp_path):
    with pytest.raises(InputError, match="There is no job 'filmz'"):
        list(suite.measured(suite.Place(None, tmp_path, quick=True), ("filmz",)))


def test_a_job_that_cannot_be_done_says_why_and_does_not_stop_the_rest(tmp_path, data):
    _write(data / "redial" / "train.jsonl", ["not a dialogue"])
    place = suite.Place(data, tmp_path / "runs", quick=True)
    ended = {outcome.name: outcome for outcome in suite.measured(place, ("redial", "movielens"), processes=1)}
    assert ended["redial"].end == "failed"
    assert "train.jsonl" in ended["redial"].why
    assert ended["movielens"].end == "done"
    assert {path.name for path in place.runs.iterdir()} == {
        f"movielens-{how}" for how in ("leave-last-out", "temporal", "strong")
    }
