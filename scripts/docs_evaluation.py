"""Writes the tables of docs/evaluation.md from runs: `python scripts/docs_evaluation.py runs/evaluate/latest`."""

import json
import sys
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "evaluation.md"
BEGIN, END = "<!-- tables, written by scripts/docs_evaluation.py -->", "<!-- end of the tables -->"
SHOWN: dict[str, tuple[str, tuple[str, ...]]] = {
    "movielens-leave-last-out": ("MovieLens latest-small, leave-last-out", ("ndcg@10", "recall@20", "coverage@20", "miscalibration@20")),
    "movielens-temporal": ("MovieLens latest-small, temporal, cut-offs pooled", ("ndcg@10", "recall@20", "coverage@20")),
    "movielens-strong": ("MovieLens latest-small, people held out whole, three draws pooled", ("ndcg@10", "recall@20", "coverage@20")),
    "games-leave-last-out": ("Amazon games, leave-last-out", ("ndcg@10", "recall@20", "coverage@20")),
    "demo-leave-last-out": ("The demo films (simulated viewers), leave-last-out", ("ndcg@10", "recall@20")),
    "redial-dialogue": ("ReDial valid, repeated titles removed", ("recall@1", "recall@10", "recall@50")),
    "sgd-understanding": ("SGD dev", ("slot_f1", "slot_span_f1", "span_f1", "acts_f1", "acts_merged_f1")),
    "ccpe-understanding": ("CCPE", ("micro_f1", "title_f1", "genre_f1", "person_f1", "accuracy")),
    "soft-attributes-understanding": ("Soft attributes, five folds by rater", ("agreement_opposite", "agreement_opposite_known", "agreement_all_known")),
    "altentities-understanding": ("AltEntities dev", ("accuracy", "resolved", "accuracy_resolved")),
    "films-sessions": ("Sessions, Wikipedia's films with MovieLens", ("success@5", "turns", "questions", "constraint satisfaction", "repeated offers")),
    "games-sessions": ("Sessions, Amazon games (people known by their history)", ("success@5", "turns", "questions", "repeated offers")),
    "demo-sessions": ("Sessions, the demo films", ("success@5", "turns", "questions", "constraint satisfaction", "repeated offers")),
    "demo-memory": ("Memory, the demo films", ("recall@5", "updated facts win", "junk share", "entry recall", "veto held@300")),
    "demo-robustness": ("Robustness, the demo films", ("recall kept, 1 slip", "same slate, other words", "places gained by orders", "pushed item in lists, alike, 5%")),
}  # fmt: skip


def main() -> None:
    """Writes the page's tables."""
    runs = Path(sys.argv[1])
    parts = [
        _section(title, columns, runs / name)
        for name, (title, columns) in SHOWN.items()
        if (runs / name / "metrics.json").exists()
    ]
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n" + "\n\n".join(parts) + f"\n\n{END}{after}", encoding="utf-8")


def _section(title: str, columns: tuple[str, ...], run: Path) -> str:
    result = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    systems = {result["system"]: result["metrics"], **result["baselines"], **result["controls"]}
    lines = [
        f"**{title}** (n = {result['n']:,})",
        "",
        "| | " + " | ".join(columns) + " |",
        "|---|" + "---|" * len(columns),
    ]
    for name, metrics in systems.items():
        shown = f"**{name}**" if name == result["system"] else f"*{name}*" if name in result["controls"] else name
        lines.append(f"| {shown} | " + " | ".join(_cell(metrics.get(column)) for column in columns) + " |")
    lines += _slices(result)
    for name, preset in result["sections"].get("presets", {}).items():
        figures = ", ".join(f"{metric} {_cell(figure)}" for metric, figure in preset["metrics"].items())
        lines += ["", f"{name}: {figures}. {preset['weakness']}"]
    return "\n".join(lines)


def _slices(result: dict[str, Any]) -> list[str]:
    headline, slices = result["headline"], result["slices"]
    if not slices:
        return []
    systems = list(dict.fromkeys(name for part in slices.values() for name in part["systems"]))
    lines = ["", f"| {headline} | n | " + " | ".join(systems) + " |", "|---|" + "---|" * (len(systems) + 1)]
    for name, part in slices.items():
        cells = [_value(part["systems"].get(system, {}).get(headline)) for system in systems]
        lines.append(f"| {name} | {part['n']:,} | " + " | ".join(cells) + " |")
    return lines


def _cell(figure: dict[str, Any] | None) -> str:
    if figure is None or figure["value"] is None:
        return "–"
    ends = f" [{_number(figure['low'])}, {_number(figure['high'])}]" if figure["low"] is not None else ""
    return _number(figure["value"]) + ends


def _value(figure: dict[str, Any] | None) -> str:
    return "–" if figure is None or figure["value"] is None else _number(figure["value"])


def _number(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.2f}"


if __name__ == "__main__":
    main()
