"""`evaluate memory`: each virtue and each vice of a memory shows in the figure that is named for it, and in no other."""

import json
from functools import partial

import pytest
from typer.testing import CliRunner

from convrec.catalogue.workspace import Workspace
from convrec.core.errors import ConvrecError
from convrec.evaluation.memory import remembering
from convrec.evaluation.memory.protocol import MemoryOptions, evaluate_memory
from convrec.evaluation.memory.wording import CHOICES
from convrec.ui.cli.app import app
from tests.evaluation.memory_agents import Careless, Forgetful, Hoarder, Leaky, Perfect, Script, Stubborn

OPTIONS = MemoryOptions(users=4, messages=110, vetoes=2, after=(5, 25))


@pytest.fixture
def workspace(quick_shop):
    return Workspace.open(quick_shop)


@pytest.fixture
def measured(workspace, tmp_path):
    """Returns what is measured of a kind of agent."""

    def run(kind, options=OPTIONS, name=""):
        script = Script.of(workspace, options)
        folder = tmp_path / (name or kind.__name__)
        return evaluate_memory(workspace, options, tmp_path, opened=partial(kind, script), out=folder)[1]

    return run


def value(result, metric):
    return result.metrics[metric].value


def test_a_memory_without_fault_gets_full_marks_everywhere(measured):
    result = measured(Perfect)
    for metric in ("recall@5", "updated facts win", "entry precision", "entry recall", "dropped facts gone"):
        assert value(result, metric) == 1, metric
    for metric in ("veto understood", "veto held@5", "veto held@25", "slates that keep to a veto"):
        assert value(result, metric) == 1, metric
    for metric in (
        "junk share",
        "stale share",
        "duplicates a person",
        "cross-user hits a person",
        "veto checks without a slate",
    ):
        assert value(result, metric) == 0, metric
    assert result.counts["cross-user hits"] == 0
    assert result.counts["values of one person alone"] > 10
    assert not [count for name, count in result.counts.items() if "failed" in name and count]


def test_what_is_lost_at_a_restart_is_not_recalled(measured):
    result = measured(Forgetful)
    assert value(result, "recall@5") < 0.5
    assert value(result, "entry recall") < 0.5
    assert value(result, "junk share") in (0, None)


def test_what_is_never_replaced_is_out_of_date_and_not_called_junk_of_another_kind(measured):
    result = measured(Stubborn)
    assert value(result, "updated facts win") == 0
    assert value(result, "stale share") == value(result, "junk share") > 0
    assert value(result, "dropped facts gone") == 0
    assert set(result.sections["junk by kind of message"]) == {"no longer so"}


def test_what_is_written_twice_is_a_duplicate_and_what_is_nothing_is_junk_of_its_kind(measured):
    result = measured(Hoarder)
    assert value(result, "duplicates a person") > 3
    assert value(result, "junk share") > 0.5
    assert value(result, "recall@5") > 0.9
    assert result.sections["junk by kind of message"]["request"] > 0
    assert "telling" not in result.sections["junk by kind of message"]


def test_what_is_another_persons_is_a_hit(measured):
    result = measured(Leaky)
    assert result.counts["cross-user hits"] > 0
    assert value(result, "cross-user hits a person") > 0


def test_a_veto_that_is_heard_and_not_kept_to_is_held_nowhere(measured):
    result = measured(Careless)
    assert value(result, "veto understood") == 1
    assert value(result, "veto held@5") == value(result, "veto held@25") == 0


class Silent(Perfect):
    """Shows nothing to anybody."""

    def shows(self, item, veto):
        return False


def test_who_shows_nothing_breaks_nothing_and_is_found_out(measured):
    result = measured(Silent)
    assert value(result, "veto held@5") is None
    assert value(result, "veto checks without a slate") == 1


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(measured, tmp_path):
    measured(Perfect, name="a")
    measured(Perfect, name="b")
    a, b = ((tmp_path / name / "metrics.json").read_bytes() for name in "ab")
    assert a == b
    other = measured(Perfect, MemoryOptions(users=4, messages=110, vetoes=2, after=(5, 25), seed=1), "c")
    assert other.manifest["seed"] == 1
    assert (tmp_path / "c" / "answers" / "recall.jsonl").read_bytes() != (
        tmp_path / "a" / "answers" / "recall.jsonl"
    ).read_bytes()


class Stopped(Perfect):
    """Is stopped by Ctrl-C at the fiftieth message, after it was committed."""

    left = 50

    def chat(self, text, **names):
        reply = super().chat(text, **names)
        type(self).left -= 1
        if not type(self).left:
            raise KeyboardInterrupt
        return reply


def test_a_stopped_run_goes_on_and_ends_with_the_same_bytes(measured, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        measured(Stopped, name="stopped")
    measured(Stopped, name="stopped")
    measured(Perfect, name="whole")
    stopped, whole = ((tmp_path / name / "metrics.json").read_bytes() for name in ("stopped", "whole"))
    assert stopped == whole


class Deaf(Perfect):
    """Cannot recall."""

    def recall(self, user_id, text, *, k=5):
        raise ConvrecError("Nothing can be recalled.", "Mend it.")


def test_where_every_case_fails_there_are_no_figures_but_a_sentence(measured, tmp_path):
    with pytest.raises(ConvrecError, match=r"`recall` failed: Nothing can be recalled"):
        measured(Deaf)
    assert not (tmp_path / "Deaf" / "metrics.json").exists()


def test_held_out_wordings_are_counted_and_never_listed(measured, tmp_path):
    measured(Hoarder, MemoryOptions(users=2, messages=110, wording="heldout", vetoes=0, after=(5,)))
    assert not (tmp_path / "Hoarder" / "misses.jsonl").read_text()


def test_the_command_prints_a_table_and_a_document(workspace, tmp_path, monkeypatch):
    options = MemoryOptions(users=2, messages=44, vetoes=1, after=(5,))
    script = Script.of(workspace, options)
    monkeypatch.setattr("convrec.evaluation.memory.protocol.open_agent", partial(Perfect, script))
    monkeypatch.setattr(
        evaluate_memory, "__kwdefaults__", {**evaluate_memory.__kwdefaults__, "opened": partial(Perfect, script)}
    )
    words = ["-w", str(workspace.root), "--users", "2", "--messages", "44", "--vetoes", "1", "--after", "5", "--out", str(tmp_path / "run")]  # fmt: skip
    done = CliRunner().invoke(app, ["evaluate", "memory", *words])
    assert done.exit_code == 0, done.output
    assert "recall@5" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100
    document = json.loads(CliRunner().invoke(app, ["evaluate", "memory", *words, "--json"]).stdout)
    assert {"value", "low", "high"} <= document["metrics"]["recall@5"].keys()
    assert document["baselines"]["own words, BM25"]["recall@5"]["value"] <= 1
    assert document["manifest"]["options"]["users"] == 2


def test_an_unknown_choice_of_wordings_is_refused_with_those_there_are(workspace):
    done = CliRunner().invoke(app, ["evaluate", "memory", "-w", str(workspace.root), "--wording", "test"])
    assert done.exit_code == 2
    assert all(choice in done.stderr for choice in CHOICES)


def test_the_clock_stands_where_it_is_set(tmp_path, workspace):
    from datetime import UTC, datetime

    clock = remembering.SetClock(datetime(2026, 1, 1, tzinfo=UTC))
    assert clock.now() == clock.now()
