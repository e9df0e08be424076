"""From an answer with quotes to an understanding with spans."""

from typing import Any


def restored(answer: dict[str, Any], message: str) -> dict[str, Any]:
    """Returns the answer with `span` in place of each `quote`; repeated quotes take the next place, one that is nowhere becomes `[0, 0]`."""
    used: dict[str, int] = {}
    return {
        **answer,
        "preferences": [_spanned(one, message, used) for one in answer["preferences"]],
        "references": [_spanned(one, message, {}) for one in answer["references"]],
    }


def _spanned(entry: dict[str, Any], message: str, used: dict[str, int]) -> dict[str, Any]:
    kept = {key: value for key, value in entry.items() if key != "quote"}
    quote = str(entry["quote"])
    start = message.find(quote, used.get(quote, 0))
    start = message.find(quote) if start < 0 else start
    if start < 0 or not quote:
        return {**kept, "span": [0, 0]}
    used[quote] = start + len(quote)
    return {**kept, "span": [start, start + len(quote)]}
