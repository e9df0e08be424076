"""What an answer's scores are made of, as bars: the parts of each item's score beside those of the others."""

from collections.abc import Sequence
from dataclasses import dataclass

from convrec.core.reply import ReplyItem
from convrec.ui.chat.trace import name

_LEAST = 1e-9  # of all amounts of a part; less is not drawn
_TOLD = 6  # parts that have a colour of their own
_REST = "all else"
_KINDS = {"wish:explore:": "looked further: {}", "wish:": "your wish: {}", "lean:": "in words: {}", "rule:": "house rule: {}", "order:": "in order of {}"}  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """One part of a bar: what it is, the number of its colour, where it begins and how long it is in per cent of the plot, its amount."""

    label: str
    colour: int
    start: float
    length: float
    amount: float


@dataclass(frozen=True)
class Bar:
    """One item's score as pieces end to end: those that speak for it go right from the zero, those against it left."""

    title: str
    score: float
    confidence: float
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Plot:
    """The bars of an answer on one scale; `zero` is where they begin, in per cent. `legend` names the colours."""

    bars: tuple[Bar, ...]
    legend: tuple[str, ...]
    zero: float


def plot(items: Sequence[ReplyItem]) -> Plot | None:
    """Returns the plot of an answer's items; None where no score says anything. Parts that are small everywhere are one."""
    totals: dict[str, float] = {}
    for item in items:
        for key, amount in item.contributions.items():
            totals[key] = totals.get(key, 0.0) + abs(amount)
    told = [key for key in sorted(totals, key=lambda key: -totals[key]) if totals[key] > _LEAST]
    if not told:
        return None
    keys = told if len(told) <= _TOLD + 1 else told[:_TOLD]
    parts = [_parts(item, keys) for item in items]
    low = min(sum(min(amount, 0.0) for amount in own) for own in parts)
    high = max(sum(max(amount, 0.0) for amount in own) for own in parts)
    legend = (*map(part_name, keys), *([_REST] if len(keys) < len(told) else ()))
    scale = 100.0 / (high - low)
    bars = tuple(_bar(item, own, legend, -low, scale) for item, own in zip(items, parts, strict=True))
    return Plot(bars, legend, -low * scale)


def part_name(key: str) -> str:
    """Returns a part of a score in plain words."""
    for prefix, words in _KINDS.items():
        if key.startswith(prefix):
            return words.format(key.removeprefix(prefix))
    return name(key).lower()


def _parts(item: ReplyItem, keys: Sequence[str]) -> list[float]:
    """Returns the amounts of the parts, and of all the rest together."""
    told = [item.contributions.get(key, 0.0) for key in keys]
    return [*told, sum(item.contributions.values()) - sum(told)]


def _bar(item: ReplyItem, amounts: Sequence[float], legend: Sequence[str], zero: float, scale: float) -> Bar:
    pieces, right, left = [], zero, zero
    for colour, (label, amount) in enumerate(zip(legend, amounts, strict=False)):
        if amount > 0:
            pieces.append(Piece(label, colour, right * scale, amount * scale, amount))
            right += amount
        elif amount < 0:
            left += amount
            pieces.append(Piece(label, colour, left * scale, -amount * scale, amount))
    return Bar(item.title, item.score, item.confidence, tuple(pieces))
