"""OpenTelemetry traces: a span a request, one a turn, one a step of the turn. Off until the standard OTEL_ variables name where they go."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from convrec.core.errors import InputError
from convrec.core.extras import to_get
from convrec.core.reply import DoneEvent, Reply, ToolEvent, TraceStep, TurnEvent

if TYPE_CHECKING:
    from fastapi import FastAPI
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

Follow = Callable[[], Iterator[TurnEvent]]
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_OF_PEOPLE = ("http.target", "http.url", "url.path", "url.full", "url.query", "client.address", "net.peer.ip", "http.user_agent", "user_agent.original")  # fmt: skip
_QUIET = "healthz,readyz,metrics,widget.js"


class Tracing(Protocol):
    """Whoever traces turns."""

    def turn(self, follow: Follow, text: str) -> Follow:
        """Returns what follows a turn, traced as a part of the request that is answered now."""
        ...

    def close(self) -> None:
        """Sends what is left."""
        ...


class Untraced:
    """Traces nothing."""

    def turn(self, follow: Follow, text: str) -> Follow:
        """Returns what it is given."""
        return follow

    def close(self) -> None:
        """Has nothing to send."""


class Traced:
    """Sends spans by OTLP. What people said, was answered and was looked for is in them only with `with_text`."""

    def __init__(self, provider: "TracerProvider", with_text: bool) -> None:
        self._provider, self._with_text = provider, with_text
        self._tracer: Tracer = provider.get_tracer("convrec")

    def watch(self, app: "FastAPI") -> None:
        """Lets every request of the app be a span. Addresses hold user ids, so spans tell the route alone."""
        from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

        def hide(span: "Span", _: Mapping[str, Any]) -> None:
            for name in _OF_PEOPLE:
                span.set_attribute(name, "")

        FastAPIInstrumentor.instrument_app(
            app, server_request_hook=hide, tracer_provider=self._provider, excluded_urls=_QUIET, exclude_spans=["receive", "send"],
        )  # fmt: skip

    def turn(self, follow: Follow, text: str) -> Follow:
        """Returns what follows a turn, which is a span under the request's; each of its steps is one under it."""
        from opentelemetry import context, trace

        request = context.get_current()

        def traced() -> Iterator[TurnEvent]:
            with self._tracer.start_as_current_span("turn", context=request) as span:
                inside = trace.set_span_in_context(span, request)
                for event in follow():
                    if isinstance(event, ToolEvent):
                        self._step(event.step, inside)
                    if isinstance(event, DoneEvent):
                        self._describe(span, event.reply, text)
                    yield event

        return traced

    def close(self) -> None:
        """Sends what is left."""
        self._provider.shutdown()

    def _step(self, step: TraceStep, inside: Any) -> None:
        """Writes a step that has just ended."""
        from opentelemetry.trace import Status, StatusCode

        ended = time.time_ns()
        span = self._tracer.start_span(f"step {step.tool}", inside, start_time=ended - round(step.ms * 1e6))
        counts = {"convrec.n_in": step.n_in, "convrec.n_out": step.n_out}
        span.set_attributes({name: n for name, n in counts.items() if n is not None})
        span.set_attribute("convrec.ms", step.ms)
        if self._with_text:
            span.set_attribute("convrec.arguments", json.dumps(step.arguments, ensure_ascii=False))
        if step.error is not None:
            span.set_status(Status(StatusCode.ERROR, step.error if self._with_text else None))
        span.end(ended)

    def _describe(self, span: "Span", reply: Reply, text: str) -> None:
        span.set_attributes(
            {
                "convrec.engine": reply.engine, "convrec.turn": reply.turn, "convrec.items": len(reply.items), "convrec.ms": reply.ms,
                "convrec.asked_back": reply.question is not None, "convrec.fallback": reply.fallback is not None,
                "convrec.model.calls": reply.usage.llm_calls, "convrec.model.tokens_in": reply.usage.prompt_tokens,
                "convrec.model.tokens_out": reply.usage.completion_tokens,
            }
        )  # fmt: skip
        if self._with_text:
            span.set_attributes({"convrec.text": text, "convrec.reply": reply.text})


def tracing(app: "FastAPI", with_text: bool, environment: Mapping[str, str] = os.environ) -> Tracing:
    """Returns who traces the app's requests: nobody, unless an OTLP endpoint is set and OTEL_SDK_DISABLED is not true.

    Raises:
        InputError: the extra `telemetry` is not installed, or another protocol than gRPC is asked for.
    """
    wanted = any(environment.get(name) for name in _ENDPOINTS)
    if not wanted or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return Untraced()
    protocol = next((environment[name] for name in _PROTOCOLS if environment.get(name)), "grpc")
    if protocol != "grpc":
        raise InputError(
            f"Traces are sent by gRPC, and the protocol asked for is {protocol}.",
            "Name the collector's gRPC port (4317) and set OTEL_EXPORTER_OTLP_PROTOCOL=grpc.",
        )
    try:
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise InputError("Traces need more than is installed.", to_get("telemetry")) from error
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: environment.get("OTEL_SERVICE_NAME", "convrec")}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    traced = Traced(provider, with_text)
    traced.watch(app)
    return traced
