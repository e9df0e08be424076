"""What a file of questions can rely on: order, an answer or an error for each row, resumption after a kill."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convrec.core.errors import BusyError, InputError
from convrec.core.progress import silent
from convrec.ui.cli.batch import run_batch

_SLOW_BATCH = """
import sys, time
from pathlib import Path
from convrec.core.progress import silent
from convrec.ui.cli.batch import run_batch

def answer(row, number):
    time.sleep(0.02)
    return {"n": number}

run_batch(Path(sys.argv[1]), Path(sys.argv[2]), answer, silent)
"""


def echo(row, number):
    if row.get("bad"):
        raise InputError("`bad`: it is.", "Mend it.")
    if row.get("bug"):
        raise ZeroDivisionError("oops")
    return {"said": row.get("text"), "n": number}


def write_rows(path, rows):
    path.write_bytes(b"".join(row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows))
    return path


def answers(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def source(tmp_path):
    return write_rows(tmp_path / "in.jsonl", [{"id": str(n), "text": f"row {n}"} for n in range(5)])


def test_answers_come_in_the_order_of_the_rows(source, tmp_path):
    summary = run_batch(source, tmp_path / "out", echo, silent)
    assert [row["said"] for row in answers(tmp_path / "out")] == [f"row {n}" for n in range(5)]
    assert (summary.rows, summary.resumed, summary.errors) == (5, 0, 0)


def test_a_bad_row_gives_an_error_and_the_rest_goes_on(tmp_path):
    source = write_rows(
        tmp_path / "in",
        [
            {"id": "a"},
            {"id": "b", "bad": True},
            b"{broken\n",
            b"[1]\n",
            {"text": "no id"},
            b'{"id": "\xff"}\n',
            {"id": 7},
            {"id": "c", "bug": 1},
            {"id": "z"},
        ],
    )
    summary = run_batch(source, tmp_path / "out", echo, silent)
    found = answers(tmp_path / "out")
    assert [row["id"] for row in found] == ["a", "b", None, None, None, None, 7, "c", "z"]
    assert ["error" in row for row in found] == [False, True, True, True, True, True, False, True, False]
    assert found[1]["error"] == "`bad`: it is. Mend it."
    assert summary.errors == 6


def test_blank_lines_a_byte_order_mark_and_a_missing_last_newline_are_no_rows(tmp_path):
    (tmp_path / "in").write_bytes(b'\xef\xbb\xbf{"id": "1"}\r\n\n   \n{"id": "2"}')
    run_batch(tmp_path / "in", tmp_path / "out", echo, silent)
    assert [row["id"] for row in answers(tmp_path / "out")] == ["1", "2"]


def test_half_a_surrogate_pair_is_written_as_its_escape(tmp_path):
    (tmp_path / "in").write_bytes(b'{"id": "1", "text": "\\ud83d"}\n')
    run_batch(tmp_path / "in", tmp_path / "out", echo, silent)
    assert answers(tmp_path / "out")[0]["said"] == "\ud83d"


@given(cut=st.integers(min_value=0, max_value=10_000))
def test_a_run_goes_on_after_the_last_whole_row_wherever_it_was_cut(tmp_path_factory, cut):
    folder = tmp_path_factory.mktemp("batch")
    source = write_rows(folder / "in", [{"id": str(n), "text": "é" * n} for n in range(6)])
    run_batch(source, folder / "whole", echo, silent)
    whole = (folder / "whole").read_bytes()
    torn = whole[: cut % (len(whole) + 1)]
    (folder / "out").write_bytes(torn)
    asked = []

    def answer(row, number):
        asked.append(row["id"])
        return echo(row, number)

    summary = run_batch(source, folder / "out", answer, silent)
    assert (folder / "out").read_bytes() == whole
    assert summary.resumed == torn.count(b"\n")
    assert asked == [str(n) for n in range(summary.resumed, 6)]


def test_a_file_that_is_no_unfinished_answer_is_left_alone(source, tmp_path):
    for content in (
        b"my notes",
        b"my notes\n",
        b'{"id": "9", "said": ""}\n',
        b'{"no": "id"}\n',
        b"".join(b'{"id": "%d"}\n' % n for n in range(6)),
    ):
        (tmp_path / "out").write_bytes(content)
        with pytest.raises(InputError):
            run_batch(source, tmp_path / "out", echo, silent)
        assert (tmp_path / "out").read_bytes() == content


def test_the_input_is_never_the_output(source):
    before = source.read_bytes()
    with pytest.raises(InputError, match="is the input itself"):
        run_batch(source, source, echo, silent)
    assert source.read_bytes() == before


def test_two_runs_into_one_file_are_refused(source, tmp_path):
    def answer(row, number):
        with pytest.raises(BusyError):
            run_batch(source, tmp_path / "out", echo, silent)
        return {}

    assert run_batch(source, tmp_path / "out", answer, silent).errors == 0


def test_a_missing_input_is_said(tmp_path):
    with pytest.raises(InputError, match="can't be read"):
        run_batch(tmp_path / "none", tmp_path / "out", echo, silent)
    assert not (tmp_path / "out").exists()


def test_kill_9_in_the_middle_loses_no_written_row(tmp_path):
    source = write_rows(tmp_path / "in", [{"id": str(n)} for n in range(40)])
    out = tmp_path / "out"
    order = [sys.executable, "-c", _SLOW_BATCH, str(source), str(out)]
    process = subprocess.Popen(order)
    while not out.exists() or out.read_bytes().count(b"\n") < 5:
        assert process.poll() is None
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    written = out.read_bytes()
    assert 5 <= written.count(b"\n") < 40
    subprocess.run(order, check=True)
    assert out.read_bytes().startswith(written[: written.rindex(b"\n") + 1])
    assert answers(out) == [{"id": str(n), "n": n} for n in range(40)]
