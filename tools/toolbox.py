"""The toolbox: all fitted tools of one version, and what they do together."""

from __future__ import annotations

import math
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property

import numpy as np

from convrec.catalogue.catalogue import Catalogue, Item
from convrec.catalogue.laid import LaidCatalogue
from convrec.catalogue.version import Version
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import ConvrecError, InputError, NotFittedError
from convrec.core.predicate import Predicate
from convrec.core.reply import TraceStep
from convrec.tools.asking import Asking
from convrec.tools.attributes.model import ENCODER
from convrec.tools.attributes.scorer import AttributeScorer, Cards
from convrec.tools.basis import Basis, Heard, LearnedBasis, ReciprocalBasis
from convrec.tools.candidates import Candidates
from convrec.tools.comparison import compared
from convrec.tools.contract import (
    EMPTY,
    Bools,
    Explanation,
    Floats,
    Ints,
    Query,
    Ranking,
    Tool,
    Vectors,
    top,
)
from convrec.tools.critiquing import few_shot
from convrec.tools.dense import Dense
from convrec.tools.encoder import TextEncoder
from convrec.tools.exploring import explored, novelty
from convrec.tools.heldout import DIALOGUE, HISTORY
from convrec.tools.mmr import diversified
from convrec.tools.opening import opened_rankers, opened_tools, opened_weights, outdated
from convrec.tools.ordering import ORDER, in_order
from convrec.tools.ranker import Ranker
from convrec.tools.request import Comparison, Leaning, Order, Recommendation, Recommended, Request, Wish
from convrec.tools.rules import NO_RULES, Asked, Rules
from convrec.tools.signals import Signal, Weights, weigh
from convrec.tools.tastes import belonging, calibrated, tastes
from convrec.tools.threads import one_blas_thread
from convrec.tools.vectors import VectorServerError

__all__ = ["Comparison", "Leaning", "Order", "Recommendation", "Recommended", "Request", "Toolbox", "Wish"]

_WISH = 0.3  # what a wish of weight 1 is worth, where the best of every tool's ranks are worth 1 together
_HEARD = 0.35  # the same in a conversation, where tools that learned from dialogues have heard the wish already
_A_LITTLE = 0.4  # of an attribute more than the items that a critique is about have: half of what a leaning can give
_SAMPLE = 1_000  # items that show what is usual in a catalogue
_HEAD = 5  # places of a list that a critique should change
_DISLIKE = 0.6  # what an item costs that is the same as a disliked one, by their cards
_DIVERSE_HEAD = 20  # places of a list that are diversified; beyond, nobody looks at neighbours side by side
_DIVERSE_POOL = 60
_WISHED = 100  # items that a wish may add to the candidates
_REMEMBERED = 32  # requests whose rankings are kept, so that another wish or page costs no new search


class Toolbox:
    """The tools of one published version over its catalogue. Safe to use from several threads."""

    def __init__(
        self, catalogue: Catalogue, tools: dict[str, Tool], *, left_out: dict[str, str] | None = None, weights: Weights | None = None,
        rankers: Mapping[str, Ranker] | None = None, encoder: TextEncoder | None = None, candidates: int = 200, diversity: float = 0.0, versions: dict[str, str] | None = None,
        rules: Rules = NO_RULES, exploration: float = 0.0, balance: float = 0.0, published: Version | None = None,
    ) -> None:  # fmt: skip
        self.catalogue, self.tools = catalogue, tools
        self.left_out = left_out or {}
        self.weights = weights or Weights()
        self._rankers = {
            task: (ranker, Candidates(catalogue, ranker.about.listing, ranker.about.priors, ranker.about.limit))
            for task, ranker in (rankers or {}).items()
        }
        self.encoder = encoder or TextEncoder.open()
        self.versions = versions or {}
        self.rules, self.published = rules, published
        self._diversity, self._exploration, self._balance = diversity, exploration, balance
        self._asking = Asking(catalogue, tools, self.left_out, self.encoder, candidates)
        self._remembered: OrderedDict[str, Basis] = OrderedDict()
        self._priors: dict[str, Floats] = {}
        self._guard = threading.Lock()

    @classmethod
    def open(cls, workspace: Workspace, version: int | None = None) -> Toolbox:
        """Returns the toolbox of a version, the current one by default. Items that came since the fit are taken in.

        Raises:
            NotFittedError: nothing has been fitted yet, or all of it by another version of convrec.
        """
        if version is None:
            published, catalogue = workspace.opened()
        else:
            published, catalogue = workspace.store.version(version), workspace.catalogue(version)
        if not published.tools:
            raise NotFittedError(
                f"Nothing is fitted in {workspace.root} yet.", f"Run `convrec fit -w {workspace.root}`."
            )
        tools, left_out = opened_tools(workspace.root, published, catalogue)
        if not tools and outdated(workspace.root, published):
            raise NotFittedError(
                f"What is fitted in {workspace.root} is of another version of convrec.", f"Run `convrec fit -w {workspace.root}`."
            )  # fmt: skip
        settings = workspace.settings
        versions = {name: fitted.fingerprint for name, fitted in published.tools.items() if name in tools}
        encoder = _encoder(tools, settings.models.encoder)
        if any(tool.capabilities.vectors for tool in tools.values()):
            encoder.encode(["ready"])  # so that the first request does not wait for the model
        return cls(
            catalogue, tools, left_out=left_out, weights=opened_weights(workspace.root, published),
            rankers=opened_rankers(workspace.root, published, tools), encoder=encoder, candidates=settings.retrieval.candidates,
            diversity=settings.retrieval.diversity, versions={"catalogue": str(published.number), **versions},
            rules=Rules.open(settings.ranking.rules, catalogue), exploration=settings.retrieval.exploration,
            balance=settings.retrieval.balance, published=published,
        )  # fmt: skip

    def over(self, catalogue: LaidCatalogue) -> Toolbox | None:
        """Returns the toolbox over a catalogue that was laid over its own, at once; what takes a model is left to `caught_up`. This one stays
        as it is. None where a tool has to be loaded again.

        Raises:
            PredicateError: a rule does not fit the catalogue any more.
        """
        tools = {name: laid for name, tool in self.tools.items() if (laid := tool.over(catalogue)) is not None}
        if len(tools) < len(self.tools):
            return None
        other = self._with(catalogue, tools)
        other.rules = self.rules.over(catalogue)
        other.versions = {**self.versions, "catalogue": str(catalogue.version)}
        other._rankers = {task: (ranker, made.over(catalogue)) for task, (ranker, made) in self._rankers.items()}
        if "attributes" in self.__dict__:
            other.__dict__["attributes"] = self.attributes.over(catalogue, other._cards)
        return other

    def caught_up(self, rows: Ints) -> Toolbox:
        """Returns the toolbox with all that there is to know of items in these rows, which are new or have changed; it may take a model some time."""
        tools = dict(self.tools)
        for name, tool in self.tools.items():
            if tool.capabilities.incremental:
                tools[name] = copy(tool)
                tools[name].update(self.catalogue, rows)
        other = self._with(self.catalogue, tools)
        if "attributes" in self.__dict__ and self.attributes.is_placed:
            other.attributes.place()
        return other

    def _with(self, catalogue: Catalogue, tools: dict[str, Tool]) -> Toolbox:
        """Returns a copy over another catalogue or with other tools, which remembers no rankings."""
        other = copy(self)
        for made in ("attributes", "_middle", "_dense"):
            other.__dict__.pop(made, None)
        other.catalogue, other.tools = catalogue, tools
        other._asking = self._asking.over(catalogue, tools)
        other._remembered, other._priors, other._guard = OrderedDict(), {}, threading.Lock()
        return other

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
        heard, named = basis.heard, self._named(request)
        wishes = [(wish, self.catalogue.mask(wish.predicate)) for wish in request.wishes if math.isfinite(wish.weight)]
        asked_for = Asked(self.catalogue.mask(request.filter), tuple(mask for wish, mask in wishes if wish.weight > 0))
        pinned = np.setdiff1d(self.rules.pinned(heard.allowed, asked_for), named)
        leanings = () if self._heard_already(request) else request.leanings
        rows = self._candidates_of(basis, request, [mask for wish, mask in wishes if wish.weight > 0], leanings)
        ranked = self._by_order(request, heard.allowed)
        rows = np.union1d(np.union1d(np.union1d(rows, named), pinned), ranked)
        heard_scores = basis.scores(rows)
        added = self._wished(request, heard.query, rows, wishes)
        sums = heard_scores + np.sum(list(added.values()), axis=0, initial=0.0)
        added |= self._leant(request, leanings, rows, rows[np.argsort(-sums, kind="stable")[:_HEAD]])
        sums = heard_scores + np.sum(list(added.values()), axis=0, initial=0.0)
        added |= self._ventured(request, rows, sums)
        sums = heard_scores + np.sum(list(added.values()), axis=0, initial=0.0)
        added |= self.rules.parts(rows, sums, heard.allowed, asked_for)
        sums = heard_scores + np.sum(list(added.values()), axis=0, initial=0.0)
        added |= self._ordered(request, rows, sums, np.union1d(named, pinned))
        sums = heard_scores + np.sum(list(added.values()), axis=0, initial=0.0)
        added |= _lifted(rows, sums, named)
        scores = heard_scores + np.sum(list(added.values()), axis=0, initial=0.0)
        best = self._best(rows, scores, len(named) + len(pinned), request)
        gains = [
            amounts for name, amounts in added.items() if not name.startswith(ORDER)
        ]  # an order gives no more than there is
        attainable = basis.attainable + sum(max(float(amounts.max(initial=0.0)), 0.0) for amounts in gains)
        items = self._recommended(basis, rows, best, scores, added, attainable)
        arguments = {"wishes": [wish.label for wish in request.wishes], "k": request.k, "by": basis.name}
        arguments |= {"order": request.order.field} if request.order is not None else {}
        step = TraceStep(tool="fuse", arguments=arguments, n_in=len(rows), n_out=len(items), ms=_ms(started))
        asked = [*request.history, *request.named, *sorted(request.exclude)]
        unknown = tuple(item_id for item_id in dict.fromkeys(asked) if self.catalogue.row(item_id) is None)
        return Recommendation(
            items, int(heard.allowed.sum()), int(heard.allowed[heard.pointed].sum()), (*heard.steps, step), unknown
        )

    def search(self, text: str, filter: Predicate | None = None, k: int = 10) -> Recommendation:  # noqa: A002  (the interface's name)
        """Returns the items that the text describes best, by words and by meaning alone; those first whose whole title it is.

        Raises:
            PredicateError: the filter names an unknown field or a value of the wrong type.
        """
        able = tuple(name for name, tool in self.tools.items() if tool.capabilities.text_query and not tool.needs)
        said = " ".join(text.split())
        allowed = self.rules.offered(self.catalogue.mask(filter))
        named = tuple(self.catalogue.ids[row] for row in self._asking.titled(said) if allowed[row])
        request = Request(text=said, filter=filter, k=k, tools=able, named=named, diversity=0.0, conversational=False)
        return self.recommend(request)

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
        query = self._asking.query(request, None)
        able = dict.fromkeys(s.tool for s in self._asking.signals(request) if self.tools[s.tool].capabilities.explain)
        found = {name: self.tools[name].explain(query, row) for name in able}
        return {name: explanation for name, explanation in found.items() if explanation.contributions}

    @property
    def by_people(self) -> frozenset[str]:
        """Returns the names of the tools that go by who chose what, not by what items are."""
        return frozenset(name for name, tool in self.tools.items() if tool.capabilities.by_people)

    @cached_property
    def attributes(self) -> AttributeScorer:
        """Returns what scores the items by a phrase such as "funny"."""
        return AttributeScorer(self.catalogue, self._cards)

    @property
    def _cards(self) -> Cards | None:
        """Returns what gives the cards' vectors, where they are of the encoder that attributes were learned with."""
        dense = self._dense
        return dense.vectors if dense is not None and dense.config.encoder == ENCODER else None

    def _heard_already(self, request: Request) -> bool:
        """Tells whether tools that learned from dialogues hear the whole conversation, wishes and all."""
        return bool(self.weights.dialogue) and "\n" in request.text.strip()

    def _leant(self, request: Request, leanings: Sequence[Leaning], rows: Ints, head: Ints) -> dict[str, Floats]:
        """Returns, for each leaning, what each row gains by it `(n,)`, within its weight: nothing at the level of the items `than`, or of
        the `head` of what is ranked without it where that has more already (less, if there should be less), and nothing for what is no
        nearer to the items that are liked than any item.
        """
        gains: dict[str, Floats] = {}
        near = self._near(rows, request) if leanings else np.ones(len(rows), np.bool_)
        for leaning in leanings:
            scores, level = self.attributes.scores(leaning.phrase), 0.0
            than = self.catalogue.rows(list(leaning.than))
            than = than[than >= 0]
            if len(than):
                beyond_both = max if leaning.weight > 0 else min
                level = beyond_both(float(scores[than].mean()), float(scores[head].mean()) if len(head) else 0.0)
            beyond = (scores[rows] - level) / _A_LITTLE
            gained = _WISH * leaning.weight * beyond / (1.0 + np.abs(beyond))
            gains[f"lean:{leaning.phrase}"] = np.where(near, gained, np.minimum(gained, 0.0))
        return gains

    def _near(self, rows: Ints, request: Request) -> Bools:
        """Returns which rows `(n,)` are nearer to the items that are liked, by their cards, than the catalogue is on average; all where none is."""
        liked = self.catalogue.rows([item for item, weight in request.history.items() if weight > 0])
        towards = self.vectors(liked[liked >= 0]).sum(axis=0)
        near: Bools = self.vectors(rows) @ towards >= self._middle @ towards
        return near

    @cached_property
    def _middle(self) -> Vectors:
        """Returns the mean `(width,)` of the cards' vectors, of some items all over the catalogue."""
        middle: Vectors = self.vectors(np.arange(0, len(self.catalogue), max(len(self.catalogue) // _SAMPLE, 1))).mean(
            axis=0
        )
        return middle

    @cached_property
    def _dense(self) -> Dense | None:
        return next((tool for tool in self.tools.values() if isinstance(tool, Dense)), None)

    def away(self) -> dict[str, str]:
        """Returns what the tools lean on that is not there now, and why. Requests are answered without it."""
        try:
            if self._dense is not None:
                self._dense.check()
        except VectorServerError as error:
            return {"vectors": error.problem}
        return {}

    def forget(self) -> None:
        """Drops what is remembered of earlier requests, for it holds people's words."""
        with self._guard:
            self._remembered.clear()
        self._asking.forget()

    def _basis(self, request: Request) -> Basis:
        """Returns the request's basis, made just now or remembered."""
        demand = request.filter.model_dump_json() if request.filter is not None else ""
        asked = (request.text, tuple(request.history.items()), request.tools, request.conversational)
        key = repr((asked, demand, sorted(request.exclude)))
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

    def _made(self, request: Request) -> Basis:
        started = time.perf_counter()
        allowed = self.rules.offered(self.catalogue.mask(request.filter)).copy()
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
        query = self._asking.query(request, allowed)
        if not n_allowed:
            return ReciprocalBasis(Heard(query, allowed, {}, {}, tuple(steps)), {}, self.weights.smoothing)
        usable = [signal for signal in self._asking.signals(request) if signal.query(query) is not None]
        learned = self._rankers.get(DIALOGUE if query.context else HISTORY) if self._may_learn(request, query) else None
        weights = weigh(usable, query, self.weights)
        lists: dict[Signal, Ranking] = {}
        with one_blas_thread():
            for signal in usable:
                lists[signal], step = self._ranked(signal, query, weights[signal])
                steps.append(step)
            priors = {s.name: self._prior(s.tool) for s in usable if s.aspect == "prior"}
        heard = Heard(query, allowed, lists, priors, tuple(steps))
        if learned is not None:
            return LearnedBasis(heard, *learned)
        return ReciprocalBasis(heard, weights, self.weights.smoothing)

    def _may_learn(self, request: Request, query: Query) -> bool:
        """Returns whether what was learned on held-out cases fits the request: every tool may speak, and about nothing but words or a history."""
        return request.tools is None and bool(query.context or (query.history and not query.text))

    def _prior(self, name: str) -> Floats:
        """Returns the scores `(n_items,)` of a tool that depends on no query."""
        with self._guard:
            if name not in self._priors:
                scores = self.tools[name].scores(Query())
                self._priors[name] = np.full(len(self.catalogue), np.nan) if scores is None else scores
            return self._priors[name]

    def _ranked(self, signal: Signal, query: Query, weight: float) -> tuple[Ranking, TraceStep]:
        """Returns what one signal ranks, and the step for the trace."""
        started, n_items = time.perf_counter(), len(self.catalogue)
        asked = signal.query(query)
        n_in = n_items if query.mask is None else int(query.mask.sum())
        arguments = {"aspect": signal.aspect, "weight": round(weight, 4)}
        error = None
        try:
            ranking = EMPTY if asked is None else self.tools[signal.tool].retrieve(asked)
        except ConvrecError as failure:
            ranking, error = EMPTY, str(failure)
        step = TraceStep(
            tool=signal.tool, arguments=arguments, n_in=n_in, n_out=len(ranking), ms=_ms(started), error=error
        )
        return ranking, step

    def _candidates_of(self, basis: Basis, request: Request, wished: list[Bools], leanings: Sequence[Leaning]) -> Ints:
        """Returns the rows `(n,)` that are scored, ascending: what the signals point at, what wishes and leanings ask for, and never
        fewer than are asked for while any are allowed.
        """
        heard, rows = basis.heard, basis.candidates()
        near = any(
            weight > 0 for weight in request.history.values()
        )  # a critique stays among what is like the items that are liked
        for leaning in () if near else leanings:
            scores = leaning.weight * self.attributes.scores(leaning.phrase)
            rows = np.union1d(rows, top(scores, heard.allowed, _WISHED).rows)
        for mask in wished:
            fitting = replace(heard, allowed=heard.allowed & mask)
            rows = np.union1d(rows, fitting.others(_WISHED, rows))
        short = max(request.k, _DIVERSE_POOL) - len(rows)
        if short > 0:
            rows = np.union1d(rows, np.setdiff1d(heard.pointed, rows))
            short = max(request.k, _DIVERSE_POOL) - len(rows)
        return np.union1d(rows, heard.others(short, rows)) if short > 0 else rows

    def _wished(
        self, request: Request, query: Query, rows: Ints, wishes: list[tuple[Wish, Bools]]
    ) -> dict[str, Floats]:
        """Returns the parts `(n,)` of the rows' scores that soft wishes add, and what nearness to disliked items costs."""
        added: dict[str, Floats] = {}
        strength = _WISH * (_HEARD if self._heard_already(request) else 1.0)
        for wish, mask in wishes:
            key = f"wish:{wish.label}"
            added[key] = added.get(key, np.zeros(len(rows))) + strength * wish.weight * mask[rows].astype(np.float64)
        self._push_down(query, rows, added)
        return added

    def _ventured(self, request: Request, rows: Ints, scores: Floats) -> dict[str, Floats]:
        """Returns the part that little-known items gain by exploration. The same request draws the same chances."""
        dial = self._exploration if request.exploration is None else request.exploration
        if not dial or "popularity" not in self.tools:
            return {}
        seed = zlib.crc32(repr((request.text, tuple(request.history))).encode("utf-8", "surrogatepass"))
        return {"exploration": explored(scores, novelty(np.expm1(self._prior("popularity")))[rows], dial, seed)}

    def _push_down(self, query: Query, rows: Ints, added: dict[str, Floats]) -> None:
        """Adds what nearness to disliked items costs, as a part of its own."""
        rejected = {row: -weight for row, weight in query.history if weight < 0}
        if rejected and self._dense is not None and len(rows):
            near, none = (
                self._dense.vectors(np.array(list(rejected), np.int64)),
                self._dense.vectors(np.empty(0, np.int64)),
            )
            added |= few_shot(self._dense.vectors(rows), none, near, 0.0, _DISLIKE * max(rejected.values()))

    def _by_order(self, request: Request, allowed: Bools) -> Ints:
        """Returns the rows `(n,)` of all that are allowed which come first by the field that is ordered by."""
        if request.order is None or request.order.among is not None:
            return np.empty(0, np.int64)
        return top(self._measure(request.order), allowed, request.k).rows

    def _measure(self, order: Order) -> Floats:
        """Returns `(n_items,)` what items are ordered by, the more the earlier; NaN where it is missing."""
        if self.catalogue.schema.field(order.field).type == "range":
            least, most = self.catalogue.ends(order.field)
        else:
            least = most = self.catalogue.numbers(order.field)
        return most if order.descending else -least

    def _ordered(self, request: Request, rows: Ints, scores: Floats, apart: Ints) -> dict[str, Floats]:
        """Returns the part `(n,)` of the rows' scores that puts them in the order asked for; those `apart` stay where they are."""
        if request.order is None:
            return {}
        free = ~np.isin(rows, apart)
        part = in_order(scores, self._measure(request.order)[rows], free, request.order.among)
        return {f"{ORDER}{request.order.field}": part}

    def _named(self, request: Request) -> Ints:
        wanted = dict.fromkeys(item_id for item_id in request.named if item_id not in request.exclude)
        rows = self.catalogue.rows(list(wanted))
        rows = rows[rows >= 0]
        return rows if self.rules.always is None else rows[self.rules.always[rows]]

    def _best(self, rows: Ints, scores: Floats, n_named: int, request: Request) -> Ints:
        """Returns the places `(k,)` of the best rows in order, the head diversified; ties by row."""
        order = np.argsort(-scores, kind="stable")
        pool, rest = order[n_named : n_named + _DIVERSE_POOL], order[n_named:]
        spreads = self._dense is not None and len(rest) > 1 and request.order is None
        head = self._spread(rows[pool], scores[pool], request) if spreads else None
        if head is not None:
            order = np.concatenate([order[:n_named], pool[head], rest[~np.isin(rest, pool[head])]])
        return order[: request.k]

    def _spread(self, rows: Ints, scores: Floats, request: Request) -> Ints | None:
        """Returns the places of a list's head: in proportion to the person's tastes where they have several and it is wished, else
        diversified; None where it stays as it is.
        """
        n = min(_DIVERSE_HEAD, request.k)
        balance = self._balance if request.balance is None else request.balance
        if balance > 0:
            liked = [
                (row, w) for i, w in request.history.items() if (row := self.catalogue.row(i)) is not None and w > 0
            ]
            own = self.vectors([row for row, _ in liked])
            found = tastes(own, np.array([weight for _, weight in liked]))
            if len(found) > 1:
                group = belonging(self.vectors(rows), own, found)
                return calibrated(scores, group, [taste.share for taste in found], n, balance)
        diversity = self._diversity if request.diversity is None else request.diversity
        return diversified(scores, self.vectors(rows), diversity, n) if diversity > 0 else None

    def vectors(self, rows: Sequence[int] | Ints) -> Vectors:
        """Returns `(n, width)`: the vectors of the rows' cards, of length 1; zeros of width 1 where there are none."""
        if self._dense is None:
            return np.zeros((len(rows), 1), np.float32)
        return self._dense.vectors(np.asarray(rows, np.int64))

    def _recommended(
        self, basis: Basis, rows: Ints, best: Ints, scores: Floats, added: Mapping[str, Floats], attainable: float
    ) -> tuple[Recommended, ...]:
        parts = basis.parts(rows[best]) | {name: amounts[best] for name, amounts in added.items()}
        confidence = basis.confidence(scores[best], attainable)
        items = []
        for place, row in enumerate(rows[best].tolist()):
            own = {name: amount for name, amounts in parts.items() if (amount := float(amounts[place])) != 0.0}
            own["base"] = own.get("base", 0.0)
            items.append(Recommended(self.catalogue.ids[row], row, sum(own.values()), float(confidence[place]), own))
        return tuple(items)


def _lifted(rows: Ints, scores: Floats, named: Ints) -> dict[str, Floats]:
    """Returns the part that puts items that are asked for by name before all others, in their order."""
    if not len(named):
        return {}
    ahead = float(np.ptp(scores)) + 1.0
    lift = np.zeros(len(rows))
    lift[np.searchsorted(rows, named)] = ahead * np.arange(len(named), 0, -1)
    return {"named": lift}


def _encoder(tools: dict[str, Tool], configured: str) -> TextEncoder:
    """Returns the encoder that the vectors were made with, the configured one where there are none."""
    dense = tools.get("dense")
    return dense.encoder if isinstance(dense, Dense) else TextEncoder.open(configured)


def _ms(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)
