"""The commands that ask the agent, on twenty made-up films: what is printed, what is stored, what a kill leaves."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from convrec.ui.cli.app import app

runner = CliRunner()


def run(*words, stdin=None):
    """Runs a command that must succeed, and returns its result."""
    done = runner.invoke(app, [str(word) for word in words], input=stdin)
    assert done.exit_code == 0, done.output
    return done


def document(*words):
    """Runs a command with --json, and returns the one document that stdout must hold."""
    return json.loads(run(*words, "--json").stdout)


def batch(verb, workspace, folder, rows):
    """Runs a batch, and returns its answers."""
    (folder / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run(verb, "-w", workspace, "--batch", folder / "in.jsonl", "--out", folder / "out.jsonl")
    return [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]


def test_recommend_answers_a_sentence(fitted_films):
    items = document("recommend", "-w", fitted_films, "a western", "-k", 4)["items"]
    assert [item["id"][0] for item in items] == ["w"] * 4
    for item in items:
        assert sum(item["contributions"].values()) == pytest.approx(item["score"], abs=1e-6)
    shown = run("recommend", "-w", fitted_films, "a western", "-k", 4).stdout
    assert "Three Wells" in shown


def test_recommend_keeps_to_filter_exclusions_and_history(fitted_films):
    only = '{"field": "genres", "op": "contains", "value": "comedy"}'
    items = document(
        "recommend",
        "-w",
        fitted_films,
        "--history",
        "w1",
        "--history",
        "w2",
        "--filter",
        only,
        "--exclude",
        "w3",
        "-k",
        20,
    )["items"]
    found = {item["id"] for item in items}
    assert found
    assert found <= {"h4", "s2", "s4", "r2", "r3", "d2", "a1"}


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--filter", '{"field": "yaer", "op": "ge", "value": 1990}'], "year"),
        (["--filter", '{"field": "year", "op": "ge", "value": "long ago"}'], "year"),
        (["--tools", "no-such-tool"], "no-such-tool"),
        (["--user", " "], "blank"),
    ],
)
def test_recommend_names_what_is_wrong(fitted_films, words, named):
    done = runner.invoke(app, ["recommend", "-w", str(fitted_films), "a western", *words])
    assert (done.exit_code, done.stdout) == (2, "")
    assert named in done.stderr


def test_a_batch_of_questions_keeps_order_and_says_bad_rows(fitted_films, tmp_path):
    rows = [
        {"id": "1", "messages": [{"role": "user", "content": "a comedy"}], "k": 3},
        {"id": "2", "history": ["w1"], "k": 50, "exclude": ["w2"]},
        {
            "id": "3",
            "messages": [{"role": "user", "content": "x"}],
            "filter": {"field": "nope", "op": "eq", "value": 1},
        },
        {"id": "4", "messages": "x"},
        {"id": "5", "history": ["w1"], "k": 0},
        {"id": "6", "history": ["no-such-item"], "k": 2},
        {"id": "7", "history": ["h1"], "tools": ["ease"], "k": 5},
    ]
    found = batch("recommend", fitted_films, tmp_path, rows)
    assert [row["id"] for row in found] == ["1", "2", "3", "4", "5", "6", "7"]
    assert ["error" in row for row in found] == [False, False, True, True, True, False, False]
    assert len(found[0]["items"]) == 3
    second = {item["id"] for item in found[1]["items"]}
    assert not second & {"w1", "w2"}
    assert "nope" in found[2]["error"]
    assert "`k`" in found[4]["error"]
    assert found[6]["items"]
    assert {name for item in found[6]["items"] for name in item["contributions"]} <= {"ease", "base"}


def test_a_batch_of_messages_is_understood(fitted_films, tmp_path):
    rows = [
        {"id": "1", "messages": [{"role": "user", "content": "no horror, and I hated Iron Harbor"}]},
        {"id": "2", "messages": []},
    ]
    first, second = batch("understand", fitted_films, tmp_path, rows)
    wishes = {
        (wish["facet"], wish["item_id"] or wish["value"]): wish["polarity"]
        for wish in first["understanding"]["preferences"]
    }
    assert wishes["genres", "Horror"] == -1
    assert wishes["item", "h1"] == -1
    assert "messages" in second["error"]


def test_nothing_but_chat_is_stored(films, tmp_path):
    run("recommend", "-w", films, "a western", "--user", "ana")
    run("understand", "-w", films, "I love westerns")
    batch(
        "recommend",
        films,
        tmp_path,
        [{"id": "1", "user_id": "ana", "messages": [{"role": "user", "content": "I love westerns"}]}],
    )
    exported = json.loads(run("profile", "export", "-w", films, "--user", "ana").stdout)
    assert exported == {"user_id": "ana", "paused": False, "profile": [], "threads": [], "feedback": []}


def test_a_conversation_goes_on_from_call_to_call(films):
    first = document("chat", "-w", films, "a western please", "--user", "ana", "--thread", "t1")
    second = document("chat", "-w", films, "not the first one. what else?", "--user", "ana", "--thread", "t1")
    assert (first["turn"], second["turn"]) == (1, 2)
    assert first["items"][0]["id"] not in {item["id"] for item in second["items"]}
    shown = run("chat", "-w", films, "a western please", "--user", "bo").stdout
    assert first["items"][0]["title"] in shown


def test_messages_may_be_piped(films):
    done = run(
        "chat",
        "-w",
        films,
        "--user",
        "ana",
        stdin="a western\n\n/like 1\n/profile\n/like 99\n/new\na comedy\n/quit\nnever said\n",
    )
    assert "Noted: like" in done.stderr
    assert "number of the last list" in done.stderr
    exported = json.loads(run("profile", "export", "-w", films, "--user", "ana").stdout)
    assert [[turn["text"] for turn in thread["turns"]] for thread in exported["threads"]] == [
        ["a western"],
        ["a comedy"],
    ]
    assert [click["event"] for click in exported["feedback"]] == ["like"]
    replies = json.loads(run("chat", "-w", films, "--user", "bo", "--json", stdin="a western\na comedy\n").stdout)[
        "replies"
    ]
    assert [reply["turn"] for reply in replies] == [1, 2]


def test_the_same_request_is_answered_once(films, tmp_path):
    rows = [
        {"id": "1", "text": "a western", "user_id": "ana", "thread_id": "t", "request_id": "r1"},
        {"id": "2", "text": "a western", "user_id": "ana", "thread_id": "t", "request_id": "r1"},
        {"id": "3", "text": "a comedy", "user_id": " ", "thread_id": "t"},
        {"id": "4", "text": "a comedy", "user_id": "ana", "thread_id": "t"},
    ]
    found = batch("chat", films, tmp_path, rows)
    assert found[0]["reply"] == found[1]["reply"]
    assert "blank" in found[2]["error"]
    assert found[3]["reply"]["turn"] == 2
    assert not (tmp_path / "out.jsonl.run").exists()


def test_kill_9_in_a_batch_of_turns_loses_none_and_doubles_none(films, tmp_path):
    texts = ["a western", "something funnier", "not the first one", "from the 80s", "who directed the second one?"] * 4
    rows = [{"id": str(n), "text": text, "user_id": "ana", "thread_id": f"t{n % 3}"} for n, text in enumerate(texts)]
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    order = [
        shutil.which("convrec", path=os.path.dirname(sys.executable)),
        "chat",
        "-w",
        films,
        "--batch",
        source,
        "--out",
        out,
    ]
    process = subprocess.Popen(order, stderr=subprocess.PIPE)
    while not out.exists() or out.read_bytes().count(b"\n") < 3:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    lines = out.read_bytes().splitlines(keepends=True)
    assert 3 <= len(lines) < len(rows)
    out.write_bytes(
        b"".join(lines[:-1]) + lines[-1][: len(lines[-1]) // 2]
    )  # as if the kill had come in the middle of a line

    subprocess.run(order, check=True, capture_output=True)
    answers = {row["id"]: row["reply"] for row in map(json.loads, out.read_text().splitlines())}
    assert list(answers) == [row["id"] for row in rows]
    exported = json.loads(run("profile", "export", "-w", films, "--user", "ana").stdout)
    for thread in exported["threads"]:
        mine = [row for row in rows if row["thread_id"] == thread["thread_id"]]
        assert [turn["text"] for turn in thread["turns"]] == [row["text"] for row in mine]
        assert [turn["reply"] for turn in thread["turns"]] == [answers[row["id"]] for row in mine]


def test_a_person_is_shown_taken_away_and_forgotten(films):
    run("chat", "-w", films, "I love westerns and I hated Iron Harbor", "--user", "ana")
    run("chat", "-w", films, "I love westerns", "--user", "bo")
    entries = document("profile", "show", "-w", films, "--user", "ana")["entries"]
    assert {(entry["facet"], entry["item_id"] or entry["value"], entry["polarity"]) for entry in entries} >= {
        ("genres", "Western", 1),
        ("item", "h1", -1),
    }
    assert "Western" in run("profile", "show", "-w", films, "--user", "ana").stdout
    receipt = json.loads(run("profile", "forget", "-w", films, "--user", "ana").stdout)
    assert receipt["verified"] is True
    assert receipt["deleted"]["turns"] == 1
    assert document("profile", "show", "-w", films, "--user", "ana")["entries"] == []
    assert document("profile", "show", "-w", films, "--user", "bo")["entries"] != []


def test_fit_prints_a_line_a_tool(films):
    tools = {tool["name"] for tool in document("fit", "-w", films)["tools"]}
    assert {"bm25", "dense", "popularity", "item_knn", "ease", "als"} <= tools
    shown = run("fit", "-w", films, "--only", "bm25").stdout
    assert "bm25" in shown
    refused = runner.invoke(app, ["fit", "-w", str(films), "--only", "no-such-tool"])
    assert refused.exit_code == 2
    assert "no-such-tool" in refused.stderr


def test_doctor_names_what_is_wrong_and_the_mend(films, tmp_path):
    def checks():
        found = runner.invoke(app, ["doctor", "-w", str(films), "--json"])
        report = json.loads(found.stdout)
        assert found.exit_code == (0 if report["ok"] else 1)
        return report["ok"], {check["what"]: check for check in report["checks"]}

    fine, found = checks()
    assert fine
    assert found["tool bm25"]["status"] == "ok"
    (tmp_path / "more.csv").write_text("id,title\nz1,Tomorrow's Lighthouse\n")
    run("ingest", "-w", films, "--items", tmp_path / "more.csv")
    fine, found = checks()
    assert fine
    assert found["tool ease"]["status"] == "stale"
    assert "convrec fit" in found["tool ease"]["mend"]
    (done,) = (films / "tools").glob("bm25-*/fitted.json")
    done.write_text(json.dumps(json.loads(done.read_text()) | {"revision": 0}))
    assert "another version" in checks()[1]["tool bm25"]["found"]
    shutil.rmtree(films / "tools")
    fine, found = checks()
    assert not fine
    assert found["tool bm25"]["status"] == "broken"
    assert "workspace" in runner.invoke(app, ["doctor", "-w", str(tmp_path / "none")]).stdout
