"""The commands that take the state elsewhere."""

import json
import sqlite3

from convrec.agent import Agent
from convrec.ui.cli.app import app
from tests.ui.test_cli_agent import document, run, runner


def chatted(root):
    with Agent.open(root) as agent:
        agent.chat("I love westerns", user_id="ana")
        return agent.export("ana")


def test_the_state_is_moved_to_postgresql_and_used_there(films, postgres):
    export, url = chatted(films), postgres.database()
    moved = document("migrate-state", "-w", films, "--to", url)
    assert {table["table"]: table["rows"] for table in moved["tables"]}["turns"] == 1
    assert all(len(table["sha256"]) == 64 for table in moved["tables"])
    (films / "convrec.toml").write_text(f'[state]\nurl = "{url}"\n')
    assert json.loads(run("profile", "export", "-w", films, "--user", "ana").stdout) == export
    (state,) = (found for found in document("doctor", "-w", films)["checks"] if found["what"] == "state")
    assert (state["status"], "1 turns" in state["found"]) == ("ok", True)
    refused = runner.invoke(app, ["backup", "-w", str(films), "--out", "x.sqlite"])
    assert (refused.exit_code, "pg_dump" in refused.output) == (2, True)


def test_the_state_is_moved_within_the_workspace_and_told_in_a_table(films):
    chatted(films)
    told = run("migrate-state", "-w", films, "--to", "sqlite:///other.sqlite")
    assert [line.split()[:2] for line in told.stdout.splitlines() if line.strip().startswith("turns")] == [
        ["turns", "1"]
    ]
    assert "Set `url` under `[state]`" in told.stderr
    again = runner.invoke(app, ["migrate-state", "-w", str(films), "--to", "sqlite:///other.sqlite"])
    assert (again.exit_code, "not empty" in again.output) == (2, True)
    assert sqlite3.connect(films / "other.sqlite").execute("SELECT count(*) FROM turns").fetchone() == (1,)


def test_stopped_the_move_says_what_holds(films, monkeypatch):
    from convrec.agent.stores import moving

    def stopped(*_args, **_options):
        raise KeyboardInterrupt

    chatted(films)
    monkeypatch.setattr(moving, "_moved", stopped)
    done = runner.invoke(app, ["migrate-state", "-w", str(films), "--to", "sqlite:///other.sqlite"])
    assert done.exit_code == 130
    assert f"nothing was moved, and {films}/state.sqlite is in use as before" in done.output


def test_a_backup_is_written_and_a_file_that_is_there_is_not(films, tmp_path):
    chatted(films)
    out = tmp_path / "backup.sqlite"
    assert document("backup", "-w", films, "--out", out) == {"file": str(out), "bytes": out.stat().st_size}
    again = runner.invoke(app, ["backup", "-w", str(films), "--out", str(out)])
    assert (again.exit_code, "there already" in again.output) == (2, True)


def test_where_nothing_was_said_there_is_nothing_to_take(films, tmp_path):
    (films / "state.sqlite").unlink(missing_ok=True)
    for words in (["backup", "--out", str(tmp_path / "b")], ["migrate-state", "--to", "sqlite:///other.sqlite"]):
        done = runner.invoke(app, [*words, "-w", str(films)])
        assert (done.exit_code, "first conversation makes it" in done.output) == (2, True)
