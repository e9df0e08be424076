"""The report's plots: dots with intervals, lines by turn, parts of the cases, confusions.

Each returns SVG that is the same bytes for the same figures; `label` is what is read out in its place.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from convrec.evaluation.reading import known, number
from convrec.evaluation.svg import GRID, INK, MUTED, OTHER, PAPER, SERIES, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

_MARKS = ("o", "s", "^", "D", "v", "P", "X")
_DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
_TONES = {"system": SERIES[0], "other": OTHER, "better": SERIES[2], "worse": SERIES[1], "unclear": OTHER}
_SHAPES = {"better": "^", "worse": "v"}
_LETTER = 6.9  # px: the mean width of a letter at 12 px, with room to spare
_ROW = 25


@dataclass(frozen=True)
class Dot:
    """A figure on its row: `tone` is `system`, `other`, `better`, `worse` or `unclear`."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    tone: str = "other"


def dots(rows: Sequence[Dot], label: str, *, width: int = 390, zero: bool = False) -> str:
    """Returns rows of dots with their intervals, the numbers beside them. `zero` draws a line there and signs the numbers."""
    left, right, top, bottom = _left([row.label for row in rows], width), 58, 6, 26
    height = top + bottom + _ROW * len(rows)

    def draw(canvas: Canvas) -> None:
        axes = _axes(canvas, (left, top, width - left - right, height - top - bottom))
        _scale(axes, [x for row in rows for x in (row.value, row.low, row.high)], zero)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        for place, row in enumerate(rows):
            _dot(axes, place, row)
            ours = row.tone == "system"
            _beside(axes, place, _short(row.label, left), "right", INK if ours else MUTED, bold=ours)
            _beside(axes, place, number(row.value, signed=zero), "left", INK, bold=ours)

    return drawn(draw, width, height, label)


def lines(series: Mapping[str, Sequence[float | None]], places: Sequence[int], label: str, *, width: int = 390) -> str:
    """Returns a line for each of the series over the places, named at its end. The first is the system."""
    names = list(series)
    left, right, top, bottom = 40, min(150, _left(names, width) + 14), 10, 40
    height = 250

    def draw(canvas: Canvas) -> None:
        axes = _axes(canvas, (left, top, width - left - right, height - top - bottom))
        values = [value for each in series.values() for value in each if value is not None and known(value)]
        axes.set_xlim(min(places) - 0.15, max(places) + 0.15)
        axes.set_ylim(0, max([*values, 0.01]) * 1.08)
        axes.set_xticks(list(places))
        axes.grid(axis="y", color=GRID, linewidth=1)
        axes.set_xlabel("turn", color=MUTED, fontsize=12)
        for rank, each in enumerate(series.values()):
            _line(axes, places, each, rank)
        ends = {name: each[-1] for name, each in series.items() if known(each[-1])}
        for name, y in _apart(ends, axes.get_ylim()[1], height - top - bottom).items():
            _named(axes, places, _short(name, right - 14), names.index(name), ends[name] or 0.0, y)

    return drawn(draw, width, height, label)


def groups(rows: Mapping[tuple[str, int], Sequence[Dot]], label: str, *, width: int = 390) -> str:
    """Returns a row for each part of the cases (its name and how many they are), in which every system has its dot and interval, told apart by colour and shape.

    All parts hold the same systems in the same order; those without a value are left out.
    """
    systems = [dot.label for dot in next(iter(rows.values()))]
    left, right, bottom = _left([name for name, _ in rows], width), 16, 26
    keys = _wrapped(systems, width - 12)
    top, band = (
        8 + 20 * (max(line for line, _ in keys) + 1),
        max(12 + 9 * len(systems), 10 + 15 * max(len(_parted(name, n, left)) for name, n in rows)),
    )
    height = top + bottom + band * len(rows)

    def draw(canvas: Canvas) -> None:
        axes = _axes(canvas, (left, top, width - left - right, height - top - bottom))
        _scale(axes, [x for row in rows.values() for dot in row for x in (dot.value, dot.low, dot.high)], False)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        for place, ((name, n), row) in enumerate(rows.items()):
            parted = _parted(name, n, left)
            for line, text in enumerate(parted):
                shift = (line - (len(parted) - 1) / 2) * 15 / band
                _beside(axes, place + shift, text, "right", INK if line + 1 < len(parted) else MUTED)
            if place:
                axes.axhline(place - 0.5, color=GRID, linewidth=1)
            for rank, dot in enumerate(row):
                _mark(axes, place + (rank - (len(row) - 1) / 2) * 9 / band, dot, rank)
        _legend(canvas, systems, keys, height)

    return drawn(draw, width, height, label)


def heat(
    gold: Sequence[str], said: Sequence[str], counts: Sequence[Sequence[int]], label: str, *, width: int = 390
) -> str:
    """Returns a table of counts, the darker the larger the share of its row. Rows are what was meant, columns what was understood."""
    left = min(150, _left(gold, width))
    cell = min(40.0, (width - left - 8) / max(len(said), 1))
    top = 16 + min(120, max(len(_short(name, 130)) for name in said) * _LETTER)
    tall = min(30.0, cell)
    height = round(top + tall * len(gold) + 8)
    across = cell * len(said)

    def draw(canvas: Canvas) -> None:
        axes = _axes(canvas, (left, top, across, tall * len(gold)))
        axes.set_xlim(0, len(said))
        axes.set_ylim(len(gold), 0)
        axes.set_xticks([])
        axes.set_yticks([])
        for y, row in enumerate(counts):
            _beside(axes, y + 0.5, _short(gold[y], left), "right", INK)
            for x, count in enumerate(row):
                _cell(axes, x, y, count, sum(row))
        for x, name in enumerate(said):
            axes.annotate(
                _short(name, 130), (x + 0.5, 0), (0, 6), textcoords="offset points", rotation=90, ha="center",
                va="bottom", color=INK, annotation_clip=False, fontsize=11,
            )  # fmt: skip

    return drawn(draw, width, height, label)


def _axes(canvas: Canvas, box: tuple[float, float, float, float]) -> Axes:
    """Returns axes in a box of px: left, top, width, height; no frame, numbers below."""
    width, height = canvas.get_size_inches() * 72
    left, top, wide, tall = box
    axes = canvas.add_axes((left / width, 1 - (top + tall) / height, wide / width, tall / height))
    axes.set_axisbelow(True)
    axes.patch.set_visible(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelcolor=MUTED, labelsize=11, pad=6)
    return axes


def _scale(axes: Axes, values: Sequence[float | None], zero: bool) -> None:
    """Sets the scale to hold the values; it begins at 0 where that costs little room, so that lengths can be compared."""
    from matplotlib.ticker import MaxNLocator

    found = [value for value in values if value is not None and known(value)] or [0.0, 1.0]
    low, high = min(found), max(found)
    if zero or 0 <= low < 0.5 * high:
        low, high = min(low, 0.0), max(high, 0.0)
    room = 0.05 * (high - low) or abs(high) * 0.05 or 0.5
    axes.set_xlim(low if low == 0 and not zero else low - room, high + room)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.grid(axis="x", color=GRID, linewidth=1)
    if zero:
        axes.axvline(0, color=INK, linewidth=1.2)


def _dot(axes: Axes, place: float, row: Dot) -> None:
    if row.value is None or not known(row.value):
        return
    colour, ours = _TONES[row.tone], row.tone == "system"
    if row.low is not None and row.high is not None:
        axes.plot([row.low, row.high], [place, place], color=colour, linewidth=3 if ours else 2, clip_on=False)
    axes.plot(
        [row.value], [place], marker=_SHAPES.get(row.tone, "o"), markersize=9 if ours else 7.5, color=colour, clip_on=False, linestyle="none"
    )  # fmt: skip


def _mark(axes: Axes, place: float, dot: Dot, rank: int) -> None:
    if dot.value is None or not known(dot.value):
        return
    colour, shape = SERIES[rank % len(SERIES)], _MARKS[rank % len(_MARKS)]
    if dot.low is not None and dot.high is not None:
        axes.plot([dot.low, dot.high], [place, place], color=colour, linewidth=1.5 if rank else 2.5, clip_on=False)
    axes.plot([dot.value], [place], marker=shape, markersize=6.5, color=colour, clip_on=False, linestyle="none")


def _line(axes: Axes, places: Sequence[int], values: Sequence[float | None], rank: int) -> None:
    axes.plot(
        list(places), [float("nan") if value is None else value for value in values], color=SERIES[rank % len(SERIES)],
        marker=_MARKS[rank % len(_MARKS)], markersize=6, linewidth=1.8 if rank else 3, linestyle=_DASHES[rank % len(_DASHES)], clip_on=False,
        zorder=3 if rank else 4,
    )  # fmt: skip


def _named(axes: Axes, places: Sequence[int], name: str, rank: int, end: float, y: float) -> None:
    """Writes a line's name at its end, moved up or down from there when others are close."""
    start = places[-1]
    span = axes.get_xlim()[1] - axes.get_xlim()[0]
    axes.plot(
        [start + 0.025 * span, start + 0.055 * span], [end, y], color=SERIES[rank % len(SERIES)], linewidth=1, clip_on=False
    )  # fmt: skip
    axes.text(
        start + 0.065 * span, y, name, color=INK if rank == 0 else MUTED, va="center_baseline",
        fontweight=_weight(rank == 0), clip_on=False, fontsize=12,
    )  # fmt: skip


def _apart(ends: Mapping[str, float | None], top: float, tall: float) -> dict[str, float]:
    """Returns where names are written so that none covers another: as near to the lines' ends as 14 px apart allow."""
    step = 14 * top / tall
    order = sorted(ends, key=lambda name: (ends[name] or 0.0, name))
    found: dict[str, float] = {}
    least = 0.0
    for name in order:
        found[name] = max(ends[name] or 0.0, least)
        least = found[name] + step
    over = max(0.0, least - step - top)
    for name in reversed(order):
        found[name] = min(found[name], top - over if over > top else top)
        top = found[name] - step
    return found


def _cell(axes: Axes, x: int, y: int, count: int, whole: int) -> None:
    from matplotlib.patches import Rectangle

    share = count / whole if whole else 0.0
    axes.add_patch(Rectangle((x, y), 1, 1, facecolor=SERIES[0], alpha=round(share, 3), linewidth=0, clip_on=False))
    axes.add_patch(Rectangle((x, y), 1, 1, fill=False, edgecolor=GRID, linewidth=1, clip_on=False))
    if count:
        axes.text(
            x + 0.5, y + 0.5, f"{count:,}" if count < 10_000 else f"{count / 1000:.0f}k", ha="center", va="center_baseline",
            color=PAPER if share > 0.5 else INK, fontsize=11,
        )  # fmt: skip


def _beside(axes: Axes, place: float, text: str, side: str, colour: str, *, bold: bool = False) -> None:
    """Writes beside the plot: `right` sets the text flush right at its left edge, `left` flush left at its right edge."""
    at, shift = (0, -10) if side == "right" else (1, 12)
    axes.annotate(
        text, (at, place), (shift, 0), xycoords=("axes fraction", "data"), textcoords="offset points", ha=side,
        va="center_baseline", color=colour, annotation_clip=False, fontweight=_weight(bold),
    )  # fmt: skip


def _legend(canvas: Canvas, names: Sequence[str], keys: Sequence[tuple[int, float]], height: float) -> None:
    from matplotlib.lines import Line2D

    width = canvas.get_size_inches()[0] * 72
    for rank, (name, (line, x)) in enumerate(zip(names, keys, strict=True)):
        y = 1 - (10 + 20 * line) / height
        canvas.add_artist(
            Line2D([(x + 6) / width], [y], marker=_MARKS[rank % len(_MARKS)], color=SERIES[rank % len(SERIES)], markersize=7, linestyle="none")
        )  # fmt: skip
        canvas.text(
            (x + 17) / width, y, _short(name, 180), color=INK if rank == 0 else MUTED, va="center_baseline", fontweight=_weight(rank == 0)
        )  # fmt: skip


def _wrapped(names: Sequence[str], width: float) -> list[tuple[int, float]]:
    """Returns line and x of each name of a legend, as many in a line as fit."""
    found, line, x = [], 0, 4.0
    for name in names:
        wide = 34 + _LETTER * len(_short(name, 180))
        if x > 4 and x + wide > width:
            line, x = line + 1, 4.0
        found.append((line, x))
        x += wide
    return found


def _left(names: Sequence[str], width: int) -> int:
    """Returns the room that the names need, at most two fifths of the whole."""
    return round(min(0.4 * width, 16 + _LETTER * max((len(name) for name in names), default=0)))


def _parted(name: str, n: int, room: float) -> list[str]:
    """Returns a part's name in up to two lines, and how many cases it has."""
    found = textwrap.wrap(name, max(4, int((room - 12) / _LETTER)), max_lines=2, placeholder="…") or [name]
    return [*found, "1 case" if n == 1 else f"{n:,} cases"]


def _short(name: str, room: float) -> str:
    letters = max(4, int((room - 12) / _LETTER))
    return name if len(name) <= letters else f"{name[: letters - 1]}…"


def _weight(bold: bool) -> str:
    return "bold" if bold else "normal"
