"""Small plots of a number a day, as points of an SVG drawing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 120


@dataclass(frozen=True)
class Line:
    """A line of a plot: what it is called, its points as SVG writes them, its last value in words."""

    name: str
    points: str
    latest: str


@dataclass(frozen=True)
class Plot:
    """A plot: what it shows, a sentence for whoever can't see it, the value at its top, its lines."""

    title: str
    told: str
    top: str
    lines: tuple[Line, ...]


def plot(title: str, series: Sequence[tuple[str, Sequence[float | None]]], unit: str = "", share: bool = False) -> Plot:
    """Returns a plot of one or two series over the same days; a day without a value is left out. With `share`, values are from 0 to 1."""
    values = [value for _, line in series for value in line if value is not None]
    top = _above(max(values, default=0.0))
    lines = tuple(Line(name, _points(line, top), _words(_latest(line), unit, share)) for name, line in series)
    told = "; ".join(f"{line.name or title}: {line.latest} on the last day" for line in lines)
    return Plot(title, f"{told}. Highest: {_words(max(values, default=None), unit, share)}.", _words(top, unit, share), lines)  # fmt: skip


def _latest(line: Sequence[float | None]) -> float | None:
    return next((value for value in reversed(line) if value is not None), None)


def _points(line: Sequence[float | None], top: float) -> str:
    step = WIDTH / max(len(line) - 1, 1)
    points = [f"{n * step:.1f},{HEIGHT - HEIGHT * value / top:.1f}" for n, value in enumerate(line) if value is not None]  # fmt: skip
    return " ".join(points * 2 if len(points) == 1 else points)  # a line from a point to itself is drawn as a dot


def _above(value: float) -> float:
    """Returns the next round number: 1, 2 or 5 with noughts."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * step for step in (1, 2, 5, 10) if power * step >= value * (1 - 1e-9))


def _words(value: float | None, unit: str, share: bool) -> str:
    if value is None:
        return "none"
    if share:
        return f"{100 * value:.3g} %"
    return f"{value:,.0f}{f' {unit}' if unit else ''}"
