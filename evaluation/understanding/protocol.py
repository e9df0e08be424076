"""`evaluate understanding`: how well messages are understood, in whatever layout labelled messages come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from convrec.agent.compact.understander import Understander
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.workspace import Workspace
from convrec.core.clock import Clock
from convrec.core.errors import InputError
from convrec.core.metrics.bootstrap import Resampling
from convrec.core.progress import Progress, silent
from convrec.evaluation.cases import write_cases
from convrec.evaluation.clock import fixed_clock
from convrec.evaluation.manifest import manifest
from convrec.evaluation.result import Part, Result, figures, summarised
from convrec.evaluation.run import Run
from convrec.evaluation.understanding import alt_entities, ccpe, own, sgd, soft_attributes
from convrec.evaluation.understanding.hearing import compact
from convrec.evaluation.understanding.layouts import LayoutName, detect
from convrec.evaluation.understanding.marks import Answers, C, Measured, Predict, Prediction, shuffled
from convrec.evaluation.understanding.resolvers import AgentResolver, choices_catalogue, overlap, sentence_similarity
from convrec.evaluation.understanding.similarity import (
    at_random,
    by_attributes,
    card_similarity,
    popularity,
    word_count,
)
from convrec.tools.encoder import TextEncoder
from convrec.tools.threads import one_thread

HEADLINES: dict[LayoutName, str] = {
    "sgd": "slot_f1", "ccpe": "micro_f1", "soft-attributes": "agreement_opposite", "altentities": "accuracy", "own": "slot_f1",
}  # fmt: skip
_ORACLE, _SHUFFLED = "oracle", "shuffled"
_CONTROLS = {_ORACLE: "oracle", _SHUFFLED: "the agent's answers to other messages"}


@dataclass(frozen=True)
class UnderstandingOptions:
    """The settings of a run. `limit` samples that many dialogues, rows or questions, evenly spread."""

    split: str | None = None
    limit: int | None = None
    seed: int = 0


def evaluate_understanding(
    workspace: Workspace,
    source: Path,
    options: UnderstandingOptions,
    runs: Path,
    *,
    progress: Progress = silent,
    out: Path | None = None,
) -> tuple[Run, Result]:
    """Lets the agent understand labelled messages, and returns how well it did, beside baselines.

    What `source` holds is told by its content. Layouts with items of their own (SGD, AltEntities) bring their catalogues; the others are
    about the workspace's.

    Raises:
        InputError: `source` has no known layout, or an empty one.
        RejectedRowsError: more than 1 % of its rows are bad.
    """
    layout = detect(source)
    files = [source] if source.is_file() else sorted(path for path in source.iterdir() if path.is_file())
    about = manifest("understanding", workspace, vars(options) | {"layout": layout}, seed=options.seed, inputs=files)
    run = Run.opened(out, runs, about, progress)
    with one_thread():
        measured = _measured(layout, workspace, source, options, runs / "catalogues", _Asked(run, options.seed))
        if not measured.ids:
            raise InputError(f"{source} has no labelled message.", "Bring some, or choose another part with --split.")
        result = _result(run, layout, measured, options)
    return run, run.finish(result)


class _Asked:
    """Passes predictions through a run, which keeps them; the control `shuffled` is dealt the agent's own."""

    def __init__(self, run: Run, seed: int) -> None:
        self._run, self._seed = run, seed
        self._agent: Sequence[Prediction] = ()

    def __call__(self, system: str, cases: Sequence[C], answer: Callable[[C], Prediction], /) -> Sequence[Prediction]:
        """Returns a prediction for each case."""
        if system == _SHUFFLED:
            return shuffled(self._agent, self._seed)
        given = self._run.answers(system, cases, answer)
        self._agent = given if system == "agent" else self._agent
        return given


def _nothing(case: object) -> Prediction:
    return {}


def _measured(
    layout: LayoutName,
    workspace: Workspace,
    source: Path,
    options: UnderstandingOptions,
    catalogues: Path,
    answer: Answers,
) -> Measured:
    clock, encoder = fixed_clock(), TextEncoder.open(workspace.settings.models.encoder).untuned
    make, catalogue = compact(clock, encoder), workspace.catalogue()
    if layout == "sgd":
        data = sgd.read_sgd(source, catalogues, clock, split=options.split, limit=options.limit)
        asked = {
            "agent": sgd.by_hearing(data, make),
            "gazetteer": sgd.by_look_up(data),
            _ORACLE: data.oracle,
            _SHUFFLED: _nothing,
        }
        return sgd.measure_sgd(data, asked, answer)
    if layout == "altentities":
        return _alt_entities(source, catalogues, clock, encoder, options, answer)
    if not len(catalogue):
        raise InputError("The workspace has no items to talk about.", "Name one with films, with -w.")
    if layout == "ccpe":
        right = partial(ccpe.oracle, schema=catalogue.schema, facets=ccpe.Facets.of(catalogue))
        others: dict[str, Predict[ccpe.CcpeCase]] = {_ORACLE: right, _SHUFFLED: _nothing}
        return ccpe.evaluate_ccpe(source, catalogue, make, limit=options.limit, others=others, answer=answer)
    if layout == "soft-attributes":
        return _soft_attributes(source, catalogue, encoder, workspace.settings.fit.max_tokens, options, answer)
    return own.evaluate_own(source, catalogue, make, others={_ORACLE: own.oracle, _SHUFFLED: _nothing}, answer=answer)


def _alt_entities(
    source: Path, catalogues: Path, clock: Clock, encoder: TextEncoder, options: UnderstandingOptions, answer: Answers
) -> Measured:
    cases, _ = alt_entities.read_alt_entities(source, limit=options.limit)
    catalogue = choices_catalogue(cases, catalogues, clock)
    resolvers: dict[str, alt_entities.Resolver] = {
        "agent": AgentResolver(Understander(catalogue, clock, encoder), catalogue),
        "overlap": overlap, "sentence similarity": sentence_similarity(encoder),
    }  # fmt: skip
    others = {_ORACLE: alt_entities.oracle, _SHUFFLED: _nothing}
    return alt_entities.evaluate_alt_entities(source, resolvers, limit=options.limit, others=others, answer=answer)


def _soft_attributes(
    source: Path,
    catalogue: Catalogue,
    encoder: TextEncoder,
    card_tokens: int,
    options: UnderstandingOptions,
    answer: Answers,
) -> Measured:
    cases, _ = soft_attributes.read_soft_attributes(source, limit=options.limit)
    titles = [title for case in cases for title in case.titles]
    found = {
        "agent": by_attributes(catalogue, titles, card_tokens),
        "cards": card_similarity(catalogue, encoder, card_tokens),
        "words": word_count(catalogue),
        "random": at_random(catalogue, options.seed),
    }
    if catalogue.has_interactions:
        found["popularity"] = popularity(catalogue)
    scorers = {name: soft_attributes.untaught(scorer) for name, scorer in found.items()}
    others = {_ORACLE: soft_attributes.oracle, _SHUFFLED: _nothing}
    return soft_attributes.evaluate_soft_attributes(source, scorers, limit=options.limit, others=others, answer=answer)


def _result(run: Run, layout: LayoutName, measured: Measured, options: UnderstandingOptions) -> Result:
    write_cases(run.folder, measured.ids, measured.groups, measured.systems[measured.system])
    run.write_lines("worst.jsonl", [each.document() for each in measured.worst])
    systems = {name: each for name, each in measured.systems.items() if name not in _CONTROLS}
    draws = Resampling(measured.groups, seed=options.seed)
    whole = Part(measured.groups, systems)
    slices = {name: whole.over(places) for name, places in measured.slices.items()}
    return summarised(
        "understanding", measured.system, HEADLINES[layout], whole, slices=slices, seed=options.seed,
        controls={_CONTROLS[name]: figures(each, draws) for name, each in measured.systems.items() if name in _CONTROLS},
        counts=measured.counts, notes=(f"layout: {layout}", *measured.notes),
        sections={"confusion": {name: table.document() for name, table in measured.confusions.items()}},
    )  # fmt: skip
