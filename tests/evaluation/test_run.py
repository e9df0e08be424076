"""A run loses nothing that was answered: stopped at any moment, it ends with the same bytes as one that was never stopped."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError, InterruptedFitError
from convrec.core.progress import silent
from convrec.core.settings import Models, Settings, State
from convrec.evaluation import manifest as manifests
from convrec.evaluation.manifest import fingerprint, manifest
from convrec.evaluation.ranking import RankingCase, per_person
from convrec.evaluation.result import Figure, Part, Result, summarised
from convrec.evaluation.run import Run, read_result
from convrec.evaluation.topn import TopN, evaluate_topn
from convrec.ui.cli.app import app

ABOUT = {"protocol": "test", "seed": 0}


@dataclass(frozen=True)
class Case:
    id: str


CASES = [Case(f"u{n}") for n in range(6)]


class Asked:
    """Answers, and remembers who was asked about; stops at the case of `until` as Ctrl-C would."""

    def __init__(self, until=None):
        self.ids, self.until = [], until

    def __call__(self, case):
        if case.id == self.until:
            raise KeyboardInterrupt
        self.ids.append(case.id)
        return {"ranked": [case.id, "é" * len(self.ids)]}


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


# Answers


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(0, 10_000))
def test_a_run_goes_on_after_the_last_whole_line_wherever_it_was_cut(tmp_path_factory, cut):
    folder = tmp_path_factory.mktemp("run")
    expected = Run(folder / "whole", ABOUT).answers("fused", CASES, Asked())
    whole = (folder / "whole" / "answers" / "fused.jsonl").read_bytes()
    torn = whole[: cut % (len(whole) + 1)]
    run = Run(folder / "torn", ABOUT)
    (folder / "torn" / "answers" / "fused.jsonl").write_bytes(torn)
    asked = Asked()
    asked.ids = ["before"] * torn.count(b"\n")
    assert run.answers("fused", CASES, asked) == expected
    assert [each for each in asked.ids if each != "before"] == [case.id for case in CASES[torn.count(b"\n") :]]
    assert (folder / "torn" / "answers" / "fused.jsonl").read_bytes() == whole


def test_nothing_is_asked_twice(tmp_path):
    first, second = Asked(), Asked()
    before = Run(tmp_path, ABOUT).answers("fused", CASES, first)
    assert Run(tmp_path, ABOUT).answers("fused", CASES, second) == before
    assert (len(first.ids), second.ids) == (6, [])


def test_ctrl_c_leaves_what_was_answered(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        Run(tmp_path, ABOUT).answers("fused", CASES, Asked(until="u3"))
    assert [row["id"] for row in lines(tmp_path / "answers" / "fused.jsonl")] == ["u0", "u1", "u2"]
    asked = Asked()
    Run(tmp_path, ABOUT).answers("fused", CASES, asked)
    assert asked.ids == ["u3", "u4", "u5"]


def test_each_answer_is_on_the_disk_before_the_next_case_begins(tmp_path):
    path, seen = tmp_path / "answers" / "fused.jsonl", []

    def answer(case):
        seen.append(len(path.read_bytes().splitlines()))
        return {}

    Run(tmp_path, ABOUT).answers("fused", CASES, answer)
    assert seen == list(range(6))


def test_systems_are_kept_apart_whatever_they_are_called(tmp_path):
    run = Run(tmp_path, ABOUT)
    run.answers("dense/item", CASES, lambda case: {"n": 1})
    assert run.answers("dense", CASES, lambda case: {"n": 2})[0] == {"id": "u0", "n": 2}


def test_an_answer_that_fails_is_an_error_with_its_id_and_a_miss(tmp_path):
    def answer(case):
        if case.id == "u1":
            raise InputError("It is not there.", "Bring it.")
        if case.id == "u2":
            raise ZeroDivisionError("oops \ud83d")  # half a pair, which UTF-8 can't write
        return {"ranked": ["x"]}

    answers = Run(tmp_path, ABOUT).answers("fused", CASES, answer)
    assert answers[1] == {"id": "u1", "error": "It is not there. Bring it."}
    assert answers[2] == {"id": "u2", "error": "ZeroDivisionError: oops \ud83d"}
    assert Run(tmp_path, ABOUT).answers("fused", CASES, answer) == answers
    cases = [RankingCase(case.id, case.id, ("x",)) for case in CASES]
    scored = per_person(cases, [each.get("ranked", []) for each in answers], (1,))
    assert {name: ratio.value for name, ratio in scored.ratios.items()} == dict.fromkeys(scored.ratios, 4 / 6)


# Folders


def test_a_folder_of_another_run_is_refused_and_left_alone(tmp_path):
    Run(tmp_path, ABOUT).answers("fused", CASES, Asked())
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match=r"holds another run.*--out"):
        Run(tmp_path, {**ABOUT, "seed": 1})
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_the_same_manifest_names_the_same_folder(tmp_path):
    assert (
        Run.opened(None, tmp_path, ABOUT, silent).folder
        == Run.opened(None, tmp_path, dict(reversed(ABOUT.items())), silent).folder
    )
    assert (
        Run.opened(None, tmp_path, ABOUT, silent).folder
        != Run.opened(None, tmp_path, {**ABOUT, "seed": 1}, silent).folder
    )


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Exception, match="can't be written"):
        Run(tmp_path / "file" / "run", ABOUT)


def test_times_are_kept_apart_from_figures_and_a_result_can_be_read_again(tmp_path):
    run = Run(tmp_path, ABOUT)
    cases = [RankingCase(case.id, case.id, ("x",)) for case in CASES]
    whole = Part([case.group for case in cases], {"fused": per_person(cases, [["x"]] * 6, (1,))})
    result = run.finish(summarised("test", "fused", "hr@1", whole))
    assert read_result(tmp_path) == read_result(tmp_path / "metrics.json") == result
    assert result.metrics["hr@1"] == Figure(value=1, low=1, high=1)
    assert result.manifest == ABOUT
    assert "seconds" not in (tmp_path / "metrics.json").read_text()
    assert json.loads((tmp_path / "timings.json").read_text())["seconds"] >= 0


@pytest.mark.parametrize("content", [None, b"{", b"[]"])
def test_a_folder_without_a_finished_run_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "metrics.json").write_bytes(content)
    with pytest.raises(InputError, match="no finished run"):
        read_result(tmp_path)


# Manifests


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A workspace of two items, not fitted."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "items.csv").write_text("id,title\n1,Heat\n2,Alien\n")
    workspace = Workspace.create(folder / "workspace")
    ingest(workspace, items=[folder / "items.csv"])
    return workspace


def test_a_manifest_says_nothing_of_time_or_place(small, tmp_path):
    there = Workspace.open(shutil.copytree(small.root, tmp_path / "elsewhere"))
    (tmp_path / "talks.jsonl").write_text("{}\n")
    shutil.copy(tmp_path / "talks.jsonl", small.root.parent)
    about = manifest("topn", small, {"k": 10}, seed=0, inputs=[small.root.parent / "talks.jsonl"])
    time.sleep(0.01)
    assert about == manifest("topn", there, {"k": 10}, seed=0, inputs=[tmp_path / "talks.jsonl"])
    assert str(Path(small.root.anchor, small.root.parts[1])) not in json.dumps(about)


def test_a_manifest_tells_neither_where_state_lies_nor_its_password(small, tmp_path, monkeypatch):
    plain = manifest("topn", small, {}, seed=0)
    monkeypatch.setattr(small, "settings", Settings(state=State(url="postgresql://ana:secret@db.example/state")))
    assert manifest("topn", small, {}, seed=0) == plain


def test_an_encoder_in_a_folder_is_named_by_what_it_is_not_by_where(small, tmp_path, monkeypatch):
    for place in ("here", "there"):
        (tmp_path / place / "mine").mkdir(parents=True)
        for name in ("model.safetensors", "tokenizer.json", "config.json"):
            (tmp_path / place / "mine" / name).write_text("{}")
    (tmp_path / "changed" / "mine").mkdir(parents=True)
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        (tmp_path / "changed" / "mine" / name).write_text("{ }")

    def about(place):
        monkeypatch.setattr(small, "settings", Settings(models=Models(encoder=str(tmp_path / place / "mine"))))
        return manifest("topn", small, {}, seed=0)

    assert about("here") == about("there") != about("changed")
    assert str(tmp_path) not in json.dumps(about("here"))


def test_the_order_of_options_changes_nothing_and_their_values_do(small):
    def key(seed=0, **options):
        return fingerprint(manifest("topn", small, options, seed=seed))

    assert key(k=10, limit=None) == key(limit=None, k=10)
    assert len({key(k=10, limit=None), key(k=20, limit=None), key(k=10, limit=5), key(k=10), key(1, k=10)}) == 5


def test_other_data_is_another_run(small, tmp_path):
    workspace = Workspace.open(shutil.copytree(small.root, tmp_path / "copy"))
    found = [manifest("topn", workspace, {}, seed=0)["data"]]
    (tmp_path / "events.csv").write_text("user_id,item_id\nana,1\n")
    (tmp_path / "talks.jsonl").write_text('{"id": "t", "turns": [{"role": "user", "text": "Hi"}]}\n')
    (tmp_path / "items.csv").write_text("id,title\n1,Heat\n2,Aliens\n")
    for given_ in ({"interactions": [tmp_path / "events.csv"]}, {"dialogues": [tmp_path / "talks.jsonl"]}, {"items": [tmp_path / "items.csv"]}):  # fmt: skip
        ingest(workspace, **given_)
        found.append(manifest("topn", workspace, {}, seed=0)["data"])
    changed = [{name for name in before if before[name] != after[name]} for before, after in pairwise(found)]  # fmt: skip
    assert changed == [{"interactions"}, {"dialogues"}, {"items"}]


def test_another_test_file_is_another_run(small, tmp_path):
    (tmp_path / "talks.jsonl").write_text("1")
    before = manifest("dialogue", small, {}, seed=0, inputs=[tmp_path / "talks.jsonl"])["input"]
    (tmp_path / "talks.jsonl").write_text("2")
    assert manifest("dialogue", small, {}, seed=0, inputs=[tmp_path / "talks.jsonl"])["input"] != before


def test_other_code_is_another_run(tmp_path, monkeypatch):
    monkeypatch.setattr(manifests, "import_module", lambda name: SimpleNamespace(__path__=[str(tmp_path)]))
    code_hash = manifests.code_hash.__wrapped__
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "code.py").write_text("x = 1\n")
    found = [code_hash(("tools",))]
    (tmp_path / "part" / "notes.txt").write_text("what no figure depends on")
    assert code_hash(("tools",)) == found[0]
    for change in (
        lambda: (tmp_path / "part" / "code.py").write_text("x = 2\n"),
        lambda: (tmp_path / "part" / "code.py").rename(tmp_path / "part" / "other.py"),
        lambda: (tmp_path / "words.yaml").write_text("a: 1\n"),
    ):
        change()
        found.append(code_hash(("tools",)))
    assert len(set(found)) == 4


# Whole runs


@pytest.fixture(scope="module")
def uninterrupted(fitted_films, tmp_path_factory):
    """The bytes of `metrics.json` that a run comes to which nothing stops, and its result."""
    workspace = Workspace.open(shutil.copytree(fitted_films, tmp_path_factory.mktemp("run") / "films"))
    run, result = evaluate_topn(workspace, TopN(), workspace.root / "evaluations")
    return (run.folder / "metrics.json").read_bytes(), result


def metrics_of(root):
    (path,) = (root / "evaluations").glob("topn-*/metrics.json")
    return path.read_bytes()


def test_a_run_that_was_stopped_in_its_fit_and_in_its_answers_ends_with_the_same_bytes(films, uninterrupted):
    """In another folder, from a clean scratch, and moved elsewhere before it goes on."""

    def stop_at(stage, number):
        def progress(now, done, total):
            if now.startswith(stage) and done >= number:
                raise KeyboardInterrupt

        return progress

    workspace = Workspace.open(films)
    for stage, number, error in (
        ("fitting ease", 0, InterruptedFitError),
        ("topn: popularity", 9, KeyboardInterrupt),
        ("topn: one-sentence", 3, KeyboardInterrupt),
    ):
        with pytest.raises(error):
            evaluate_topn(workspace, TopN(), films / "evaluations", progress=stop_at(stage, number))
        assert not list((films / "evaluations").glob("topn-*/metrics.json"))
    (answers,) = (films / "evaluations").glob("topn-*/answers")
    assert len(lines(answers / "popularity.jsonl")) == uninterrupted[1].n
    assert len(lines(answers / "one-sentence.fused.jsonl")) == 3
    moved = Workspace.open(films.rename(films.with_name("moved")))
    evaluate_topn(moved, TopN(), moved.root / "evaluations")
    assert metrics_of(moved.root) == uninterrupted[0]


@pytest.mark.slow
def test_a_process_that_is_killed_among_its_answers_and_run_again_ends_with_the_same_bytes(films, uninterrupted):
    order = ["evaluate", "topn", "-w", str(films), "--json"]
    process = subprocess.Popen(
        [sys.executable, "-c", "from convrec.ui.cli import main; main()", *order],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    end = time.monotonic() + 120
    while not any(path.stat().st_size for path in (films / "evaluations").glob("topn-*/answers/fused.jsonl")):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not list((films / "evaluations").glob("topn-*/metrics.json"))
    done = CliRunner().invoke(app, order)
    assert done.exit_code == 0
    assert metrics_of(films) == uninterrupted[0]
    assert Result.model_validate_json(done.stdout) == Result.model_validate_json(uninterrupted[0])


def test_a_scratch_workspace_that_was_half_filled_when_the_process_was_killed_is_filled(films, uninterrupted):
    workspace = Workspace.open(films)

    def stop(stage, done, total):
        raise KeyboardInterrupt

    with pytest.raises((KeyboardInterrupt, InterruptedFitError)):
        evaluate_topn(workspace, TopN(), films / "evaluations", progress=stop)
    (scratch,) = (films / "evaluations" / "fitted").glob("leave-last-out-*")
    (scratch / "CURRENT").write_text("1\n1\n")  # segments lie there, but were never published
    evaluate_topn(workspace, TopN(), films / "evaluations")
    assert metrics_of(films) == uninterrupted[0]
