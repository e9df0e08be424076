"""The Schema-Guided Dialogue layout (Rastogi et al. 2020): its dialogues, and the labelled user turns in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convrec.core.errors import InputError
from convrec.core.understanding import Act
from convrec.evaluation.understanding.rows import BadRowError, Reading, json_rows, part
from convrec.evaluation.understanding.sgd_catalogues import Answer, Service, Supply
from convrec.evaluation.understanding.slots import Slot, normalised

Document = Mapping[str, Any]

ACTS: Mapping[str, Act] = {
    "INFORM_INTENT": "request", "REQUEST": "ask_item", "AFFIRM": "accept", "AFFIRM_INTENT": "accept", "SELECT": "accept",
    "NEGATE": "reject", "NEGATE_INTENT": "reject", "REQUEST_ALTS": "reject", "THANK_YOU": "thank", "GOODBYE": "bye",
}  # fmt: skip
"""What each act of a user is here. `INFORM` is `answer` where the system had just asked for the slot, else `state_preference`."""

ACTS_SCORED: frozenset[Act] = frozenset({*ACTS.values(), "answer", "state_preference"})
_NAMING = ("INFORM", "SELECT")


@dataclass(frozen=True)
class SgdCase:
    """One user turn of one service. `messages` end in it; `slots` are the values that its catalogue carries, `spans` the words for all.

    `forms` are other ways in which the catalogue has a value, `(facet, as said, as in slots)`: "sushi" for Japanese. `uncarried` counts
    values of fields that the catalogue does not have.
    """

    id: str
    group: str
    service: str
    messages: tuple[Mapping[str, str], ...]
    acts: tuple[Act, ...]
    slots: tuple[Slot, ...]
    spans: tuple[tuple[int, int, str], ...]
    forms: tuple[tuple[str, str, str], ...] = ()
    uncarried: int = 0

    @property
    def message(self) -> str:
        """Returns what the user said."""
        return self.messages[-1]["content"]


def files_of(source: Path, split: str) -> list[Path]:
    """Returns the files of a part: `dev.jsonl`, `dev.json` or `dev/dialogues_*.json`, plain or gzipped.

    They are looked for in the folder; for a file, in its folder and the one above.

    Raises:
        InputError: there are none.
    """
    for folder in [source] if source.is_dir() else [source.parent, source.parent.parent]:
        single = [folder / f"{split}{ending}" for ending in (".jsonl", ".jsonl.gz", ".json", ".json.gz")]
        found = [path for path in single if path.is_file()][:1] or sorted((folder / split).glob("dialogues_*.json*"))
        if found:
            return found
    place = source if source.is_dir() else source.parent
    raise InputError(f"{place} has no {split} dialogues.", f"Give the folder that holds `{split}.jsonl`.")


def read_dialogues(paths: Iterable[Path], reading: Reading) -> list[Document]:
    """Returns the dialogues of the files that have the layout's shape."""
    found: list[Document] = []
    for path in paths:
        for line, row in json_rows(path, reading):
            try:
                _check(row)
            except BadRowError as error:
                reading.reject(path, line, error)
            else:
                reading.good += 1
                found.append(row)
    return found


def _check(row: Document) -> None:
    part(row, "dialogue_id", str)
    for number, turn in enumerate(part(row, "turns", list)):
        where = f"turns.{number}."
        if part(turn, "speaker", str, where) not in ("USER", "SYSTEM"):
            raise BadRowError(f"{where}speaker", f"{turn['speaker']!r} is neither USER nor SYSTEM")
        text = part(turn, "utterance", str, where)
        for place, frame in enumerate(part(turn, "frames", list, where)):
            _check_frame(frame, text, f"{where}frames.{place}.")


def _check_frame(frame: Any, text: str, where: str) -> None:
    part(frame, "service", str, where)
    for number, action in enumerate(part(frame, "actions", list, where)):
        for column, kind in (("act", str), ("slot", str), ("values", list)):
            part(action, column, kind, f"{where}actions.{number}.")
    for number, span in enumerate(part(frame, "slots", list, where)):
        if "copy_from" in span:
            continue
        at = f"{where}slots.{number}."
        part(span, "slot", str, at)
        start, end = part(span, "start", int, at), part(span, "exclusive_end", int, at)
        if not 0 <= start < end <= len(text):
            raise BadRowError(f"{at}exclusive_end", f"{start} to {end} is no span of {len(text)} characters")


def marked_slots(dialogues: Iterable[Document], supplies: Mapping[str, Supply]) -> dict[str, frozenset[str]]:
    """Returns the fields of each service whose words are marked where users say them; the layout marks none for categorical slots."""
    found: dict[str, set[str]] = {name: set() for name in supplies}
    for dialogue in dialogues:
        for turn in dialogue["turns"]:
            for frame in turn["frames"] if turn["speaker"] == "USER" else ():
                if frame["service"] in supplies:
                    facets = (supplies[frame["service"]].service.facet(span["slot"]) for span in frame["slots"])
                    found[frame["service"]].update(facet for facet in facets if facet is not None)
    return {name: frozenset(facets) for name, facets in found.items()}


def answers_of(dialogues: Iterable[Document]) -> dict[str, list[Answer]]:
    """Returns all that the services answered, by service."""
    found: dict[str, list[Answer]] = {}
    for dialogue in dialogues:
        for turn in dialogue["turns"]:
            for frame in turn["frames"]:
                results = frame.get("service_results") or ()
                found.setdefault(frame["service"], []).extend(
                    {k: str(v) for k, v in each.items()} for each in results if isinstance(each, dict)
                )
    return found


def cases_of(dialogue: Document, supplies: Mapping[str, Supply]) -> Iterator[SgdCase]:
    """Yields a case for each user turn and each service with a catalogue in it."""
    messages: list[Mapping[str, str]] = []
    asked: set[tuple[str, str]] = set()
    for number, turn in enumerate(dialogue["turns"]):
        user = turn["speaker"] == "USER"
        messages.append({"role": "user" if user else "assistant", "content": turn["utterance"]})
        if not user:
            asked = {(f["service"], a["slot"]) for f in turn["frames"] for a in f["actions"] if a["act"] == "REQUEST"}
            continue
        acts = tuple(sorted({act for f in turn["frames"] for act in _acts(f, asked)}))
        for frame in turn["frames"]:
            if frame["service"] in supplies:
                id_ = f"{dialogue['dialogue_id']}/{number}/{frame['service']}"
                yield _case(id_, dialogue["dialogue_id"], tuple(messages), acts, frame, supplies[frame["service"]])
        asked = set()


def _case(
    id_: str, group: str, messages: tuple[Mapping[str, str], ...], acts: tuple[Act, ...], frame: Document, supply: Supply
) -> SgdCase:  # fmt: skip
    named = list(_named(frame["actions"], supply.service))
    held = [(facet, [form for form in forms if supply.carries(facet, form)]) for facet, forms in named]
    return SgdCase(
        id=id_, group=group, service=frame["service"], messages=messages, acts=acts,
        slots=tuple(sorted({Slot(facet, forms[0]) for facet, forms in held if forms})),
        spans=tuple(sorted({
            (span["start"], span["exclusive_end"], facet)
            for span in frame["slots"] if "copy_from" not in span and (facet := supply.service.facet(span["slot"])) is not None
        })),
        forms=tuple(sorted({(facet, form, forms[0]) for facet, forms in held for form in forms if form != forms[0]})),
        uncarried=sum(not forms for _, forms in held),
    )  # fmt: skip


def _acts(frame: Document, asked: set[tuple[str, str]]) -> Iterator[Act]:
    for action in frame["actions"]:
        if action["act"] == "INFORM":
            yield "answer" if (frame["service"], action["slot"]) in asked else "state_preference"
        elif action["act"] in ACTS:
            yield ACTS[action["act"]]


def _named(actions: Sequence[Document], service: Service) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields each value that the user gives of a field, in its canonical form and as they said it."""
    for action in actions:
        facet = service.facet(action["slot"]) if action["act"] in _NAMING else None
        if facet is None:
            continue
        said = [str(value) for value in action["values"]]
        canonical = [str(value) for value in action.get("canonical_values") or said]
        for number, value in enumerate(canonical):
            if value != "dontcare":
                yield facet, tuple(map(normalised, (value, *said[number : number + 1])))
