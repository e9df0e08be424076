"""What a run of sessions can be relied on for: the same bytes again, resumption, sound figures, and people over any catalogue."""

from __future__ import annotations

import json
import shutil
from functools import partial

import pytest
from typer.testing import CliRunner

from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError
from convrec.evaluation import scratch
from convrec.evaluation.run import read_result
from convrec.evaluation.sessions import house, protocol
from convrec.evaluation.sessions.house import SessionOptions
from convrec.evaluation.sessions.people import Shown
from convrec.evaluation.sessions.protocol import POLICIES, evaluate_sessions
from convrec.evaluation.sessions.sampling import item_of
from convrec.evaluation.sessions.servers import SearchServer
from convrec.tools.fitting import fit
from convrec.ui.cli.app import app
from tests.evaluation.sessions_shop import QUICK, films, shop, table

pytestmark = pytest.mark.ci

OPTIONS = SessionOptions(users=3, patience=5, seed=4)


def measured(root, options, runs, out=None):
    return evaluate_sessions(Workspace.open(root), options, runs, out=out)


def contents(folder):
    """Returns the answers files and the metrics of a run, by name."""
    return {path.name: path.read_bytes() for path in [*sorted((folder / "answers").iterdir()), folder / "metrics.json"]}


@pytest.fixture(scope="module")
def done(quick_shop, tmp_path_factory):
    """A finished run over the quick shop: its folder and its result."""
    run, result = measured(quick_shop, OPTIONS, tmp_path_factory.mktemp("runs"))
    return run.folder, result


def systems(result):
    """Returns each policy's figures, by policy and metric."""
    tables = {result.system: result.metrics, **result.baselines}
    return {name: {metric: figure.value for metric, figure in table.items()} for name, table in tables.items()}


# The same again


def test_the_same_seed_gives_the_same_bytes_in_a_copy_elsewhere(tmp_path):
    """Fit and all: every tool, people held out, two folders."""
    (tmp_path / "here").mkdir()
    first = shop(tmp_path / "here").root
    second = shutil.copytree(first, tmp_path / "there" / "another name")
    options = SessionOptions(users=1, patience=2)
    found = [contents(measured(root, options, root / "evaluations")[0].folder) for root in (first, second)]
    assert found[0] == found[1]
    assert {f"{policy}.jsonl" for policy in POLICIES} < set(found[0])
    assert not any(str(tmp_path).encode() in content for content in found[0].values())


def test_another_seed_gives_other_people_who_say_other_things(quick_shop, done, tmp_path):
    folder, _ = done
    other = measured(quick_shop, SessionOptions(users=3, patience=5, seed=5), tmp_path)[0].folder
    assert other.name != folder.name
    one, two = (read_answers(each, "search") for each in (folder, other))
    assert [each["turns"] for each in one] != [each["turns"] for each in two]


def read_answers(folder, policy):
    return [json.loads(line) for line in (folder / "answers" / f"{policy}.jsonl").read_bytes().splitlines()]


def test_a_run_that_was_broken_off_goes_on_and_ends_in_the_same_bytes(quick_shop, done, tmp_path, monkeypatch):
    folder = shutil.copytree(done[0], tmp_path / "again")
    torn = folder / "answers" / "always-ask.jsonl"
    rows = torn.read_bytes().splitlines(keepends=True)
    torn.write_bytes(b"".join(rows[:2]) + rows[2][: len(rows[2]) // 2])
    (folder / "answers" / "oracle.jsonl").unlink()
    (folder / "metrics.json").unlink()
    talks, talk = [], protocol.talk
    monkeypatch.setattr(protocol, "talk", lambda s, server, *a, **k: talks.append(server.name) or talk(s, server, *a, **k))  # fmt: skip
    measured(quick_shop, OPTIONS, tmp_path, out=folder)
    assert contents(folder) == contents(done[0])
    assert talks == ["always-ask"] * (len(rows) - 2) + ["oracle"] * len(rows)


# Sound figures


def test_no_session_failed_and_everybody_who_was_drawn_talked_to_everybody_who_serves(done):
    folder, result = done
    assert set(systems(result)) == set(POLICIES)
    assert result.n == 6  # three people, two simulators
    assert not any(n for name, n in result.counts.items() if name.startswith("failures"))
    for policy in POLICIES:
        assert len({each["id"] for each in read_answers(folder, policy)}) == 6


def test_success_grows_with_turns_and_says_how_many_they_were(done):
    """With k turns at most, the mean of turns is 1 plus the share still searching after each turn."""
    for figures in systems(done[1]).values():
        success = [figures[f"success@{k}"] for k in range(1, 6)]
        assert success == sorted(success)
        assert figures["turns"] == pytest.approx(1 + sum(1 - share for share in success))


def test_a_hit_is_the_turn_in_which_the_target_was_shown(done):
    folder, result = done
    for policy in POLICIES:
        for answer in read_answers(folder, policy):
            assert answer["hit"] is None or answer["hit"] == len(answer["turns"]) <= 5
        hits = [each["hit"] for each in read_answers(folder, policy)]
        assert systems(result)[policy]["success@5"] == pytest.approx(sum(hit is not None for hit in hits) / 6)


def test_slices_part_the_sessions_by_simulator_and_by_how_targets_were_drawn(done):
    _, result = done
    slices = result.slices
    assert slices["agenda"].n + slices["browser"].n == result.n
    assert slices["targets uniform"].n == result.n
    assert slices["agenda, targets uniform"].n == slices["agenda"].n
    for policy, figures in systems(result).items():
        for metric in ("success@5", "turns", "questions"):
            parts = [slices[name].systems[policy][metric].value for name in ("agenda", "browser")]
            assert figures[metric] == pytest.approx(sum(parts) / 2)


class AllKnowing(SearchServer):
    """Shows the target at once."""

    oracle = True

    def begin(self, visitor, liked, secret):
        return Same((secret.person.target,))


class Silent(SearchServer):
    """Shows nothing."""

    def begin(self, visitor, liked, secret):
        return Same(())


class Stubborn(SearchServer):
    """Shows the same item again and again."""

    def begin(self, visitor, liked, secret):
        return Same((item_of(self._toolbox.catalogue, 0),))


class Same:
    def __init__(self, items):
        self.items = items

    def reply(self, said):
        return Shown("", self.items)


def planted(quick_shop, folder, monkeypatch, server):
    """Returns the figures of a planted server, which takes the place of the search box."""
    monkeypatch.setattr(house, "SearchServer", server)
    monkeypatch.setattr(house, "SIMULATORS", house.SIMULATORS[:1])
    return systems(measured(quick_shop, SessionOptions(users=2, patience=3, policy="search"), folder)[1])["search"]


def test_who_knows_the_target_needs_one_turn(quick_shop, tmp_path, monkeypatch):
    figures = planted(quick_shop, tmp_path, monkeypatch, AllKnowing)
    assert [figures[f"success@{k}"] for k in (1, 2, 3)] == [1, 1, 1]
    assert (figures["turns"], figures["questions"], figures["repeated offers"]) == (1, 0, 0)


def test_who_shows_nothing_finds_nothing_and_a_miss_counts_one_turn_more_than_there_are(
    quick_shop, tmp_path, monkeypatch
):
    figures = planted(quick_shop, tmp_path, monkeypatch, Silent)
    assert [figures[f"success@{k}"] for k in (1, 2, 3)] == [0, 0, 0]
    assert figures["turns"] == 4
    assert figures["repeated offers"] is None
    assert figures["constraint satisfaction"] is None


def test_who_shows_the_same_again_is_counted(quick_shop, tmp_path, monkeypatch):
    figures = planted(quick_shop, tmp_path, monkeypatch, Stubborn)
    assert figures["success@3"] == 0
    assert figures["repeated offers"] == pytest.approx(2 / 3)


class Mute(house.AgentServer):
    """An agent that shows nothing."""

    def begin(self, visitor, liked, secret):
        return Same(())


def test_misses_can_be_read_and_count_one_turn_more_in_the_literatures_figures_too(quick_shop, tmp_path, monkeypatch):
    monkeypatch.setattr(house, "AgentServer", Mute)
    run, result = measured(quick_shop, SessionOptions(users=2, patience=5), tmp_path)
    rows = [json.loads(line) for line in (run.folder / "worst.jsonl").read_text().splitlines()]
    assert {each["id"] for each in rows} == {each["id"] for each in read_answers(run.folder, "agent")}
    assert all(len(each["turns"]) == 5 and each["target"]["title"] for each in rows)
    of = result.sections["presets"]["InteRecAgent"]["metrics"]
    assert (of["H@5"]["value"], of["AT@5"]["value"]) == (0, 6)


# The literature's figures


def test_the_literatures_figures_stand_beside_with_what_is_weak_about_them(done):
    presets = done[1].sections["presets"]
    assert set(presets) == {"InteRecAgent", "iEvaLM"}
    for preset in presets.values():
        assert len(preset["weakness"]) > 80
        for metric, figure in preset["metrics"].items():
            low, high = (1, 6) if metric.startswith("AT@") else (0, 1)
            assert low <= figure["low"] <= figure["value"] <= figure["high"] <= high


def test_the_literatures_figures_are_of_the_same_sessions(done):
    folder, result = done
    of = result.sections["presets"]["InteRecAgent"]["metrics"]
    assert of["H@5"] == result.metrics["success@5"].model_dump(mode="json")
    assert of["AT@5"] == result.metrics["turns"].model_dump(mode="json")
    assert set(of) == {"H@5", "AT@5", "one turn R@5", "one turn NDCG@20"}
    recalls = result.sections["presets"]["iEvaLM"]["metrics"]
    for kind in ("attribute", "free"):
        values = [recalls[f"{kind} recall@{cut}"]["value"] for cut in (1, 10, 50)]
        assert values == sorted(values)
    for answer in read_answers(folder, "one-turn"):
        assert len(answer["candidates"]) <= 20
        assert len(answer["ranked"]) <= 5


# Over any catalogue


def test_without_interactions_people_are_uniform_and_the_published_tools_serve(quick_shop, done):
    folder, result = done
    counts = {name: n for name, n in result.counts.items() if name.startswith("people, ")}
    assert counts == {"people, targets uniform": 3}
    assert not (folder.parent / "fitted").exists()


def test_without_interactions_something_must_be_fitted(tmp_path):
    with pytest.raises(InputError, match="Nothing is fitted"):
        measured(shop(tmp_path, people=False).root, OPTIONS, tmp_path)


def test_without_facts_people_are_known_by_what_they_liked(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch, "fit", partial(fit, only=QUICK))
    greeted, begin = [], house.AgentServer.begin
    monkeypatch.setattr(house.AgentServer, "begin", lambda self, v, liked, secret: greeted.append(liked) or begin(self, v, liked, secret))  # fmt: skip
    _, result = measured(shop(tmp_path, facts=False).root, SessionOptions(users=3, patience=2), tmp_path / "runs")
    assert {name for name in result.counts if name.startswith("people, ")} == {"people, targets by count"}
    assert all(greeted)
    assert "known by what they liked" in result.notes[0]
    presets = result.sections["presets"]["InteRecAgent"]["metrics"]
    assert presets["H@5"]["value"] == result.metrics["success@2"].value


def test_without_facts_and_without_people_there_is_nothing_to_talk_about(tmp_path):
    with pytest.raises(InputError, match="Nothing is known"):
        measured(shop(tmp_path, facts=False, people=False).root, OPTIONS, tmp_path)


@pytest.mark.parametrize("n", [1, 5])
def test_a_catalogue_that_fits_in_one_slate_is_refused(tmp_path, n):
    workspace = Workspace.create(tmp_path / "few")
    ingest(workspace, items=[table(tmp_path / "items.csv", list(films())[:n])])
    with pytest.raises(InputError, match="too small"):
        evaluate_sessions(workspace, OPTIONS, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_six_items_are_enough(tmp_path):
    workspace = Workspace.create(tmp_path / "six")
    ingest(workspace, items=[table(tmp_path / "items.csv", list(films())[:6])])
    fit(workspace, only=QUICK)
    _, result = evaluate_sessions(workspace, SessionOptions(users=50, patience=2), tmp_path / "runs")
    assert result.n == 12
    assert systems(result)["oracle"]["success@2"] == 1


# On the command line


def invoked(*words):
    return CliRunner().invoke(app, ["evaluate", "sessions", *map(str, words)])


def test_the_policy_that_is_named_comes_first_and_the_others_stand_beside_it(quick_shop, tmp_path):
    out = tmp_path / "run"
    ended = invoked("-w", quick_shop, "--users", 1, "--patience", 2, "--policy", "search", "--out", out, "--json")
    assert ended.exit_code == 0, ended.output
    document = json.loads(ended.stdout)
    assert (document["system"], document["headline"]) == ("search", "success@2")
    assert set(document["baselines"]) == set(POLICIES) - {"search"}
    assert set(document["gains"]) == set(POLICIES) - {"search"}
    assert read_result(out).model_dump(mode="json") == document
    assert document["manifest"]["options"]["policy"] == "search"


@pytest.mark.parametrize("words", [("--policy", "psychic"), ("--users", 0), ("--mistakes", 2), ("--patience", 0)])
def test_what_cannot_be_is_refused_before_anything_is_done(quick_shop, tmp_path, words):
    ended = invoked("-w", quick_shop, "--out", tmp_path / "run", *words)
    assert ended.exit_code == 2
    assert not (tmp_path / "run").exists()


def test_an_unknown_policy_is_answered_with_those_that_there_are(quick_shop, tmp_path):
    ended = invoked("-w", quick_shop, "--policy", "psychic")
    assert "psychic" in ended.stderr
    assert all(policy in ended.stderr for policy in POLICIES)


def test_a_folder_of_another_run_is_refused(quick_shop, done, tmp_path):
    folder = shutil.copytree(done[0], tmp_path / "other")
    with pytest.raises(InputError, match="another run"):
        measured(quick_shop, SessionOptions(users=2), tmp_path, out=folder)
