"""The log for training: whole, once, by day, and without whoever is not to be in it."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from convrec.agent.agent import Agent
from convrec.agent.exported import MANIFEST, ExportedLog, exploration_share
from convrec.agent.stores.daily import Daily
from convrec.core.clock import FixedClock
from convrec.core.errors import InputError
from convrec.ui.cli.app import app

FIRST = datetime(2026, 1, 5, 12, tzinfo=UTC)


def talk(workspace, day, *users, event=None):
    """Lets people have one turn each on a day; returns the replies."""
    with Agent.open(workspace, clock=FixedClock(FIRST + timedelta(days=day), timedelta(seconds=1))) as agent:
        replies = [agent.chat("a western please", user_id=user, thread_id=f"t{day}") for user in users]
        for reply in replies if event else ():
            agent.feedback(
                user_id=reply.user_id, item_id=reply.items[1].id, event=event, thread_id=reply.thread_id, turn=1
            )
    return replies


def export(workspace, *options):
    done = CliRunner().invoke(app, ["export-log", "-w", str(workspace), "--json", *options])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def rows(workspace, kind, folder="log"):
    parts = sorted((workspace / folder).glob(f"{kind}/day=*/part.parquet"))
    return {part.parent.name.removeprefix("day="): pq.ParquetFile(part).read().to_pylist() for part in parts}


def test_what_was_shown_and_clicked_is_there_with_what_led_to_it(films):
    reply = talk(films, 0, "ana", event="like")[0]
    done = export(films)
    assert (done["written"], done["exposures"], done["feedback"]) == (["2026-01-05"], len(reply.items), 1)
    shown = rows(films, "exposures")["2026-01-05"]
    assert [(row["item_id"], row["rank"], row["score"], dict(row["contributions"])) for row in shown] == [
        (item.id, item.rank, item.score, item.contributions) for item in reply.items
    ]
    assert {(row["user_id"], row["thread_id"], row["turn"], row["of"], row["engine"]) for row in shown} == {("ana", "t0", 1, len(reply.items), "compact")}  # fmt: skip
    assert shown[0]["at"].date() == FIRST.date()
    (click,) = rows(films, "feedback")["2026-01-05"]
    assert (click["user_id"], click["item_id"], click["event"], click["rank"]) == ("ana", reply.items[1].id, "like", 2)


def test_a_second_export_writes_only_what_changed(films):
    talk(films, 0, "ana")
    talk(films, 1, "ben")
    export(films)
    before = {part: part.read_bytes() for part in (films / "log").rglob("*.parquet")}
    assert export(films)["written"] == []
    assert {part: part.read_bytes() for part in (films / "log").rglob("*.parquet")} == before
    talk(films, 1, "cleo")
    done = export(films)
    assert (done["written"], done["kept"]) == (["2026-01-06"], 1)
    assert {row["user_id"] for row in rows(films, "exposures")["2026-01-06"]} == {"ben", "cleo"}
    assert rows(films, "exposures").keys() == {"2026-01-05", "2026-01-06"}
    again = export(films, "--out", str(films / "another"))
    assert again["exposures"] == sum(map(len, rows(films, "exposures").values()))
    assert rows(films, "exposures", "another") == rows(films, "exposures")


def test_who_is_forgotten_is_gone_from_the_files_at_once_and_stays_away(films):
    talk(films, 0, "ana", "ben", event="like")
    talk(films, 1, "ana")
    talk(films, 2, "ben")
    export(films)
    export(films, "--out", str(films / "deep" / "er"))
    n = sum(
        row["user_id"] == "ana"
        for kind in ("exposures", "feedback")
        for day in rows(films, kind).values()
        for row in day
    )
    with Agent.open(films) as agent:
        receipt = agent.forget("ana")
    assert (receipt.deleted["exported_log"], receipt.verified) == (2 * n, True)
    for folder in ("log", "deep/er"):
        assert rows(films, "exposures", folder).keys() == {"2026-01-05", "2026-01-07"}
        assert b"ana" not in b"".join(part.read_bytes() for part in (films / folder).rglob("*.parquet"))
    export(films)
    assert {row["user_id"] for day in rows(films, "exposures").values() for row in day} == {"ben"}
    checked = CliRunner().invoke(app, ["doctor", "-w", str(films), "--verify-forgotten", "--json"])
    assert checked.exit_code == 0, checked.output


def test_the_doctor_finds_rows_that_a_restored_file_brought_back(films):
    talk(films, 0, "ana")
    export(films)
    part = films / "log" / "exposures" / "day=2026-01-05" / "part.parquet"
    kept = part.read_bytes()
    with Agent.open(films) as agent:
        agent.forget("ana")
    part.parent.mkdir(parents=True)
    part.write_bytes(kept)
    checked = CliRunner().invoke(app, ["doctor", "-w", str(films), "--verify-forgotten", "--json"])
    found = [one for one in json.loads(checked.stdout)["checks"] if one["what"] == "exported log log"]
    assert (checked.exit_code, found[0]["status"]) == (1, "broken")


def test_a_deleted_conversation_leaves_at_the_next_export(films):
    talk(films, 0, "ana")
    export(films)
    with Agent.open(films) as agent:
        agent.delete_thread("ana", "t0")
    assert export(films)["removed"] == ["2026-01-05"]
    assert rows(films, "exposures") == {}


def test_people_whose_memory_rests_are_left_out(films):
    talk(films, 0, "ana", "ben")
    export(films)
    with Agent.open(films) as agent:
        agent.pause_memory("ana")
    assert export(films)["written"] == ["2026-01-05"]
    assert {row["user_id"] for row in rows(films, "exposures")["2026-01-05"]} == {"ben"}


def test_a_forgetting_in_the_middle_of_an_export_leaves_nothing(films):
    talk(films, 0, "ana", "ben")
    with Agent.open(films) as agent:
        gate, forgetting = threading.Event(), threading.Thread(target=lambda: (gate.wait(), agent.forget("ana")))

        class Interrupted(Daily):
            def clicks(self, day):  # the day's turns are read by now
                gate.set()
                while self._rows("SELECT 1 FROM turns WHERE user_id='ana'"):
                    pass
                return super().clicks(day)

        forgetting.start()
        ExportedLog(films / "log").update(Interrupted(agent._house.ledger, awake=True))
        forgetting.join()
    assert {row["user_id"] for row in rows(films, "exposures")["2026-01-05"]} == {"ben"}


def test_a_folder_that_holds_something_else_is_left_alone(films, tmp_path):
    talk(films, 0, "ana")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    done = CliRunner().invoke(app, ["export-log", "-w", str(films), "--out", str(mine)])
    assert (done.exit_code, "holds something else" in done.output) == (2, True)
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]
    (films / "log").mkdir()
    (films / "log" / MANIFEST).write_text('{"format": 99, "days": {}}')
    with Agent.open(films) as agent, pytest.raises(InputError, match="newer convrec"):
        ExportedLog(films / "log").update(Daily(agent._house.ledger, awake=True))


def test_the_share_of_exploration_is_its_part_of_all_contributions():
    assert exploration_share({"ease": 0.6, "exploration": 0.2, "base": -0.2}) == pytest.approx(0.2)
    assert exploration_share({"ease": 0.6}) == exploration_share({}) == 0.0


def test_postgresql_gives_the_same_log(films, postgres, monkeypatch):
    talk(films, 0, "ana", "ben", event="like")
    export(films)
    here = rows(films, "exposures"), rows(films, "feedback")
    url = postgres.database()
    assert CliRunner().invoke(app, ["migrate-state", "-w", str(films), "--to", url]).exit_code == 0
    monkeypatch.setenv("CONVREC_STATE_URL", url)
    export(films, "--out", str(films / "there"))
    assert (rows(films, "exposures", "there"), rows(films, "feedback", "there")) == here
