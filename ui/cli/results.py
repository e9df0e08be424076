"""What an evaluation found, printed."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from convrec.ui.cli.console import print_json, print_table, say

if TYPE_CHECKING:
    from convrec.evaluation.compare import Change, Comparison
    from convrec.evaluation.result import Figure, Result
    from convrec.evaluation.run import Run


def show(run: "Run", result: "Result", as_json: bool, predictions: Path | None = None) -> None:
    """Prints a result as JSON or as tables, and copies its predictions where they are wanted."""
    if predictions is not None:
        predictions.write_bytes((run.folder / "predictions.jsonl").read_bytes())
    if as_json:
        print_json(document(result))
        return
    show_tables(result)
    say(f"Kept in {run.folder}: metrics.json, answers, worst cases.")


def document(result: "Result") -> dict[str, Any]:
    """Returns the result as the document that `--json` prints."""
    return result.model_dump(mode="json")


def show_tables(result: "Result") -> None:
    """Prints the systems' figures, the slices, and what a reader must know."""
    systems = {result.system: result.metrics, **result.baselines}
    metrics = list(result.metrics)
    rows = [
        (
            name,
            *(
                _cell(result.metrics.get(name)) if s == result.system else _short(t.get(name))
                for s, t in systems.items()
            ),
        )
        for name in metrics
    ]
    print_table(
        ("metric", *systems),
        rows,
        right=tuple(systems),
        caption=f"{result.protocol}, n = {result.n:,}; [ ] 95 % interval",
    )
    slices = [
        (name, f"{part.n:,}", *(_short(part.systems.get(system, {}).get(result.headline)) for system in systems))
        for name, part in result.slices.items()
    ]
    if slices:
        print_table((f"slice ({result.headline})", "n", *systems), slices, right=("n", *systems))
    for name, count in result.counts.items():
        say(f"{name}: {count:,}")
    for note in result.notes:
        say(note)


def show_comparison(found: "Comparison") -> None:
    """Prints what changed from one run to another, metric by metric, the headline first."""
    names = sorted(found.metrics, key=lambda name: name != found.headline)
    rows = [
        (name, _number(c.a), _number(c.b), _difference(c), _number(c.adjusted_p), c.verdict if found.comparable else "")
        for name, c in ((name, found.metrics[name]) for name in names)
    ]
    how = "paired; [ ] 95 % interval; p corrected (Holm)" if found.comparable else "not paired"
    print_table(
        ("metric", "A", "B", "B − A", "p", "verdict"), rows, right=("A", "B", "B − A", "p"),
        caption=f"{found.protocol}: A {found.a.system}, n = {found.a.n:,}; B {found.b.system}, n = {found.b.n:,}; {how}",
    )  # fmt: skip
    for text in (*(f"A: {leak}" for leak in found.a.leaks), *(f"B: {leak}" for leak in found.b.leaks)):
        say(text)
    said = {
        "NOT PAIRED, differences of two figures without a test": found.differences, "Changed": found.changed, "In one run alone": found.missing,
        f"Cases that gained most (of {found.n_gained:,})": found.gained, f"Cases that lost most (of {found.n_lost:,})": found.lost,
    }  # fmt: skip
    for what, each in said.items():
        if each:
            say(f"{what}: {'; '.join(each)}.")


def _difference(change: "Change") -> str:
    if change.difference is None:
        return "–"
    ends = f" [{change.low:+.4f}, {change.high:+.4f}]" if change.low is not None and change.high is not None else ""
    return f"{change.difference:+.4f}{ends}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _cell(figure: "Figure | None") -> str:
    if figure is None or figure.value is None:
        return "–"
    ends = f" [{figure.low:.4f}, {figure.high:.4f}]" if figure.low is not None and figure.high is not None else ""
    return f"{figure.value:.4f}{ends}"


def _short(figure: "Figure | None") -> str:
    return "–" if figure is None or figure.value is None else f"{figure.value:.4f}"
