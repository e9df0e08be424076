"""`evaluate sessions`: simulated people with hidden targets, served by the agent and by those it must beat."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError
from convrec.core.progress import Progress, silent
from convrec.evaluation.cases import write_cases
from convrec.evaluation.manifest import manifest
from convrec.evaluation.result import Part, Result, summarised
from convrec.evaluation.run import Answer, Run
from convrec.evaluation.sessions.frozen import people_hash
from convrec.evaluation.sessions.house import House, SessionOptions
from convrec.evaluation.sessions.presets import presets
from convrec.evaluation.sessions.sampling import counted
from convrec.evaluation.sessions.scoring import controls, scored, slices
from convrec.evaluation.sessions.servers import SLATE, Server
from convrec.evaluation.sessions.session import Session, gives_away, replayed, somebody_else, talk
from convrec.evaluation.sessions.wording import counted as worded
from convrec.evaluation.sessions.wording import described
from convrec.evaluation.sessions.wording_model import ChatWording, KeptWordings, chat_wording
from convrec.evaluation.splits import LeakError
from convrec.tools.threads import one_thread

POLICIES = ("agent", "never-ask", "always-ask", "random-ask", "search", "popularity", "random", "oracle")
_CHECKED = 10  # every so many sessions, the server's knowledge is put to the proof


def evaluate_sessions(
    workspace: Workspace, options: SessionOptions, runs: Path, *, progress: Progress = silent, out: Path | None = None
) -> tuple[Run, Result]:
    """Lets simulated people talk to the agent and to those that it is compared with; returns who gets where, in how many turns.

    The tools are fitted without the people who talk. Where items have no facts to talk about, people are known by what they liked.

    Raises:
        InputError: the policy is unknown, the catalogue is too small, or it is not clear which model words what people say.
        ConvrecError: that model does not answer from the start.
        LeakError: somebody knew more than they were told.
    """
    if options.policy not in POLICIES:
        raise InputError(f"There is no policy {options.policy!r}.", f"There are {', '.join(POLICIES)}.")
    if len(workspace.catalogue()) <= SLATE:
        raise InputError("The catalogue is too small for sessions.", f"Bring more than {SLATE} items.")
    chat = chat_wording(options.worded_by, options.llm_url, options.llm_key_env)
    about = manifest("sessions", workspace, _about(options), seed=options.seed)
    run = Run.opened(out, runs, about, progress)
    wording = _kept_wordings(run, chat) if chat else None
    with one_thread(), tempfile.TemporaryDirectory() as scratch:
        house = House.opened(workspace, options, runs, Path(scratch), progress)
        house = house.worded(wording) if wording else house
        try:
            result = _measured(run, house, options)
        finally:
            house.close()
    return run, run.finish(result)


def _about(options: SessionOptions) -> dict[str, Any]:
    """Returns the options that figures depend on: of a model its name and its prompt, not where it is served."""
    plain = {
        name: value for name, value in vars(options).items() if name not in ("worded_by", "llm_url", "llm_key_env")
    }
    return plain | {"people": people_hash()} | (described(options.worded_by) if options.worded_by else {})


def _kept_wordings(run: Run, chat: ChatWording) -> KeptWordings:
    kept = KeptWordings(chat, run.folder / "wordings.jsonl")
    if kept.empty:
        chat.check()
    return kept


def _measured(run: Run, house: House, options: SessionOptions) -> Result:
    sessions, catalogue = house.sessions, house.toolbox.catalogue
    answers = {
        name: run.answers(name, sessions, partial(_talk, server=server, house=house))
        for name, server in house.servers.items()
    }
    leaks = {
        "people who named their target": sum(gives_away(s, a, catalogue) for name in answers for s, a in zip(sessions, answers[name], strict=True) if "turns" in a),
        "replies that knew more than they were told": _knowing(house, answers),
    }  # fmt: skip
    if any(leaks.values()):
        raise LeakError(
            f"{leaks}: these sessions measure nothing.", "This is a bug in a simulator or in whoever serves."
        )
    groups = [session.person.id for session in sessions]
    found = {name: scored(each, catalogue, options.patience) for name, each in answers.items()}
    whole = Part(groups, found)
    write_cases(run.folder, [session.id for session in sessions], groups, found[options.policy])
    run.write_lines("worst.jsonl", _worst(house, answers[options.policy]))
    failures = {f"failures of {name}": sum("error" in answer for answer in each) for name, each in answers.items()}
    said, why = worded(answer for each in answers.values() for answer in each)
    return summarised(
        "sessions", options.policy, f"success@{options.patience}", whole, slices={name: whole.over(places) for name, places in slices(sessions).items()}, seed=options.seed, counts=counted(house.drawn) | leaks | failures | (said if options.worded_by else {}),
        notes=(*_notes(house, options), *_wording_notes(options, why)),
        controls=controls(sessions, answers, groups, options),
        sections={"presets": presets(run, house.agents[0], sessions, house.view, answers, options.seed, known=house.known)},
    )  # fmt: skip


def _talk(session: Session, server: Server, house: House) -> Answer:
    return talk(session, server, house.view, known=house.known)


def _knowing(house: House, answers: Mapping[str, Sequence[Answer]]) -> int:
    """Returns in how many sessions, of every tenth, a server answers otherwise to the same words from somebody else."""
    found = 0
    for name, server in house.servers.items():
        if server.oracle:
            continue
        for session, answer in list(zip(house.sessions, answers[name], strict=True))[::_CHECKED]:
            other = somebody_else(session, house.toolbox.catalogue)
            found += "turns" in answer and not replayed(answer, other, server, house.view, known=house.known)
    return found


def _worst(house: House, answers: Sequence[Answer], n: int = 20) -> list[dict[str, object]]:
    """Returns sessions to read: those that missed with the most said about the target, then by id."""
    catalogue = house.toolbox.catalogue
    missed = [(s, a) for s, a in zip(house.sessions, answers, strict=True) if a.get("hit") is None]
    missed.sort(key=lambda pair: (-sum(len(t["statements"]) for t in pair[1].get("turns", ())), pair[0].id))
    return [
        {
            "id": session.id,
            "target": {"id": session.person.target.id, **{k: v for k, v in session.person.target.facts.items() if k not in ("description", "url", "image")}},
            "turns": [
                {"said": t["said"], "mistakes": t["mistakes"], "shown": [catalogue.item(i).title for i in t["shown"]], "asked": t["asked"]}
                for t in answer.get("turns", ())
            ],
            **({"error": answer["error"]} if "error" in answer else {}),
        }
        for session, answer in missed[:n]
    ]  # fmt: skip


def _wording_notes(options: SessionOptions, why: str) -> tuple[str, ...]:
    if not options.worded_by:
        return ()
    return (
        f"What people say was put into other words by {options.worded_by}; what they mean was not. Where a look ahead is taken, it is in "
        f"their own words. {why}",
    )


def _notes(house: House, options: SessionOptions) -> tuple[str, ...]:
    who = (
        "People are known by what they liked; items have no facts to talk about."
        if house.known
        else "Nobody is known beforehand."
    )
    return (
        f"Slates of {SLATE}, {options.patience} turns, {options.mistakes:.0%} of answers wrong or missing. {who} The tools were fitted without "
        "the people who talk. Turns count a miss as one more than there are; every policy but search and oracle is the same agent.",
    )
