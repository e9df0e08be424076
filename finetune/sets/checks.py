"""What a set must be before anything is learned from it: without secrets, without doubles, without leaks, no kind of row drowning the others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from convrec.core.errors import InputError
from convrec.core.text import words
from convrec.finetune.sets.rows import Part, Row

_SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.|\bBearer\s+[A-Za-z0-9._~+/-]{16,}|(?i:\b(?:password|passwort|api[_ -]?key|secret|token)\s*(?:is|=|:)\s*\S{6,})"
    r"|[\w.+-]+@[\w-]+\.[\w.]{2,}|\b(?:\d[ -]?){13,19}\b|\+\d[\d ()-]{8,}\d"
)
"""Keys, passwords, mail addresses, card and telephone numbers."""
_SHARE = 0.65  # of a part that rows of one kind may be


def has_secret(row: Row) -> bool:
    """Tells whether a row holds what looks like a key, a password, an address, a card or a telephone number."""
    return any(_SECRET.search(text) for text in (row.message, row.answer, row.rejected))


def without_secrets(rows: Iterable[Row]) -> list[Row]:
    """Returns the rows without those that hold a secret."""
    return [row for row in rows if not has_secret(row)]


def key_of(row: Row) -> str:
    """Returns a row's message as it is compared: its words alone, with the rest of what is sent where the message alone says little."""
    said = " ".join(words(row.message))
    before = "" if len(said) >= 12 else "\n".join(message.content for message in row.messages[1:])
    return f"{said}\n{before}"


def without_doubles(rows: Iterable[Row], others: Iterable[Row] = ()) -> list[Row]:
    """Returns the rows without those whose message stands among `others`, or among themselves before."""
    seen = {key_of(row) for row in others}
    kept = []
    for row in rows:
        key = key_of(row)
        if key not in seen:
            seen.add(key)
            kept.append(row)
    return kept


def balanced(rows: Sequence[Row], share: float = _SHARE) -> list[Row]:
    """Returns the rows without those by which a kind would be more than a share of them; at least a few of each kind are kept."""
    counts = Counter(row.kind for row in rows)
    if len(counts) < 2:
        return list(rows)
    most, kept = _largest(counts, share), Counter[str]()
    found = []
    for row in rows:
        if kept[row.kind] < most:
            kept[row.kind] += 1
            found.append(row)
    return found


def _largest(counts: Counter[str], share: float) -> int:
    (_, largest), *_ = counts.most_common(1)
    others = sum(counts.values()) - largest
    return largest if largest <= share * (largest + others) else max(int(others * share / (1 - share)), 8)


def check_leaks(parts: Mapping[Part, Sequence[Row]]) -> None:
    """Checks that nothing of which a set is measured on was trained on.

    Raises:
        InputError: a message, or a person, stands in two parts, or a synthetic row in the part `test`; it is named.
    """
    _check_apart(parts, {part: {key_of(row): row for row in rows} for part, rows in parts.items()}, "the message of")
    _check_apart(
        parts,
        {part: {row.group: row for row in rows if row.group} for part, rows in parts.items()},
        "the person or conversation of",
    )
    made = next((row for row in parts.get("test", ()) if row.synthetic), None)
    if made is not None:
        raise InputError(
            f"Row {made.id} of the part test is synthetic, and what is made up proves nothing.",
            "Leave it out, or build the set anew.",
        )


def _check_apart(parts: Mapping[Part, Sequence[Row]], keyed: Mapping[Part, Mapping[str, Row]], what: str) -> None:
    for part in parts:
        if part == "train" or "train" not in keyed:
            continue
        both = sorted(keyed["train"].keys() & keyed[part].keys())
        if both:
            trained, held = keyed["train"][both[0]], keyed[part][both[0]]
            raise InputError(
                f"A leak: {what} row {held.id} of the part {part} stands in training row {trained.id} too ({held.message[:60]!r}; {len(both)} in all).",
                "Build the set anew, or take the row out of one of them.",
            )


def without_people(rows: Iterable[Row], forgotten: Collection[str]) -> list[Row]:
    """Returns the rows without those of people who were forgotten."""
    return [row for row in rows if not row.user or row.user not in forgotten]
