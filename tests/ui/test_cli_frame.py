"""What every command does alike: exit codes, one sentence an error, JSON alone on stdout."""

import json

import pytest
import typer
from typer.testing import CliRunner

from convrec.core.errors import InputError, InterruptedFitError, WorkspaceError
from convrec.ui.cli.app import app
from convrec.ui.cli.frame import command

runner = CliRunner()


def ended(error):
    """Runs a command that raises the error."""
    small = typer.Typer()

    def work() -> None:
        """Does nothing well."""
        raise error

    command(small, work)
    small.callback()(lambda: None)
    return runner.invoke(small, ["work"]), runner.invoke(small, ["work", "--debug"])


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (InputError("The file is empty.", "Fill it."), 2, "The file is empty. Fill it.\n"),
        (WorkspaceError("It is damaged."), 1, "It is damaged.\n"),
        (InterruptedFitError("The fit was stopped.", "Fit again."), 130, "The fit was stopped. Fit again.\n"),
        (OSError(28, "No space left on device", "/tmp/x"), 1, "No space left on device: /tmp/x.\n"),
        (KeyboardInterrupt(), 130, "Stopped. What was finished is kept; run the command again to go on.\n"),
        (
            ZeroDivisionError("oops"),
            1,
            "convrec ran into ZeroDivisionError: oops. This is a bug; --debug shows where it arose.\n",
        ),
    ],
)
def test_an_error_is_a_sentence_and_an_exit_code(error, code, message):
    plain, debug = ended(error)
    assert (plain.exit_code, plain.stdout, plain.stderr) == (code, "", message)
    assert debug.exit_code == code
    assert debug.stderr.startswith("Traceback")
    assert debug.stderr.endswith(message)


@pytest.mark.parametrize(
    "words",
    [
        ["no-such-command"],
        ["fit", "--no-such-option"],
        ["recommend", "-k", "0", "western"],
        ["recommend", "-k", "many", "western"],
        ["recommend"],
        ["understand"],
        ["recommend", "--filter", "{", "western"],
        ["recommend", "--batch", "in"],
        ["recommend", "western", "--batch", "in", "--out", "out"],
        ["chat", "hi", "--batch", "in", "--out", "out"],
        ["chat", "hi", "--user", " "],
        ["chat", "hi", "--thread", "a\tb"],
        ["profile", "show"],
        ["profile", "show", "--user", " ana"],
        ["ui", "--host", "0.0.0.0"],
        ["ui", "--host", "example.org"],
        ["ui", "--port", "70000"],
        ["ingest", "--items", "films.csv"],
        ["import"],
        ["import", "no-such-layout", "."],
    ],
    ids=" ".join,
)
def test_bad_usage_ends_with_2_and_says_what_is_wrong(words, monkeypatch):
    monkeypatch.delenv("CONVREC_WORKSPACE", raising=False)
    done = runner.invoke(app, words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_no_workspace_is_named(tmp_path):
    done = runner.invoke(app, ["versions", "-w", str(tmp_path)])
    assert (done.exit_code, done.stdout) == (1, "")
    assert str(tmp_path) in done.stderr


def test_version():
    assert runner.invoke(app, ["--version"]).stdout.startswith("convrec 0.")


def test_a_workspace_is_made_listed_and_rolled_back(tmp_path):
    items = tmp_path / "films.csv"
    items.write_text("id,title,genres,year\n1,Heat,crime|drama,1995\n2,Alien,horror,1979\n")
    shop = str(tmp_path / "shop")

    taken = runner.invoke(app, ["ingest", "-w", shop, "--items", str(items), "--json"])
    assert (taken.exit_code, json.loads(taken.stdout)["items_added"]) == (0, 2)

    items.write_text("id,title,genres,year\n3,Up,comedy,2009\n")
    shown = runner.invoke(app, ["ingest", "-w", shop, "--items", str(items)])
    assert shown.exit_code == 0
    assert "items added" in shown.stdout

    kept = json.loads(runner.invoke(app, ["versions", "-w", shop, "--json"]).stdout)
    numbers = [version["number"] for version in kept["versions"]]
    assert kept["current"] == numbers[-1]

    back = runner.invoke(app, ["rollback", "-w", shop, "--json"])
    assert json.loads(back.stdout) == {"current": numbers[-2]}
    assert runner.invoke(app, ["rollback", "-w", shop, "--to", "99"]).exit_code == 1


def test_the_workspace_may_come_from_the_environment(tmp_path, monkeypatch):
    items = tmp_path / "films.csv"
    items.write_text("id,title\n1,Heat\n")
    monkeypatch.setenv("CONVREC_WORKSPACE", str(tmp_path / "shop"))
    assert runner.invoke(app, ["ingest", "--items", str(items)]).exit_code == 0
    assert json.loads(runner.invoke(app, ["versions", "--json"]).stdout)["current"] > 1


def test_a_fit_is_asked_for_by_name(tmp_path):
    items = tmp_path / "films.csv"
    items.write_text("id,title\n1,Heat\n2,Alien\n")
    shop = str(tmp_path / "shop")
    runner.invoke(app, ["ingest", "-w", shop, "--items", str(items)])
    done = runner.invoke(app, ["recommend", "-w", shop, "a film"])
    assert done.exit_code == 1
    assert "convrec fit" in done.stderr
