"""The parts of a run's report: each plot with what is read out in its place, and the table of its figures."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from convrec.evaluation import plots
from convrec.evaluation.plots import Dot
from convrec.evaluation.reading import clearly, family, improvement, interval, known, lower_is_better, meaning, number
from convrec.evaluation.result import Difference, Figure, Metrics, Result

N_MULTIPLES = 5
_MOST_ROWS, _FEW_ROWS = 30, 8  # systems in the headline's plot, in each small one
_IN_SLICES, _IN_LINES, _SLICES = 4, 7, 16
_LABELS = 12  # of a confusion, the most frequent
_READ_OUT = 12
_FIRST = (
    "recall", "ndcg", "mrr", "hr", "success", "turns", "questions", "constraint satisfaction", "repeated offers", "coverage", "miscalibration",
    "arp", "f1", "precision", "accuracy",
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """A cell: a text, a smaller one below it, and how it is set off."""

    text: str
    small: str = ""
    strong: bool = False
    tone: str = ""


@dataclass(frozen=True)
class Table:
    """A table; the first cell of a row is its heading."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Plot:
    """A plot as SVG, what it shows, a remark, and its figures where no other table has them."""

    title: str
    svg: str
    remark: str = ""
    table: Table | None = None


def tables(result: Result) -> dict[str, Metrics]:
    """Returns the metrics of the system and of all that stand beside it, the best at the headline first."""
    found = {result.system: result.metrics, **result.baselines}

    def order(name: str) -> tuple[float, str]:
        value = value_of(found[name].get(result.headline))
        return (-improvement(result.headline, value) if value is not None else float("inf"), name)

    return {name: found[name] for name in sorted(found, key=order)}


def value_of(figure: Figure | None) -> float | None:
    """Returns a figure's number; None where there is none."""
    return figure.value if figure is not None and known(figure.value) else None


def chosen(result: Result, most: int) -> list[str]:
    """Returns the names of the system and the best others, at most `most`, the best first."""
    names = list(tables(result))
    others = [name for name in names if name != result.system][: most - 1]
    return [name for name in names if name == result.system or name in others]


def headline_plot(result: Result) -> Plot:
    """Returns every system's figure at the headline metric."""
    rows, left_out = _dots(result, result.headline, _MOST_ROWS)
    remark = [
        "dots with 95 % intervals",
        *_direction(result.headline),
        *([f"{left_out} more in the table"] if left_out else []),
    ]
    return Plot(result.headline, plots.dots(rows, _read_out(result.headline, rows)), "; ".join(remark))


def gains_plot(result: Result) -> Plot | None:
    """Returns what the system has over each of the others at the headline metric; None where nothing stands beside it."""
    if not any(_gain(result, name) for name in result.gains):
        return None
    rows = [_gain_dot(result, name) for name in chosen(result, _MOST_ROWS)]
    title = f"What {result.system} has over each"
    said = f"Differences of {result.headline}, {result.system} minus each"
    lower = " Less than 0 is better." if lower_is_better(result.headline) else ""
    pointed = "▲ clearly better, ▼ clearly worse: the interval leaves 0 out."
    return Plot(
        title,
        plots.dots(rows, _read_out(said, [row for row in rows if known(row.value)], signed=True), zero=True),
        pointed + lower,
    )


def headline_table(result: Result) -> Table:
    """Returns the figures of both plots above."""
    rows = []
    for name, metrics in tables(result).items():
        gain, ours = _gain(result, name), name == result.system
        rows.append((
            Cell(name, strong=ours), _cell(metrics.get(result.headline), strong=ours),
            Cell(number(gain.value, signed=True), interval(gain, signed=True), tone=clearly(result.headline, gain)) if gain else Cell("–"),
            Cell(f"{gain.p:.3f}" if gain and gain.p is not None else "–"),
        ))  # fmt: skip
    return Table(("system", result.headline, f"{result.system} over it", "p"), tuple(rows))


def multiples(result: Result) -> list[Plot]:
    """Returns small plots of up to five other metrics: of each family one, with the headline's list length where there is one."""
    found = []
    for metric in _others(result):
        rows, left_out = _dots(result, metric, _FEW_ROWS)
        more = [f"{left_out} more systems in the table below"] if left_out else []
        remark = "; ".join(filter(None, [meaning(metric), *_direction(metric), *more]))
        found.append(Plot(metric, plots.dots(rows, _read_out(metric, rows), width=330), remark))
    return found


def turns_plot(result: Result) -> Plot | None:
    """Returns success by turn, a line a system; None where there are not two turns to join."""
    turns = sorted(int(name[8:]) for name in result.metrics if re.fullmatch(r"success@\d+", name))
    if len(turns) < 2:
        return None
    others = [name for name in chosen(result, _IN_LINES) if name != result.system]
    systems = tables(result)
    series = {name: [value_of(systems[name].get(f"success@{k}")) for k in turns] for name in (result.system, *others)}
    said = "; ".join(f"{name} {', '.join(number(v) for v in each)}" for name, each in series.items())
    rows = tuple(
        (Cell(name, strong=name == result.system), *(_cell(metrics.get(f"success@{k}")) for k in turns))
        for name, metrics in systems.items()
    )
    label = f"Share of people who found their target by turn {turns[0]} to {turns[-1]}: {said}"
    return Plot(
        "Found by turn", plots.lines(series, turns, label), "share of people who have found their target",
        Table(("system", *(f"turn {k}" for k in turns)), rows),
    )  # fmt: skip


def slices_plot(result: Result) -> Plot | None:
    """Returns the headline figure over parts of the cases; None where there are no parts."""
    parts = {
        name: part for name, part in result.slices.items() if any(result.headline in m for m in part.systems.values())
    }
    if not parts:
        return None
    names = [result.system, *(name for name in chosen(result, _IN_SLICES) if name != result.system)]
    largest = sorted(parts, key=lambda name: (-parts[name].n, name))[:_SLICES]
    rows = {
        (name, part.n): [_dot(system, part.systems.get(system, {}).get(result.headline)) for system in names]
        for name, part in parts.items() if name in largest
    }  # fmt: skip
    said = "; ".join(
        f"{name[0]}: {', '.join(f'{dot.label} {number(dot.value)}' for dot in row if known(dot.value))}"
        for name, row in list(rows.items())[:_READ_OUT]
    )
    every = list(dict.fromkeys([*names, *tables(result), *(s for part in parts.values() for s in part.systems)]))
    table = Table(
        ("part", "n", *every),
        tuple(
            (Cell(name), Cell(f"{part.n:,}"), *(_cell(part.systems.get(s, {}).get(result.headline), strong=s == result.system) for s in every))
            for name, part in parts.items()
        ),
    )  # fmt: skip
    remark = "the system and the best beside it; all are in the table" if len(every) > len(names) else ""
    return Plot(
        f"{result.headline} by part", plots.groups(rows, f"{result.headline} over parts of the cases. {said}"), remark, table
    )  # fmt: skip


def confusion_plots(result: Result) -> list[Plot]:
    """Returns a heat map for each confusion among the sections."""
    found = []
    for name, document in result.sections.get("confusion", {}).items():
        gold, said, counts = document["gold"], document["predicted"], document["counts"]
        if not gold or not said:
            continue
        rows, columns = _frequent(counts), _frequent(list(zip(*counts, strict=True)))
        shown = [[counts[row][column] for column in columns] for row in rows]
        mistakes = [
            f"{counts[row][column]} of {gold[row]} taken for {said[column]}"
            for row in rows for column in columns if gold[row] != said[column] and counts[row][column]
        ]  # fmt: skip
        label = f"Confusion of {name}: {'; '.join(mistakes[:_READ_OUT]) or 'no mistakes'}"
        svg = plots.heat([gold[row] for row in rows], [said[column] for column in columns], shown, label)
        part = len(rows) < len(gold) or len(columns) < len(said)
        remark = f"rows: what was meant; columns: what was understood{f'; the {_LABELS} most frequent' if part else ''}"
        table = Table(
            ("meant", *said),
            tuple((Cell(g), *(Cell(f"{c:,}" if c else "·", strong=g == s) for s, c in zip(said, row, strict=True))) for g, row in zip(gold, counts, strict=True)),
        )  # fmt: skip
        found.append(Plot(name, svg, remark, table))
    return found


def controls_table(result: Result) -> Table | None:
    """Returns the controls' figures beside the system's; None where there are no controls."""
    if not result.controls:
        return None
    names = list(dict.fromkeys(name for metrics in result.controls.values() for name in metrics))
    names.sort(key=lambda name: name != result.headline)
    rows = tuple(
        (Cell(name, strong=name == result.headline), _cell(result.metrics.get(name), strong=True), *(_cell(each.get(name)) for each in result.controls.values()))
        for name in names
    )  # fmt: skip
    return Table(("metric", result.system, *result.controls), rows)


def metrics_table(result: Result) -> Table:
    """Returns all figures of all systems."""
    systems = tables(result)
    names = list(dict.fromkeys([result.headline, *result.metrics, *(n for each in systems.values() for n in each)]))
    rows = tuple(
        (Cell(name, "; ".join(filter(None, [meaning(name), *_direction(name)])), strong=name == result.headline), *(_cell(metrics.get(name), strong=s == result.system) for s, metrics in systems.items()))
        for name in names
    )  # fmt: skip
    return Table(("metric", *systems), rows)


def _gain(result: Result, over: str) -> Difference | None:
    return result.gains.get(over, {}).get(result.headline)


def _gain_dot(result: Result, name: str) -> Dot:
    """Returns the gain over a system; an empty row for the system itself, so that rows stand beside those of its figure."""
    gain = _gain(result, name)
    if gain is None:
        return Dot(name, None, tone="system" if name == result.system else "other")
    return Dot(name, gain.value, gain.low, gain.high, clearly(result.headline, gain))


def _direction(metric: str) -> list[str]:
    return ["less is better"] if lower_is_better(metric) else []


def _cell(figure: Figure | None, *, strong: bool = False) -> Cell:
    return Cell(number(value_of(figure)), interval(figure), strong)


def _dot(label: str, figure: Figure | None, tone: str = "other") -> Dot:
    low, high = (figure.low, figure.high) if figure else (None, None)
    return Dot(label, value_of(figure), low, high, tone)


def _dots(result: Result, metric: str, most: int) -> tuple[list[Dot], int]:
    """Returns the rows of a plot of a metric, and how many systems that have it are not in it."""
    systems = {name: metrics for name, metrics in tables(result).items() if metric in metrics}
    names = [name for name in chosen(result, most) if name in systems]
    rows = [_dot(name, systems[name][metric], "system" if name == result.system else "other") for name in names]
    return rows, len(systems) - len(names)


def _others(result: Result) -> list[str]:
    """Returns the other metrics to draw: a family each, then further list lengths of the headline's."""
    families: dict[str, str] = {}
    _, _, cut = result.headline.partition("@")
    for name in result.metrics:
        if value_of(result.metrics[name]) is not None and (family(name) not in families or name.endswith(f"@{cut}")):
            families[family(name)] = name
    own = family(result.headline)
    families.pop(own, None)
    ranked = sorted(families, key=lambda f: (_FIRST.index(f) if f in _FIRST else len(_FIRST), f))
    more = [n for n in result.metrics if family(n) == own and n != result.headline and own != "success"]
    return _unlike(result, [*(families[f] for f in ranked), *more])[:N_MULTIPLES]


def _unlike(result: Result, names: Iterable[str]) -> list[str]:
    """Leaves out what says the same as one before, as hit rate and recall do of a single target."""
    found: list[str] = []
    for name in names:
        if all(
            result.metrics[name] != result.metrics[other]
            for other in (*found, result.headline)
            if other in result.metrics
        ):
            found.append(name)
    return found


def _read_out(what: str, rows: Sequence[Dot], *, signed: bool = False) -> str:
    said = []
    for row in rows[:_READ_OUT]:
        ends = interval(Difference(value=row.value, low=row.low, high=row.high, p=None), signed=signed)
        said.append(f"{row.label} {number(row.value, signed=signed)}{f' ({ends})' if ends else ''}")
    more = f"; {len(rows) - _READ_OUT} more in the table" if len(rows) > _READ_OUT else ""
    return f"{what}, with 95 % intervals: {'; '.join(said)}{more}"


def _frequent(table: Sequence[Sequence[int]]) -> list[int]:
    """Returns the places of the rows with the largest sums, in their order."""
    sums = Counter({place: sum(row) for place, row in enumerate(table)})
    return sorted(sorted(sums, key=lambda place: (-sums[place], place))[:_LABELS])
