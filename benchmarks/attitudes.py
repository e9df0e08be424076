"""How well the agent hears what people think of the films they name, on mentions labelled by hand.

`tests/agent/attitudes.jsonl` names, in ReDial's training dialogues (Li et al. 2018), the dialogue, the message and the place of a mention, and
its label: liked, disliked, seen (without a verdict) or neutral. The texts are ReDial's own, the catalogue is made of its titles. A title that
is not linked counts as neutral. Intervals are percentile bootstrap over dialogues, 1,000 draws.

    python benchmarks/attitudes.py                                 # the test part; CONVREC_DATA has redial/
    python benchmarks/attitudes.py --part train --wrong            # the part that is trained on, with what was misheard
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convrec.catalogue.importers import import_layout
from convrec.catalogue.workspace import Workspace
from convrec.core.clock import SystemClock
from convrec.core.metrics.bootstrap import Ratio, Resampling
from convrec.core.understanding import Understanding
from convrec.evaluation.understanding.hearing import Hear, compact
from convrec.finetune.reader.films import attitudes_of, dialogues_of, spelled, titles_of
from convrec.tools.encoder import TextEncoder

LABELS = ("liked", "disliked", "seen", "neutral")
_LABELLED = Path(__file__).resolve().parent.parent / "tests" / "agent" / "attitudes.jsonl"
_BEFORE = 4  # messages that are heard before the one in question


@dataclass(frozen=True)
class Case:
    """A mention: the conversation that ends in its message, where it stands there, and its label."""

    dialogue: str
    messages: tuple[Mapping[str, str], ...]
    span: tuple[int, int]
    label: str
    hard: bool


def main() -> None:
    """Prints a line a metric."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("CONVREC_DATA"), help="the folder of the data sets")
    parser.add_argument("--part", default="test", choices=["train", "test"])
    parser.add_argument("--wrong", action="store_true", help="print what was misheard")
    options = parser.parse_args()
    if options.data is None:
        parser.error("name the data folder, or set CONVREC_DATA")
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(Path(folder) / "films")
        import_layout("redial", options.data / "redial", workspace)
        hear = compact(SystemClock(), TextEncoder.open())(workspace.catalogue())
        cases = list(cases_of(options.data / "redial", options.part))
        given = [heard(hear, case) for case in cases]
    for case, label in zip(cases, given, strict=True):
        if options.wrong and case.label != label:
            sys.stdout.write(f"{case.label:9}{label:9}{case.messages[-1]['content']!r} {case.span}\n")
    sys.stdout.write("\n".join(table(cases, given)) + "\n")


def cases_of(folder: Path, part: str) -> Iterator[Case]:
    """Yields the labelled mentions of a part, titles put in their places."""
    labels: dict[str, list[Mapping[str, Any]]] = {}
    for row in attitudes_of(_LABELLED).values():
        if row["part"] == part:
            labels.setdefault(row["dialogue"], []).append(row)
    names = titles_of(folder)
    for dialogue in dialogues_of(folder / "train.jsonl.gz"):
        for row in labels.get(str(dialogue["conversationId"]), ()):
            yield _case(dialogue, row, names)


def _case(dialogue: Mapping[str, Any], row: Mapping[str, Any], names: Mapping[str, str]) -> Case:
    seeker, place = dialogue["initiatorWorkerId"], row["message"]
    said = [
        {"role": "user" if each["senderWorkerId"] == seeker else "assistant", "content": spelled(each["text"], names)}
        for each in dialogue["messages"][max(0, place - _BEFORE) : place + 1]
    ]
    said[-1]["role"] = "user"
    text = dialogue["messages"][place]["text"]
    start = len(spelled(text[: row["span"][0]], names))
    span = start, start + len(spelled(text[slice(*row["span"])], names))
    return Case(row["dialogue"], tuple(said), span, row["label"], row["hard"])


def heard(hear: Hear, case: Case) -> str:
    """Returns the label that an understanding of the message gives the mention."""
    return label_of(hear(case.messages), case.span)


def label_of(understanding: Understanding, span: tuple[int, int]) -> str:
    """Returns the attitude to what stands in the span: a like, a dislike, else whether it is among what was seen, else neutral."""
    named = {i for r in understanding.references if r.span[0] < span[1] and span[0] < r.span[1] for i in r.item_ids[:1]}
    for stated in understanding.preferences:
        here = stated.span[0] < span[1] and span[0] < stated.span[1]
        if stated.facet == "item" and (here or stated.item_id in named):
            return "liked" if stated.polarity > 0 else "disliked"
    return "seen" if named and "already_seen" in understanding.acts else "neutral"


def table(cases: Sequence[Case], given: Sequence[str]) -> Iterator[str]:
    """Yields F1 of each label and the accuracy, for all mentions and for the hard ones, with 95 % intervals."""
    for kind, places in (("all", range(len(cases))), ("hard", [i for i, case in enumerate(cases) if case.hard])):
        some = [(cases[i].label, given[i]) for i in places]
        resampling = Resampling([cases[i].dialogue for i in places], seed=0)
        for label in LABELS:
            due = sum(gold == label for gold, _ in some)
            parts = [(2.0 * (gold == said == label), float((gold == label) + (said == label))) for gold, said in some]
            estimate = resampling.estimate(Ratio.of(parts))
            yield f"{kind:5}{label:9} F1 {estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]  n {due}"
        right = resampling.estimate(Ratio.of([(float(gold == said), 1.0) for gold, said in some]))
        yield f"{kind:5}accuracy     {right.value:.3f} [{right.low:.3f}, {right.high:.3f}]  n {len(some)}"


if __name__ == "__main__":
    main()
