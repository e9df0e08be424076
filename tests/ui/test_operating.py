"""What an operator relies on: logs, metrics, traces, and what happens when a server that convrec leans on goes away and comes back."""

import json
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys

import pytest

from convrec.core.errors import InputError
from convrec.core.reply import Reason, Reply, ReplyItem
from convrec.ui.api.logs import LineFormatter
from convrec.ui.api.promises import broken
from convrec.ui.api.telemetry import Untraced, tracing
from tests.tools.test_vectors import Server as ChromaServer
from tests.ui.collector import attributes, collecting
from tests.ui.served import COMMAND, TENANT, serving, until

pytestmark = pytest.mark.ci

SAID = "a western with my cousin Balthasar"


@pytest.fixture(scope="module")
def workspace(fitted_films, tmp_path_factory):
    return shutil.copytree(fitted_films, tmp_path_factory.mktemp("operating") / "films")


def counts(served):
    """The samples of /metrics by name and labels."""
    page = served.ask("GET", "/metrics", key=None)[1]
    return {name: float(value) for name, value in re.findall(r"^(\w+(?:\{[^}]*\})?) (\S+)$", page, re.MULTILINE)}


class TestLogs:
    def test_a_request_is_a_line_of_json_without_words_or_keys(self, workspace, tmp_path):
        with serving(workspace, tmp_path / "log", CONVREC_SERVER_LOG="json") as served:
            _, reply, headers = served.chat(SAID)
            served.ask("POST", "/v1/chat", {"text": SAID, "user_id": "another"}, key="no-key-of-anybody")
            served.ask("GET", "/v1/users/shop%2Fbalthasar/profile", key=TENANT)
        log = served.log.read_text()
        lines = [json.loads(line) for line in log.splitlines()]
        assert [line["status"] for line in lines] == [200, 401, 200]
        assert (
            lines[0].items()
            >= {"level": "INFO", "logger": "convrec.access", "method": "POST", "route": "/v1/chat"}.items()
        )
        assert lines[0]["request_id"] == headers["X-Request-ID"]
        assert lines[0]["ms"] > 0
        for secret in ("Balthasar", "balthasar", reply["text"][:30], TENANT, "no-key-of-anybody", "key-of"):
            assert secret not in log

    @pytest.mark.slow
    def test_for_people_it_is_one_line_too(self, workspace, tmp_path):
        with serving(workspace, tmp_path / "log") as served:
            served.chat("hello")
        line = served.log.read_text().strip()
        assert re.fullmatch(
            r"\S+ \S+ INFO convrec\.access request .*method=POST route=/v1/chat status=200 ms=\S+ .*", line
        )

    @pytest.mark.parametrize("style", ["json", "text"])
    def test_an_exception_is_told_without_its_words(self, style):
        try:
            raise ValueError(f"could not read {SAID!r}\nand a second line")
        except ValueError:
            record = logging.LogRecord("convrec.server", logging.ERROR, __file__, 1, "it failed", (), sys.exc_info())
        line = LineFormatter(style).format(record)
        assert "ValueError in test_an_exception_is_told_without_its_words (test_operating.py:" in line
        assert "Balthasar" not in line
        assert "\n" not in line


class TestTraces:
    @pytest.fixture(scope="class")
    def collector(self):
        with collecting() as running:
            yield running

    def spans_of(self, collector, workspace, log, headers=(), **environment):
        collector.spans.clear()
        with serving(workspace, log, OTEL_EXPORTER_OTLP_ENDPOINT=collector.address, OTEL_EXPORTER_OTLP_INSECURE="true", **environment) as served:  # fmt: skip
            reply = served.chat(SAID, **dict(headers))[1]
            served.ask("GET", "/v1/users/shop%2Fbalthasar/profile", key=TENANT)
            served.ask("GET", "/healthz", key=None)
        return reply, list(collector.spans)  # what was not sent yet is sent when the server ends

    def test_a_request_a_turn_and_every_step_are_spans_that_hang_together(self, collector, workspace, tmp_path):
        reply, spans = self.spans_of(collector, workspace, tmp_path / "log")
        requests = [span for span in spans if not span.parent_span_id]
        assert {span.name for span in requests} == {"POST /v1/chat", "GET /v1/users/{user_id:path}/profile"}
        asked = next(span for span in requests if span.name.startswith("POST"))
        turn = next(span for span in spans if span.name == "turn")
        assert (turn.parent_span_id, turn.trace_id) == (asked.span_id, asked.trace_id)
        assert attributes(turn).items() >= {"convrec.engine": "compact", "convrec.items": len(reply["items"]), "convrec.turn": reply["turn"]}.items()  # fmt: skip
        steps = [span for span in spans if span.parent_span_id == turn.span_id]
        assert [span.name for span in steps] == [f"step {step['tool']}" for step in reply["trace"]]
        for span, step in zip(steps, reply["trace"], strict=True):
            assert (span.end_time_unix_nano - span.start_time_unix_nano) / 1e6 == pytest.approx(step["ms"], abs=0.01)
        assert collector.resources[-1]["service.name"] == "convrec"

    @pytest.mark.slow
    def test_nobody_is_told_what_was_said_unless_the_operator_says_so(self, collector, workspace, tmp_path):
        reply, spans = self.spans_of(collector, workspace, tmp_path / "log")
        told = "".join(str(span) for span in spans)
        for secret in ("Balthasar", "balthasar", reply["text"][:20], TENANT, "Western"):
            assert secret not in told
        above = {"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}
        _, spans = self.spans_of(collector, workspace, tmp_path / "log", above, CONVREC_SERVER_TRACE_TEXT="true")
        turn = next(span for span in spans if span.name == "turn")
        assert attributes(turn)["convrec.text"] == SAID
        assert turn.trace_id.hex() == "ab" * 16  # a request is a part of its caller's trace

    def test_without_an_endpoint_there_are_none(self):
        assert isinstance(tracing(None, False, {}), Untraced)
        assert isinstance(tracing(None, False, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317", "OTEL_SDK_DISABLED": "true"}), Untraced)  # fmt: skip
        with pytest.raises(InputError, match="http/protobuf"):
            tracing(None, False, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"})  # fmt: skip

    @pytest.mark.slow
    def test_a_collector_that_is_away_keeps_nobody_waiting(self, workspace, tmp_path):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            port = nobody.getsockname()[1]
        with serving(workspace, tmp_path / "log", OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}") as served:
            assert served.chat("a western", thread="t-away")[0] == 200
        assert served.process.returncode in (0, -signal.SIGTERM)


class TestMetrics:
    def test_two_workers_count_together_and_one_that_dies_is_forgotten(self, workspace, tmp_path):
        with serving(workspace, tmp_path / "log", "--workers", "2") as served:
            for n in range(12):
                assert served.chat("a western please", thread=f"m{n}")[0] == 200
            found = counts(served)
            assert found['convrec_turns_total{engine="compact",outcome="items"}'] == 12
            assert found['convrec_requests_total{method="POST",route="/v1/chat",status="200"}'] == 12
            assert found["convrec_turn_seconds_count"] == 12
            assert found['convrec_step_seconds_count{step="fuse"}'] >= 12
            for name in (
                "convrec_fallbacks_total",
                "convrec_guard_repairs_total",
                "convrec_model_calls_total",
                "convrec_queue",
            ):
                assert found[name] == 0
            assert found['convrec_model_tokens_total{direction="in"}'] == 0
            worker = subprocess.run(["pgrep", "-P", str(served.process.pid), "-f", "spawn_main"], capture_output=True, text=True, check=True).stdout.split()[0]  # fmt: skip
            os.kill(int(worker), signal.SIGKILL)
            until(lambda: _died(worker))
            until(lambda: served.ask("GET", "/readyz", key=None)[0] == 200)
            assert served.chat("a western please", thread="m99")[0] == 200
            until(lambda: counts(served)["convrec_queue"] == 0)
            assert counts(served)['convrec_turns_total{engine="compact",outcome="items"}'] == 13

    def test_what_waits_is_seen_and_goes_away_again(self):
        import asyncio
        import threading

        from convrec.ui.api.pool import Pool

        seen = []

        async def crowd():
            gate, pool = threading.Event(), Pool(1, 5, 10.0, seen.append)
            work = [asyncio.create_task(pool.run(gate.wait)) for _ in range(3)]
            await asyncio.sleep(0.05)
            gate.set()
            await asyncio.gather(*work)

        asyncio.run(crowd())
        assert (max(seen), seen[-1]) == (3, 0)

    @pytest.mark.parametrize(
        ("changes", "promise"),
        [
            ({"text": " "}, "empty"), ({"text": "Nothing."}, "unnamed"), ({"score": 1.5}, "sums"), ({"confidence": 1.5}, "confidence"), ({"rank": 2}, "ranks"),
            ({"reasons": ()}, "sums"), ({}, None),
        ],
    )  # fmt: skip
    def test_a_broken_promise_is_named(self, changes, promise):
        item = {"id": "1", "title": "Heat", "rank": 1, "score": 1.0, "confidence": 0.5, "contributions": {"ease": 1.0}, "reasons": (Reason(kind="other", text="", weight=1.0),)}  # fmt: skip
        shown = ReplyItem.model_validate({**item, **{k: v for k, v in changes.items() if k != "text"}})
        found = list(broken(Reply(text=changes.get("text", "Try Heat."), items=(shown,))))
        assert promise in found if promise else found == []

    def test_an_item_twice_and_a_confidence_that_falls_are_named(self):
        one = ReplyItem(id="1", title="Heat", rank=1, score=1.0, confidence=0.4, contributions={"a": 1.0}, reasons=(Reason(kind="other", text="", weight=1.0),))  # fmt: skip
        two = one.model_copy(update={"rank": 2, "score": 0.5, "confidence": 0.6, "contributions": {"a": 0.5}, "reasons": (Reason(kind="other", text="", weight=0.5),)})  # fmt: skip
        assert set(broken(Reply(text="Heat and Heat", items=(one, two)))) == {"twice", "confidence"}


def _died(pid):
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    return False


class TestServersThatGoAway:
    """The same processes as in compose.yaml: PostgreSQL, a Chroma server, convrec, put together by environment variables alone."""

    @pytest.fixture
    def chroma(self, tmp_path):
        server = ChromaServer(tmp_path / "chroma").start()
        yield server
        server.stop()

    def test_turns_go_on_without_chroma_and_come_back_with_postgresql(self, films, chroma, tmp_path):
        from tests.postgres import serving as postgres_serving

        with postgres_serving() as postgres:
            elsewhere = {"CONVREC_STATE_URL": postgres.database(), "CONVREC_VECTORS_URL": chroma.url}
            environment = {**os.environ, **elsewhere, "OMP_NUM_THREADS": "1"}
            subprocess.run([*COMMAND, "fit", "-w", str(films)], env=environment, check=True, capture_output=True)
            with serving(films, tmp_path / "log", **elsewhere) as served:
                assert served.chat("a western please")[1]["items"]
                assert "on the Chroma server" in doctor(films, environment)["vectors"]["found"]

                chroma.stop()
                status, reply, _ = served.chat("any drama instead")
                assert (status, reply["turn"]) == (200, 2)
                assert reply["items"], reply["text"]
                assert doctor(films, environment)["vectors"]["status"] == "broken"
                ready = served.ask("GET", "/readyz", key=None)
                assert ready[0] == 200
                assert "vectors" in ready[1]["degraded"]
                chroma.start()
                until(lambda: served.ask("GET", "/readyz", key=None)[1]["degraded"] == {})

                postgres.stop()
                status, problem, headers = served.chat("and a comedy?")
                assert (status, problem["status"]) == (503, 503)
                assert int(headers["Retry-After"]) >= 1
                assert served.ask("GET", "/readyz", key=None)[0] == 503
                assert served.ask("GET", "/healthz", key=None)[0] == 200
                postgres.start()
                until(lambda: served.ask("GET", "/readyz", key=None)[0] == 200)
                status, reply, _ = served.chat("and a comedy?")
                assert (status, reply["turn"]) == (200, 3)
                log = served.log.read_text()
        assert "Traceback" not in log
        assert "comedy" not in log


def doctor(workspace, environment):
    """The doctor's findings by what was looked at."""
    done = subprocess.run([*COMMAND, "doctor", "-w", str(workspace), "--json"], env=environment, capture_output=True, check=False)  # fmt: skip
    return {one["what"]: one for one in json.loads(done.stdout)["checks"]}
