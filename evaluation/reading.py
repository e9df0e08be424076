"""How figures read: which way is better, what a metric is in words, how a number is written."""

from __future__ import annotations

import math
from typing import get_args

from convrec.core.settings import Step
from convrec.evaluation.result import Difference, Figure, Result

_ATTACKS = ("no attack", "alike, 1%", "alike, 5%", "varied, 1%", "varied, 5%")
_PUSHES = ("orders", "popular words", "harmless words")
_HARMS = (
    *(f"pushed item in lists, {attack}" for attack in _ATTACKS),
    *(f"{harm} by {push}" for harm in ("places gained", "pushed into the first 10") for push in _PUSHES),
)
LOWER_IS_BETTER = frozenset(
    {
        "turns", "questions", "repeated offers", "arp", "gini", "miscalibration", "popreo", "rmse", "mae", "repeated openings", "stock phrases", "fell back",
        "requests a turn", "tokens a turn", "cost a turn", "malformed", "junk share", "stale share", "duplicates a person", "cross-user hits a person",
        "veto checks without a slate", *_HARMS,
    }
)  # fmt: skip
"""The families of metrics of which less is better; of all others, more is."""

_MEANINGS = {
    "hr": "share of cases with a target in the list",
    "recall": "share of the targets in the list",
    "ndcg": "targets in the list, each counting more the higher it stands",
    "mrr": "one over the place of the first target",
    "map": "mean precision at the targets' places",
    "success": "share of people who found their target by this turn",
    "turns": "turns until the target; a miss counts one more than there are",
    "questions": "questions asked in a session",
    "constraint satisfaction": "shown items that keep to what was said",
    "repeated offers": "shown items that had been shown before",
    "coverage": "share of the catalogue in at least one list",
    "gini": "how unevenly items are shown",
    "arp": "mean popularity of what is shown",
    "aclt": "items of the long tail in a list",
    "epc": "how unknown the shown items are",
    "ild": "how different the items of a list are",
    "miscalibration": "distance of a list's kinds from the person's own",
    "popreo": "how unequally found popular and rare targets are",
    "slot_f1": "wishes heard right: field, value and polarity",
    "acts_f1": "acts heard right",
    "polarity_accuracy": "of the wishes heard, those with the right sign",
    "stock phrases": "runs of four words that other people hear, too",
    "repeated openings": "sentences that begin as one before in their conversation",
    "sentences passed": "the model's sentences that the checker lets pass",
    "worded wholly": "slates of which every word is the model's",
    "updated facts win": "of facts that were replaced, those whose new value stands above the old one",
    "cross-user hits a person": "values that are another person's alone in what somebody got to see",
    "junk share": "lasting entries that are nothing of what was told, or no longer so",
    "stale share": "lasting entries that were so once and are no longer",
    "duplicates a person": "entries that say what another entry says",
    "entry precision": "lasting entries that are a fact told, each fact once",
    "entry recall": "facts told that have an entry",
    "dropped facts gone": "of what was said to be no longer so, without anything in its place, what has no entry",
    "veto understood": "people whose veto was heard as a hard wish",
    "veto held": "of those understood, whose slates all kept to it after so many other messages",
    "veto checks without a slate": "requests for a slate, after so many other messages, that got none",
    "slates that keep to a veto": "of all slates shown to those understood",
    "recall kept, 1 slip": "items found without a slip that are found with one, too",
    "recall kept, 3 slips": "items found without a slip that are found with three, too",
    "same slate, 1 slip": "items of the slate without a slip that stay with one",
    "same slate, 3 slips": "items of the slate without a slip that stay with three",
    "same slate, other words": "items of the slate that stay when the wish is said in another way",
    "same list, history shuffled": "items of the list that stay when the history is told in another order",
    **{
        f"pushed item in lists, {attack}": "people whose ten best have an item that made-up people push"
        for attack in _ATTACKS
    },
    **{f"places gained by {push}": "places that an item gains by such words in its text" for push in _PUSHES},
    **{
        f"pushed into the first 10 by {push}": "items that such words in their text put among the first ten"
        for push in _PUSHES
    },
    "turns answered": "turns that ended in a reply",
    "turns with items": "turns that showed items",
    "fell back": "turns in which the model did not serve the step",
    "position bias": "pairs that come out in the order in which they were put before the model; .5 where that says nothing",
    "kept, shuffled": "pairs that stand in the same order when the list is put before the model in another",
    "kept, rearranged": "pairs that stand in the same order when the same facts are told in another arrangement",
    "top 3, rearranged": "of the first three, those that are among them when the same facts are told in another arrangement",
    "malformed": "the model's answers that were unreadable, or no whole order before they were mended",
}
_STEPS = (*get_args(Step), "rank")
_UNCLEAR, _AHEAD, _BEHIND = "unclear", "better", "worse"


def family(metric: str) -> str:
    """Returns the metric's name without its list length, and without the step it is of: `ndcg` of `ndcg@10`, `turns` of `plan turns`."""
    step, _, rest = metric.partition("@")[0].strip().partition(" ")
    return rest if rest and step in _STEPS else metric.partition("@")[0].strip()


def lower_is_better(metric: str) -> bool:
    """Returns whether less of it is better."""
    return family(metric).lower() in LOWER_IS_BETTER


def improvement(metric: str, change: float) -> float:
    """Returns the change with the sign that makes more of it better."""
    return -change if lower_is_better(metric) else change


def meaning(metric: str) -> str:
    """Returns what the metric is in a few words; nothing where there are none."""
    return _MEANINGS.get(family(metric).lower(), "")


def clearly(metric: str, gain: Difference) -> str:
    """Returns `better` or `worse` where the difference's interval leaves 0 out, else `unclear`."""
    if not (known(gain.value) and known(gain.low) and known(gain.high)):
        return _UNCLEAR
    low, high = sorted((improvement(metric, gain.low or 0.0), improvement(metric, gain.high or 0.0)))
    return _AHEAD if low > 0 else _BEHIND if high < 0 else _UNCLEAR


def known(value: float | None) -> bool:
    """Returns whether there is a number to show."""
    return value is not None and math.isfinite(value)


def number(value: float | None, *, signed: bool = False) -> str:
    """Returns a number as a person reads it: three decimals up to 1, fewer above, none from a thousand on; a dash for no number."""
    if value is None or not math.isfinite(value):
        return "–"
    size = abs(value)
    decimals = 4 if 0 < size < 0.001 else 3 if size <= 1 else 2 if size < 100 else 1 if size < 1000 else 0
    return f"{value:{'+' if signed and value else ''},.{decimals}f}".replace("-", "−")


def interval(figure: Figure | Difference | None, *, signed: bool = False) -> str:
    """Returns the ends of the 95 % interval, or nothing."""
    if figure is None or not (known(figure.low) and known(figure.high)):
        return ""
    return f"{number(figure.low, signed=signed)} to {number(figure.high, signed=signed)}"


def leaks(result: Result) -> tuple[str, ...]:
    """Returns the notes that say that the test was learned from, in which case no figure counts."""
    return tuple(note for note in result.notes if note.upper().startswith("LEAK"))
