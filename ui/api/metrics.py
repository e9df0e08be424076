"""What a server counts, in Prometheus' form: never a word of anybody's."""

import logging
import os
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from convrec.core.reply import Reply
from convrec.ui.api.promises import broken

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable that names the folder in which several workers count together."""
_log = logging.getLogger("convrec.server")
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 15.0, 30.0)


class Metrics:
    """The counters of one process, read together with those of its fellow workers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own: dict[str, Any] = {"registry": self.registry}
        self._requests = Counter("convrec_requests", "Requests answered.", ["method", "route", "status"], **own)
        self._seconds = Histogram(
            "convrec_request_seconds", "Seconds to answer a request.", ["route"], buckets=_SECONDS, **own
        )
        self._turns = Counter("convrec_turns", "Turns committed.", ["engine", "outcome"], **own)
        self._turn_seconds = Histogram("convrec_turn_seconds", "Seconds of a turn.", buckets=_SECONDS, **own)
        self._steps = Histogram(
            "convrec_step_seconds", "Seconds of a step of a turn.", ["step"], buckets=_SECONDS, **own
        )
        self._errors = Counter("convrec_step_errors", "Steps of a turn that failed.", ["step"], **own)
        self._fallbacks = Counter(
            "convrec_fallbacks", "Turns in which a model was configured and did not serve a step.", **own
        )
        self._repairs = Counter("convrec_guard_repairs", "Sentences of a model that were taken out or mended.", **own)
        self._calls = Counter("convrec_model_calls", "Requests to a model.", **own)
        self._tokens = Counter("convrec_model_tokens", "Tokens of a model.", ["direction"], **own)
        self._violations = Counter("convrec_violations", "Promises that a committed reply broke.", ["promise"], **own)
        mode: Any = "livesum"
        self._queue = Gauge("convrec_queue", "Pieces of work that run or wait.", multiprocess_mode=mode, **own)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def held(self, n: int) -> None:
        """Notes how many pieces of work run or wait."""
        self._queue.set(n)

    def turned(self, reply: Reply) -> None:
        """Counts a committed turn and its steps."""
        outcome = "items" if reply.items else "question" if reply.question else "answer"
        self._turns.labels(reply.engine, outcome).inc()
        self._turn_seconds.observe(reply.ms / 1000)
        for step in reply.trace:
            self._steps.labels(step.tool).observe(step.ms / 1000)
            if step.error is not None:
                self._errors.labels(step.tool).inc()
            if step.tool == "claims":  # sentences that the checker read, and those that it let pass
                self._repairs.inc((step.n_in or 0) - (step.n_out or 0))
        if reply.fallback is not None:
            self._fallbacks.inc()
        self._calls.inc(reply.usage.llm_calls)
        self._tokens.labels("in").inc(reply.usage.prompt_tokens)
        self._tokens.labels("out").inc(reply.usage.completion_tokens)
        for promise in broken(reply):
            self._violations.labels(promise).inc()
            _log.error("a reply broke a promise", extra={"promise": promise, "turn": reply.turn})

    def page(self) -> bytes:
        """Returns all that was counted, by all workers where there are several."""
        if SHARED_FOLDER not in os.environ:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)
