"""`evaluate engines`: a model wins the steps that it is better at, and no others; what it cost and where it failed is told."""

import json
import random
import shutil
from pathlib import Path

import pytest
import tomlkit
from typer.testing import CliRunner

from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.progress import silent
from convrec.core.settings import load_settings
from convrec.evaluation.engines.verdict import write_setting
from convrec.evaluation.sessions.house import SessionOptions, without_them
from convrec.tools.fitting import fit
from convrec.tools.threads import one_thread
from convrec.ui.cli.app import app
from tests.agent.chat_server import ChatServer, serving, sound
from tests.conftest import FILMS

pytestmark = pytest.mark.ci

runner = CliRunner()
STEPS = ("understand", "plan", "explain", "rank")


@pytest.fixture(scope="module")
def measured_once(fitted_films, tmp_path_factory):
    """The films' workspace in which the tools are fitted already without the people who talk. Read it; don't write to it."""
    root = Path(shutil.copytree(fitted_films, tmp_path_factory.mktemp("engines") / "films"))
    met = SessionOptions(users=2)
    with one_thread():
        without_them(Workspace.open(root), met, root / "evaluations", silent, known=False)
    return root


@pytest.fixture
def films(measured_once, tmp_path):
    return Path(shutil.copytree(measured_once, tmp_path / "films", symlinks=True))


@pytest.fixture(scope="module")
def watched_late(tmp_path_factory):
    """A workspace of eighteen films and of people who watch four of the first six, and last of all one of the others: what no tool looks at."""
    folder, rng = tmp_path_factory.mktemp("late"), random.Random(0)
    films = [f"i{number:02}" for number in range(18)]
    facts = [f"{film},The {film[1:]} affair,{'early' if film < 'i06' else 'late'}\n" for film in films]
    lives = [[*rng.sample(films[:6], 4), rng.choice(films[6:])] for _ in range(120)]
    watched = [f"u{who:03},{film},like,{when}\n" for who, life in enumerate(lives) for when, film in enumerate(life)]
    (folder / "items.csv").write_text("".join(["id,title,mood\n", *facts]))
    (folder / "watched.csv").write_text("".join(["user_id,item_id,event,timestamp\n", *watched]))
    workspace = Workspace.create(folder / "workspace")
    ingest(workspace, items=[folder / "items.csv"], interactions=[folder / "watched.csv"])
    fit(workspace)
    return workspace.root


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("CONVREC_ALLOW_MODEL_REQUESTS", "1")
    with serving(ChatServer()) as house:
        yield house


@pytest.fixture
def labelled(tmp_path):
    """Turns whose wishes only a model hears: each says in a roundabout way what it wants."""
    rows = [
        {
            "id": str(number), "messages": [{"role": "user", "content": f"something with {said} please, number {number}"}],
            "understanding": {"acts": ["request"], "preferences": [{"facet": "genres", "value": value, "polarity": 1, "strength": "soft"}]},
        }
        for number in range(10)
        for said, value in [(("people riding about", "Western"), ("nasty frights", "Horror"))[number % 2]]
    ]  # fmt: skip
    path = tmp_path / "turns.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def hearing(task, document):
    """Answers as a model would that understands what the rules do not."""
    if task != "understand":
        return sound(task, document)
    roundabout = {"people riding about": "Western", "nasty frights": "Horror"}
    wishes = [
        {"facet": "genres", "value": v, "polarity": 1, "strength": "soft", "scope": "session", "quote": q}
        for q, v in roundabout.items()
        if q in document["message"]
    ]
    return json.dumps({"acts": ["request"], "preferences": wishes, "references": []})


def chatty(task, document):
    """Answers as a model would that never says the same twice."""
    if task != "explain":
        return sound(task, document)
    rng = random.Random(json.dumps(document))
    words = lambda n: " ".join(rng.choices(_PRAISE, k=n))  # noqa: E731
    lines = [f"{n}. [[item:{item['id']}]]: {words(9)}." for n, item in enumerate(document["items"], 1)]
    return "\n".join([f"{words(7).capitalize()}:", *lines])


def foreseeing(task, document):
    """Answers as a model would that knows what people watch last, and of several such the one whose title comes first."""
    if task != "rank":
        return sound(task, document)
    best_first = sorted(document["items"], key=lambda item: (item["mood"] == "early", item["title"]))
    return json.dumps({"order": [item["n"] for item in best_first]})


_PRAISE = (
    "lovely quiet warm bold gentle clever tender patient sunny bright calm fresh honest lively modest neat noble odd plain proud pure rare rich rough round sharp shy silent "
    "simple sincere smart smooth soft solid stark steady still strange strong subtle sure sweet swift tidy tough true vast vivid wild wise witty young"
).split()


def typed(root, house, *more):
    words = ("--model", "m", "--base-url", house.url, "--users", "2", "--turns", "12", *map(str, more))
    return runner.invoke(app, ["evaluate", "engines", "-w", str(root), *words])


def found(root, house, *more):
    done = typed(root, house, "--json", *more)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_a_model_that_hears_better_wins_understanding_and_nothing_that_it_does_not_win(films, server, labelled):
    server.answer = hearing
    result = found(films, server, "--input", labelled)
    heard = result["sections"]["verdicts"]["model"]["understand"]
    assert heard["gain"]["low"] > 0
    assert "understand" in result["sections"]["recommended"]
    for step, verdict in result["sections"]["verdicts"]["model"].items():
        assert verdict["recommended"] == (step in result["sections"]["recommended"])
    assert tomlkit.parse(result["sections"]["toml"])["llm"]["steps"] == result["sections"]["recommended"]


def test_a_model_that_tells_everybody_something_else_wins_wording(films, server):
    server.answer = chatty
    result = found(films, server)
    assert result["sections"]["recommended"] == ["explain"]
    assert result["metrics"]["explain worded wholly"]["value"] > 0.9


def test_a_model_that_answers_nonsense_is_recommended_for_nothing_and_its_fallbacks_are_counted(films, server):
    server.answer = lambda task, document: "blah"
    result = found(films, server)
    assert result["sections"]["recommended"] == []
    assert result["metrics"]["understand fell back"]["value"] > 0
    assert result["sections"]["rank"] == "off"
    assert result["metrics"]["rank fell back"]["value"] == result["metrics"]["rank malformed"]["value"] == 1
    assert result["metrics"]["rank position bias"]["value"] is None
    assert result["metrics"]["rank ndcg@10"] == result["baselines"]["compact"]["rank ndcg@10"]
    rated = result["sections"]["ratings"]["systems"]
    assert rated["model"] == {**rated["mean of person and item"], "given": {"value": 0, "low": 0, "high": 0}}
    assert any("fell back" in note and "schema" in note for note in result["notes"])


def test_a_model_that_knows_what_people_choose_next_is_set_to_rank(watched_late, server):
    server.answer = foreseeing
    result = found(watched_late, server, "--users", "1", "--write")
    figures, verdict = result["metrics"], result["sections"]["verdicts"]["model"]["rank"]
    assert verdict["recommended"]
    assert verdict["gain"]["low"] > 0
    assert figures["rank hr@10"] == result["baselines"]["compact"]["rank hr@10"]
    for steady in ("kept, shuffled", "kept, rearranged", "top 3, rearranged"):
        assert figures[f"rank {steady}"]["value"] == 1
    assert figures["rank position bias"]["value"] < 0.7
    assert figures["rank malformed"]["value"] == 0
    assert result["counts"]["rank: cases"] == 12
    assert tomlkit.parse(result["sections"]["toml"])["llm"]["rank"] == "listwise"
    assert Workspace.open(watched_late).settings.llm.rank == "listwise"
    assert "rank" not in result["sections"]["recommended"]
    assert "ratings" not in result["sections"]  # these people rated nothing
    asked = len(server.requests)
    assert (
        found(watched_late, server, "--users", "1") == result
    )  # that it ranks now is another setting, and no other run
    assert len(server.requests) == asked + 1


def test_a_model_that_returns_lists_as_it_got_them_is_seen_to_and_switched_off(films, server):
    (films / "convrec.toml").write_text('[llm]\nrank = "pairwise"\n')
    refused = typed(films, server)
    assert refused.exit_code == 2
    assert "max_calls_per_turn = 25" in refused.stderr
    assert server.requests == []
    done = typed(films, server, "--users", "1", "--rank", "listwise", "--write")
    assert done.exit_code == 0, done.stderr
    assert 'rank = "off"' in done.stdout
    assert Workspace.open(films).settings.llm.rank == "off"
    figures = json.loads(next((films / "evaluations").glob("engines-*/metrics.json")).read_text())
    assert figures["metrics"]["rank position bias"]["value"] == 1
    assert figures["metrics"]["rank kept, shuffled"]["value"] < 1
    assert figures["gains"]["compact"]["rank ndcg@10"]["value"] == 0
    assert figures["sections"]["rank"] == "off"


def test_where_nobodys_choices_are_known_ordering_is_left_out_and_nothing_is_said_of_it_in_the_settings(
    tmp_path, server
):
    workspace = Workspace.create(tmp_path / "unwatched")
    ingest(workspace, items=[FILMS / "items.csv"])
    fit(workspace, only=("bm25",))
    result = found(workspace.root, server, "--users", "1", "--write")
    assert "rank" not in result["sections"]
    assert not any(name.startswith("rank ") for name in result["metrics"])
    assert any("Ordering was not measured" in note for note in result["notes"])
    assert "rank" not in (workspace.root / "convrec.toml").read_text()


def test_a_manner_of_ranking_that_is_none_is_refused(films):
    done = runner.invoke(app, ["evaluate", "engines", "-w", str(films), "--model", "m", "--rank", "sideways"])
    assert done.exit_code == 2
    assert "There are listwise, pointwise, pairwise" in done.stderr


def test_the_document_has_every_step_with_intervals_costs_and_a_manifest_and_no_times(films, server):
    result = found(films, server)
    for name in ("understand slot_f1", "plan success@5", "explain stock phrases", "explain sentences passed"):
        assert {"value", "low", "high"} <= result["metrics"][name].keys()
    for step in STEPS:
        assert result["metrics"][f"{step} requests a turn"]["value"] >= 0
        assert result["baselines"]["compact"][f"{step} requests a turn"]["value"] == 0
    assert result["metrics"]["explain requests a turn"]["value"] >= 1
    assert result["metrics"]["explain worded wholly"]["value"] > 0
    assert result["counts"]["explain: slates that differ"] == 0
    ratings = result["sections"]["ratings"]
    assert ratings["n"] == 12
    assert ratings["systems"].keys() == {"model", "mean of person and item", "matrix factorisation"}
    assert ratings["systems"]["model"]["rmse"]["value"] > 0
    assert set(result["sections"]["verdicts"]["model"]) == set(STEPS)
    assert result["manifest"]["options"]["llm"]["model"] == "m"
    assert server.url not in json.dumps(result)
    assert "ms" not in " ".join(result["metrics"])
    folder = next((films / "evaluations").glob("engines-*"))
    assert set(json.loads((folder / "timings.json").read_text())["ms_a_turn"]) == set(STEPS)


def test_the_same_run_again_asks_nobody_and_finds_the_same(films, server):
    first = found(films, server)
    asked = len(server.requests)
    assert found(films, server) == first
    assert len(server.requests) == asked + 1  # whether the model answers at all


def test_an_adapter_is_measured_beside_the_model(films, server):
    path = films / "convrec.toml"
    path.write_text('[llm]\nadapter = "tuned"\n')
    result = found(films, server)
    assert result["system"] == "model with adapter"
    assert {"compact", "model"} == set(result["baselines"])
    assert {body["model"] for body in server.requests} == {"m", "tuned"}


def test_the_tables_fit_a_terminal_and_end_in_lines_to_paste(films, server):
    done = typed(films, server)
    assert done.exit_code == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert "[llm]" in done.stdout
    assert "steps = [" in done.stdout


def test_writing_keeps_what_stands_in_the_settings(films, server):
    path = films / "convrec.toml"
    path.write_text('# mine\n[state]\nurl = "sqlite:///my.sqlite"  # here\n\n[llm]\ntimeout_s = 9.0\n')
    assert typed(films, server, "--write").exit_code == 0
    assert path.read_text().startswith('# mine\n[state]\nurl = "sqlite:///my.sqlite"  # here\n')
    settings = Workspace.open(films).settings
    assert (settings.state.url, settings.llm.timeout_s, settings.llm.model) == ("sqlite:///my.sqlite", 9.0, "m")


def test_settings_are_written_where_there_is_no_section_and_over_those_that_are_there(tmp_path):
    path = tmp_path / "convrec.toml"
    write_setting(path, {"model": "m", "steps": ["plan"]})
    write_setting(path, {"model": "m", "steps": []})
    assert load_settings(path, {}).llm.steps == ()


def test_without_a_model_it_says_what_to_set(films):
    done = runner.invoke(app, ["evaluate", "engines", "-w", str(films)])
    assert done.exit_code == 2
    assert "--model" in done.stderr
    assert "base_url" in done.stderr


def test_a_server_that_is_not_there_ends_the_run_before_it_begins(films, monkeypatch):
    monkeypatch.setenv("CONVREC_ALLOW_MODEL_REQUESTS", "1")
    done = runner.invoke(
        app, ["evaluate", "engines", "-w", str(films), "--model", "m", "--base-url", "http://127.0.0.1:9/v1"]
    )
    assert done.exit_code == 1
    assert "unreachable" in done.stderr
    assert not list((films / "evaluations").glob("engines-*"))
