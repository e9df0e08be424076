"""The toolbox: all fitted tools of one version, and what they do together."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from convrec.catalogue.catalogue import Catalogue, Item
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import ConvrecError, InputError, NotFittedError
from convrec.core.predicate import Predicate
from convrec.core.reply import TraceStep
from convrec.tools.comparison import compared
from convrec.tools.contract import Bools, Contribution, Explanation, Floats, Ints, Query, Tool, Vectors, ordered
from convrec.tools.dense import Dense
from convrec.tools.dialogue_knn import CONTEXT_TOKENS
from convrec.tools.encoder import TextEncoder
from convrec.tools.fusion import spread
from convrec.tools.mmr import diversified
from convrec.tools.moments import recent, wanted_now
from convrec.tools.opening import opened_tools, opened_weights
from convrec.tools.request import Comparison, Recommendation, Recommended, Request, Wish
from convrec.tools.signals import Signal, Weights, signals, weigh
from convrec.tools.threads import one_blas_thread

__all__ = ["Comparison", "Recommendation", "Recommended", "Request", "Toolbox", "Wish"]

_WISH = 0.3  # what a wish of weight 1 is worth, where the best of every tool's ranks are worth 1 together
_HEARD = 0.35  # the same in a conversation, where tools that learned from dialogues have heard the wish already
_DISLIKE = 0.3  # what nearness to a disliked item costs at most
_DISLIKED_NEIGHBOURS = 100
_DIVERSE_HEAD = 20  # places of a list that are diversified; beyond, nobody looks at neighbours side by side
_DIVERSE_POOL = 60
_REMEMBERED = 32  # requests whose rankings are kept, so that another wish or page costs no new search


@dataclass(frozen=True)
class _Basis:
    """What a request's text, history and demands come to, before wishes: `(n_items,)` parts by source, and the most they could sum to."""

    allowed: Bools
    parts: dict[str, Floats]
    attainable: float
    n_candidates: int
    steps: tuple[TraceStep, ...]


class Toolbox:
    """The tools of one published version over its catalogue. Safe to use from several threads."""

    def __init__(
        self, catalogue: Catalogue, tools: dict[str, Tool], *, left_out: dict[str, str] | None = None, weights: Weights | None = None,
        encoder: TextEncoder | None = None, candidates: int = 200, diversity: float = 0.0, versions: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.catalogue, self.tools = catalogue, tools
        self.left_out = left_out or {}
        self.weights = weights or Weights()
        self.encoder = encoder or TextEncoder.open()
        self.versions = versions or {}
        self._candidates, self._diversity = candidates, diversity
        self._remembered: OrderedDict[str, _Basis] = OrderedDict()
        self._vectors: OrderedDict[tuple[str, int], Vectors] = OrderedDict()
        self._guard = threading.Lock()

    @classmethod
    def open(cls, workspace: Workspace, version: int | None = None) -> Toolbox:
        """Returns the toolbox of a version, the current one by default. Items that came since the fit are taken in.

        Raises:
            NotFittedError: nothing has been fitted yet.
        """
        published = workspace.current() if version is None else workspace.store.version(version)
        if not published.tools:
            raise NotFittedError(
                f"Nothing is fitted in {workspace.root} yet.", f"Run `convrec fit -w {workspace.root}`."
            )
        catalogue = workspace.catalogue(published.number)
        tools, left_out = opened_tools(workspace.root, published, catalogue)
        settings = workspace.settings
        versions = {name: fitted.fingerprint for name, fitted in published.tools.items() if name in tools}
        encoder = _encoder(tools, settings.models.encoder)
        if any(tool.capabilities.vectors for tool in tools.values()):
            encoder.encode(["ready"])  # so that the first request does not wait for the model
        return cls(
            catalogue, tools, left_out=left_out, weights=opened_weights(workspace.root, published),
            encoder=encoder, candidates=settings.retrieval.candidates,
            diversity=settings.retrieval.diversity, versions={"catalogue": str(published.number), **versions},
        )  # fmt: skip

    def recommend(self, request: Request) -> Recommendation:
        """Returns the `request.k` best items.

        Raises:
            PredicateError: the filter or a wish names an unknown field or a value of the wrong type.
            InputError: `k` is below 1, or `tools` names one that is unknown.
        """
        if request.k < 1:
            raise InputError(f"k is {request.k}.", "Give 1 or more.")
        basis = self._basis(request)
        started = time.perf_counter()
        attainable = basis.attainable
        parts: dict[str, Floats] = dict(basis.parts)
        strength = _WISH * (_HEARD if self.weights.dialogue and "\n" in request.text.strip() else 1.0)
        for wish in request.wishes:
            key, amount = f"wish:{wish.label}", strength * wish.weight
            parts[key] = parts.get(key, 0.0) + amount * self.catalogue.mask(wish.predicate).astype(np.float64)
            attainable += max(amount, 0.0)
        allowed = basis.allowed
        named = self._named(request)
        if len(named):
            allowed = allowed.copy()
            allowed[named] = True
            ahead = attainable + _DISLIKE + _WISH * sum(abs(wish.weight) for wish in request.wishes)
            parts["named"] = np.zeros(len(self.catalogue))
            parts["named"][named] = ahead * np.arange(len(named), 0, -1)
            attainable += ahead * len(named)
        scores = np.zeros(len(self.catalogue))
        for amounts in parts.values():
            scores = scores + amounts
        rows = self._best(scores, allowed, request)
        items = tuple(self._recommended(int(row), parts, attainable) for row in rows)
        arguments = {"wishes": [wish.label for wish in request.wishes], "k": request.k}
        step = TraceStep(tool="fuse", arguments=arguments, n_in=basis.n_candidates, n_out=len(items), ms=_ms(started))
        asked = [*request.history, *request.named, *sorted(request.exclude)]
        unknown = tuple(item_id for item_id in dict.fromkeys(asked) if self.catalogue.row(item_id) is None)
        return Recommendation(
            items,
            int(basis.allowed.sum()),
            basis.n_candidates,
            (*basis.steps, step),
            unknown,
        )

    def search(self, text: str, filter: Predicate | None = None, k: int = 10) -> Recommendation:  # noqa: A002  (the interface's name)
        """Returns the items that the text describes best, by words and by meaning alone.

        Raises:
            PredicateError: the filter names an unknown field or a value of the wrong type.
        """
        able = tuple(name for name, tool in self.tools.items() if tool.capabilities.text_query)
        return self.recommend(Request(text=" ".join(text.split()), filter=filter, k=k, tools=able, diversity=0.0))

    def similar(self, item_id: str, k: int = 10, filter: Predicate | None = None) -> Recommendation:  # noqa: A002  (as above)
        """Returns the items most like one item: chosen by the same people, or about the same things.

        Raises:
            UnknownItemError: the item is not in the catalogue.
            PredicateError: the filter names an unknown field or a value of the wrong type.
        """
        self.catalogue.item(item_id)
        able = tuple(name for name, tool in self.tools.items() if tool.capabilities.fold_in)
        return self.recommend(Request(history={item_id: 1.0}, filter=filter, k=k, tools=able, diversity=0.0))

    def compare(self, item_ids: list[str] | tuple[str, ...]) -> Comparison:
        """Returns the items side by side.

        Raises:
            UnknownItemError: one of them is not in the catalogue.
        """
        dense = self._dense
        rows = [self.catalogue.item(item_id).row for item_id in item_ids]
        return compared(self.catalogue, rows, dense.vectors(np.array(rows, np.int64)) if dense else None)

    def get_item(self, item_id: str) -> Item:
        """Returns an item's facts.

        Raises:
            UnknownItemError: it is not in the catalogue.
        """
        return self.catalogue.item(item_id)

    def explain(self, request: Request, item_id: str) -> dict[str, Explanation]:
        """Returns, for each tool with an opinion on the item, the parts of that tool's own score.

        Raises:
            UnknownItemError: the item is not in the catalogue.
        """
        row = self.catalogue.item(item_id).row
        query = self._query(request, None)
        found: dict[str, list[Contribution]] = {}
        exact: dict[str, bool] = {}
        for signal in self._asked(request):
            tool, asked = self.tools[signal.tool], signal.query(query)
            if asked is None or not tool.capabilities.explain:
                continue
            explanation = tool.explain(asked, row)
            found.setdefault(signal.tool, []).extend(explanation.contributions)
            exact[signal.tool] = exact.get(signal.tool, True) and explanation.exact
        return {name: ordered(parts, exact[name]) for name, parts in found.items() if parts}

    @cached_property
    def _dense(self) -> Dense | None:
        return next((tool for tool in self.tools.values() if isinstance(tool, Dense)), None)

    def _asked(self, request: Request) -> list[Signal]:
        """Returns the signals that the request may use."""
        for name in request.tools or ():
            if name not in self.tools:
                reason = f": {self.left_out[name]}" if name in self.left_out else ""
                raise InputError(f"There is no tool {name!r} here{reason}.", f"There are {', '.join(self.tools)}.")
        return [signal for signal in signals(self.tools) if request.tools is None or signal.tool in request.tools]

    def _basis(self, request: Request) -> _Basis:
        """Returns the request's basis, made just now or remembered."""
        demand = request.filter.model_dump_json() if request.filter is not None else ""
        key = repr((request.text, tuple(request.history.items()), demand, sorted(request.exclude), request.tools))
        with self._guard:
            if key in self._remembered:
                self._remembered.move_to_end(key)
                return self._remembered[key]
        basis = self._made(request)
        with self._guard:
            self._remembered[key] = basis
            while len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return basis

    def _made(self, request: Request) -> _Basis:
        started = time.perf_counter()
        allowed = self.catalogue.mask(request.filter).copy()
        for item_id in (*request.exclude, *request.history):
            row = self.catalogue.row(item_id)
            if row is not None:
                allowed[row] = False
        n_allowed, n_items = int(allowed.sum()), len(self.catalogue)
        arguments = {
            "filter": request.filter.model_dump(mode="json") if request.filter is not None else None,
            "excluded": len(request.exclude),
        }
        steps = [TraceStep(tool="filter", arguments=arguments, n_in=n_items, n_out=n_allowed, ms=_ms(started))]
        if not n_allowed:
            return _Basis(allowed, {}, 0.0, 0, tuple(steps))
        query = self._query(request, allowed)
        usable = [signal for signal in self._asked(request) if signal.query(query) is not None]
        weights = weigh(usable, query, self.weights)
        parts: dict[str, Floats] = {}
        attainable = 0.0
        with one_blas_thread():
            for signal in usable:
                amounts, step = self._ranked(signal, query, weights[signal])
                steps.append(step)
                if amounts is not None:
                    parts[signal.tool] = parts.get(signal.tool, 0.0) + amounts
                    attainable += weights[signal]
        pointed = np.zeros(n_items, np.bool_)
        for amounts in parts.values():
            pointed |= amounts > 0
        self._push_down(query, parts)
        return _Basis(allowed, parts, attainable, int((pointed & allowed).sum()), tuple(steps))

    def _ranked(self, signal: Signal, query: Query, weight: float) -> tuple[Floats | None, TraceStep]:
        """Returns what one signal adds to each item, and the step for the trace."""
        started, n_items = time.perf_counter(), len(self.catalogue)
        asked = signal.query(query)
        n_in = n_items if query.mask is None else int(query.mask.sum())
        arguments = {"aspect": signal.aspect, "weight": round(weight, 4)}
        if asked is None:
            return None, TraceStep(tool=signal.tool, arguments=arguments, n_in=n_in, n_out=0)
        if signal.aspect == "prior":
            asked = replace(asked, k=n_items)  # what many like breaks ties down to the last item
        try:
            ranking = self.tools[signal.tool].retrieve(asked)
        except ConvrecError as error:
            return None, TraceStep(
                tool=signal.tool, arguments=arguments, n_in=n_in, n_out=0, ms=_ms(started), error=str(error)
            )
        step = TraceStep(tool=signal.tool, arguments=arguments, n_in=n_in, n_out=len(ranking), ms=_ms(started))
        if not len(ranking):
            return None, step
        return spread(ranking, weight, n_items, self.weights.smoothing), step

    def _push_down(self, query: Query, parts: dict[str, Floats]) -> None:
        """Adds what nearness to disliked items costs, as a part of its own."""
        disliked = tuple((row, -weight) for row, weight in query.history if weight < 0)
        dense = self._dense
        if disliked and dense is not None:
            near = dense.retrieve(Query(history=disliked, mask=query.mask, k=_DISLIKED_NEIGHBOURS))
            parts["disliked"] = -spread(near, _DISLIKE * max(weight for _, weight in disliked), len(self.catalogue))

    def _query(self, request: Request, mask: Bools | None) -> Query:
        pairs = [(self.catalogue.row(item_id), float(weight)) for item_id, weight in request.history.items()]
        history = tuple((row, weight) for row, weight in pairs if row is not None and weight)
        said = request.text.strip()
        text, context = (wanted_now(said), said) if "\n" in said else (said, "")
        asked = {signal.aspect for signal in self._asked(request) if self.tools[signal.tool].capabilities.vectors}
        return Query(
            text=text, history=history, mask=mask, k=self._candidates, context=context,
            vector=self._encoded(text, 128) if text and "text" in asked else None,
            context_vector=self._encoded(recent(context or text), CONTEXT_TOKENS) if text and "context" in asked else None,
        )  # fmt: skip

    def _encoded(self, text: str, max_tokens: int) -> Vectors:
        key = (text, max_tokens)
        with self._guard:
            if key in self._vectors:
                return self._vectors[key]
        vector: Vectors = self.encoder.encode([text], max_tokens)[0]
        with self._guard:
            self._vectors[key] = vector
            while len(self._vectors) > _REMEMBERED:
                self._vectors.popitem(last=False)
        return vector

    def _named(self, request: Request) -> Ints:
        wanted = dict.fromkeys(item_id for item_id in request.named if item_id not in request.exclude)
        rows = self.catalogue.rows(list(wanted))
        return rows[rows >= 0]

    def _best(self, scores: Floats, allowed: Bools, request: Request) -> Ints:
        rows = np.flatnonzero(allowed)
        n = min(max(request.k, _DIVERSE_POOL), len(rows))
        if n < len(rows):
            cut = np.partition(scores[rows], len(rows) - n)[len(rows) - n]
            rows = rows[scores[rows] >= cut]
        rows = rows[np.argsort(-scores[rows], kind="stable")]
        diversity = self._diversity if request.diversity is None else request.diversity
        dense, first = self._dense, len(self._named(request))
        if dense is not None and diversity > 0 and len(rows) > first + 1:
            pool = rows[first : first + _DIVERSE_POOL]
            head = pool[diversified(scores[pool], dense.vectors(pool), diversity, min(_DIVERSE_HEAD, request.k))]
            rows = np.concatenate([rows[:first], head, rows[first:][~np.isin(rows[first:], head)]])
        return rows[: request.k]

    def _recommended(self, row: int, parts: dict[str, Floats], attainable: float) -> Recommended:
        contributions = {name: amount for name, amounts in parts.items() if (amount := float(amounts[row])) != 0.0}
        contributions["base"] = 0.0
        score = sum(contributions.values())
        confidence = min(max(score / attainable, 0.0), 1.0) if attainable > 0 else 0.0
        return Recommended(self.catalogue.ids[row], row, score, confidence, contributions)


def _encoder(tools: dict[str, Tool], configured: str) -> TextEncoder:
    """Returns the encoder that the vectors were made with, the configured one where there are none."""
    dense = tools.get("dense")
    return dense.encoder if isinstance(dense, Dense) else TextEncoder.open(configured)


def _ms(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)
