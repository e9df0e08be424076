"""How well the reader does on rows: spans with their facets, acts, topics, attitudes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from convrec.agent.compact.tagger.decoding import stretches, whole_words
from convrec.agent.compact.tagger.labels import ACTS, ATTITUDES, KINDS, POLARITIES, SPAN_HEADS, TOPICS
from convrec.core.metrics.tagging import Counts
from convrec.finetune.reader.features import Example, batched
from convrec.finetune.reader.model import FacetVectors, Reader, on


@dataclass(frozen=True)
class Read:
    """What the reader made of one example: `(start, end, class name, probability)`, acts' scores, the topic, each gold span's labels."""

    spans: list[tuple[int, int, str, float]]
    acts: list[float]
    topic: str
    meant: list[dict[str, str]]


def read_all(
    model: Reader, vectors: FacetVectors, examples: Sequence[Example], device: str, *, blind: bool = False
) -> list[Read]:
    """Returns what the model reads, in the order of the examples; `blind` looks nothing up."""
    model.eval()
    order = sorted(range(len(examples)), key=lambda i: len(examples[i].pieces.ids))
    found: dict[int, Read] = {}
    rng = np.random.default_rng(0) if blind else None
    with torch.inference_mode():
        for start in range(0, len(order), 128):
            some = [examples[i] for i in order[start : start + 128]]
            batch = on(batched(some, rng, 1.1), device)
            scores = {name: s.float().cpu().numpy() for name, s in model(batch, vectors.of(some)).items()}
            spans = 0
            for place, example in enumerate(some):
                n = len(example.spans)
                found[order[start + place]] = _read(example, scores, place, spans)
                spans += n
    model.train()
    return [found[i] for i in range(len(examples))]


def _read(example: Example, scores: dict[str, np.ndarray], place: int, first_span: int) -> Read:
    start, count = example.pieces.offset, len(example.pieces.places)
    names = (*KINDS, *example.facets)
    tags = scores["tags"][place, start : start + count, : len(names)]
    spans = []
    for one in stretches(tags, scores["begin"][place, start : start + count], 0.0) if count else ():
        a, b = whole_words(
            example.row.text, example.pieces.places[one.first][0], example.pieces.places[one.last - 1][1]
        )
        spans.append((a, b, names[one.label], one.probability))
    meant = [
        {head: labels[int(scores[head][first_span + i].argmax())] for head, labels in SPAN_HEADS.items()}
        for i in range(len(example.spans))
    ]
    return Read(spans, scores["acts"][place].tolist(), TOPICS[int(scores["topic"][place].argmax())], meant)


def slot_counts(examples: Sequence[Example], reads: Sequence[Read], least: float) -> dict[str, Counts]:
    """Returns counts of exact spans with their facets, by schema and for `all`; only what the row tells is compared."""
    total: Counter[tuple[str, str]] = Counter()
    for example, read in zip(examples, reads, strict=True):
        told = set(example.row.told)
        gold = {(one.start, one.end, one.label) for one in example.row.labelled}
        given = {s[:3] for s in read.spans if s[3] >= least and s[2] in told}
        for name in ("all", example.row.schema):
            total[name, "tp"] += len(gold & given)
            total[name, "fp"] += len(given - gold)
            total[name, "fn"] += len(gold - given)
    return {name: Counts(total[name, "tp"], total[name, "fp"], total[name, "fn"]) for name in {key[0] for key in total}}


def figures(examples: Sequence[Example], reads: Sequence[Read]) -> Iterator[tuple[str, float]]:
    """Yields the figures that the examples' labels allow, by name."""
    if any(e.row.labelled for e in examples):
        for least in (0.0, 0.5, 0.6, 0.7, 0.8):
            yield f"slot_f1@{least}", _f1(slot_counts(examples, reads, least)["all"])
    told = [(a, g >= 0, g > 0, s) for e, r in zip(examples, reads, strict=True) for a, g, s in zip(ACTS, e.acts.tolist(), r.acts, strict=True)]  # fmt: skip
    if any(known for _, known, _, _ in told):
        yield "acts_f1", _f1(_binary([(g, s > 0) for _, known, g, s in told if known]))
        for act in ACTS:
            mine = [(g, s > 0) for a, known, g, s in told if known and a == act]
            if any(g for g, _ in mine):
                yield f"acts_f1/{act}", _f1(_binary(mine))
    topics = [(TOPICS[e.topic], r.topic) for e, r in zip(examples, reads, strict=True) if e.topic >= 0]
    if topics:
        yield "topic_micro_f1", _micro(topics, ("title", "genre", "person"))
        for topic in TOPICS:
            yield f"topic_f1/{topic}", _micro(topics, (topic,))
    for head, names in SPAN_HEADS.items():
        place = list(SPAN_HEADS).index(head)
        pairs = [(names[s[2][place]], m[head]) for e, r in zip(examples, reads, strict=True) for s, m in zip(e.spans, r.meant, strict=True) if s[2][place] >= 0]  # fmt: skip
        if pairs:
            yield f"{head}_accuracy", sum(a == b for a, b in pairs) / len(pairs)
            for name in ATTITUDES if head == "attitude" else POLARITIES[1:] if head == "polarity" else ():
                yield f"{head}_f1/{name}", _micro(pairs, (name,))


def _binary(pairs: Sequence[tuple[bool, bool]]) -> Counts:
    return Counts(
        sum(g and s for g, s in pairs), sum(s and not g for g, s in pairs), sum(g and not s for g, s in pairs)
    )


def _f1(counts: Counts) -> float:
    total = 2 * counts.tp + counts.fp + counts.fn
    return 2 * counts.tp / total if total else 1.0


def _micro(pairs: Sequence[tuple[str, str]], labels: Sequence[str]) -> float:
    right = sum(a == b and a in labels for a, b in pairs)
    return 2 * right / max(1, sum(a in labels for a, _ in pairs) + sum(b in labels for _, b in pairs))
