"""Which type a new column has, judged by its values."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from statistics import fmean
from typing import Any

from convrec.catalogue.schema import Field, FieldType
from convrec.catalogue.values import (
    FALSE_WORDS,
    MISSING_WORDS,
    TRUE_WORDS,
    BadValueError,
    currency_of,
    ends,
    is_number,
    is_url,
    iso,
    plain,
    priced,
    shown,
)

ENOUGH = 0.95
"""The share of a column's values that must fit a type for it to be taken; the rest become rejected rows."""

_PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".svg", ".avif", ".bmp")
_PICTURE_NAMES = ("image", "img", "poster", "thumbnail", "thumb", "photo", "picture", "cover", "icon")
_PROSE_NAMES = frozenset(
    {
        "title",
        "description",
        "plot",
        "summary",
        "overview",
        "text",
        "extract",
        "synopsis",
        "abstract",
        "body",
        "source_title",
    }
)
_SEPARATORS = (";", ",")  # beside "|"; the last also stands within names
_OFTEN = 0.2  # of the texts that have several parts, where a comma parts tags
_SHORT, _FEW_WORDS = 30, 3  # characters and words of a tag
_LIKELY = 0.8  # of the values that have one number, for a column that may be meant to be of numbers
_NUMBERED = re.compile(r"\W{0,3}(?!0\d)\d[\d.,]*(?:\s*[-–—]\s*\d[\d.,]*)?\s?[^\W\d]{0,8}\W{0,2}")
_LEADING_ZERO = re.compile(r"(?<![\d.,])0\d")  # of codes
_FEW = 20  # below so many values, how often they repeat says nothing


def infer_field(name: str, values: Sequence[Any]) -> Field:
    """Returns the field that a column of raw values (missing ones included) most plausibly is."""
    return field_as(name, _type(name, _present(values)), values)


def field_as(name: str, kind: FieldType, values: Sequence[Any]) -> Field:
    """Returns a column of raw values as a field of a type, with the currency of its prices or what parts its tags."""
    present = _present(values)
    told: dict[str, str] = {}
    if kind == "number":
        told["currency"] = (
            next(iter(_currencies(present)), "") if _share(present, _is_price) > 0.5 else currency_of(name)
        )
    elif kind == "tags":
        texts = [value for value in present if isinstance(value, str)]
        told["separator"] = _separator(texts) or (_commonest(texts) if len(texts) == len(present) else "|")
    return Field(name=name, type=kind, searchable=not any(isinstance(value, dict) for value in present), **told)


def doubt(field: Field, values: Sequence[Any]) -> str:
    """Returns what a column of raw values may be meant for that its field, as inferred, is not, and what to do then; "" where nothing seems amiss."""
    if field.type not in ("text", "category") or field.name.casefold() in _PROSE_NAMES:
        return ""
    texts = [value.strip() for value in values if isinstance(value, str) and not _is_missing(value)]
    numbered = [text for text in texts if _NUMBERED.fullmatch(text)]
    if len(numbered) >= _LIKELY * len(texts) > 0:
        return f"`{field.name}` stays {field.type}: values like {shown(numbered[0])} are not read as numbers. Bare figures are (1249.90, 24,90), with one currency (€24.90), or a range (2-4, 3+)."
    for separator in _SEPARATORS:
        several = [text for text in texts if separator in text and all(map(_is_short, _split(text, separator)))]
        counts = Counter(part for text in several for part in _split(text, separator))
        again = sum(n for n in counts.values() if n > 1)
        if len(several) >= _OFTEN * len(texts) > 0 and again >= counts.total() / 2:
            return (
                f"`{field.name}` stays {field.type}: if {shown(several[0])} is several values, "
                f"write {{type: tags, separator: '{separator}'}} for it in schema.yaml."
            )
    return ""


def _split(text: str, separator: str) -> list[str]:
    return [part.strip().casefold() for part in text.split(separator)]


def _is_short(part: str) -> bool:
    return 0 < len(part) <= _SHORT and len(part.split()) <= _FEW_WORDS


def _type(name: str, present: list[Any]) -> FieldType:
    if name == "title" or not present:
        return "text"
    if _share(present, lambda value: isinstance(value, list | tuple)) > 0.5:
        return "tags"
    simple = _simple_type(present)
    if simple is not None:
        return simple
    if any(isinstance(value, dict | list | tuple | bytes) for value in present):
        return "text"
    texts = [plain(value) for value in present]
    if _share(texts, is_url) >= ENOUGH:
        return "image" if _shows_pictures(name, texts) else "url"
    if _barred(texts) or (name.casefold() not in _PROSE_NAMES and _separator(texts) is not None):
        return "tags"
    return "category" if _looks_like_category(name, texts) else "text"


def _simple_type(present: list[Any]) -> FieldType | None:
    if _share(present, _is_bool) >= ENOUGH:
        return "bool"
    worded = [value for value in present if not (isinstance(value, str) and value.strip().casefold() in MISSING_WORDS)]
    if _share(worded, _is_number) >= ENOUGH:
        return "number"
    if len(_currencies(worded)) == 1 and _share(worded, lambda value: _is_number(value) or _is_price(value)) >= ENOUGH:
        return "number"
    if _share(worded, _is_range) >= ENOUGH and _repeats(list(map(str, worded))) and not all(map(_is_one, worded)):
        return "range"  # codes ("12-345") hardly ever come twice
    if _share(worded, _is_date) >= ENOUGH:
        return "date"
    return None


def _share(values: Sequence[Any], fits: Any) -> float:
    return sum(1 for value in values if fits(value)) / len(values) if values else 0.0


def _present(values: Sequence[Any]) -> list[Any]:
    return [value for value in values if not _is_missing(value)]


def _is_missing(value: Any) -> bool:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    return isinstance(value, str | list | tuple) and (not value or (isinstance(value, str) and not value.strip()))


def _is_bool(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().casefold() in (TRUE_WORDS | FALSE_WORDS) - {"1", "0", "1.0", "0.0"}
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    try:
        return not isinstance(value, bool | list | dict | bytes) and is_number(plain(value))
    except BadValueError:
        return False


def _is_range(value: Any) -> bool:
    if not isinstance(value, str):
        return _is_number(value)
    return ends(value) is not None and not _LEADING_ZERO.search(value)


def _is_one(value: Any) -> bool:
    """Tells whether a range is but one number, or a value none."""
    found = ends(str(value))
    return found is None or found[0] == found[1]


def _repeats(texts: list[str]) -> bool:
    """Tells whether the texts are some of a few, as far as so many can tell."""
    return len(texts) < _FEW or len(set(texts)) <= 0.6 * len(texts)


def _is_price(value: Any) -> bool:
    return isinstance(value, str) and priced(value) is not None


def _currencies(values: Sequence[Any]) -> set[str]:
    """Returns the currencies in which prices among the values are."""
    return {price[1] for value in values if isinstance(value, str) and (price := priced(value)) is not None}


def _is_date(value: Any) -> bool:
    return iso(value) is not None if isinstance(value, str) else isinstance(value, date)


def _shows_pictures(name: str, texts: list[str]) -> bool:
    if any(word in name.casefold() for word in _PICTURE_NAMES):
        return True
    return _share(texts, lambda text: text.split("?")[0].casefold().endswith(_PICTURE_ENDINGS)) >= 0.5


def _commonest(texts: list[str]) -> str:
    """Returns what parts texts of which it is known that they are tags."""
    return max(("|", *_SEPARATORS), key=lambda separator: sum(separator in text for text in texts))


def _separator(texts: list[str]) -> str | None:
    """Returns what parts the texts into tags: a bar, or, where short parts come again and again in ever other company, a semicolon or comma.

    "Paris, France" and "Le Guin, Ursula" are one value each: their parts are more than the texts that differ.
    """
    if _barred(texts):
        return "|"
    return next((separator for separator in _SEPARATORS if len(texts) >= _FEW and _parts_texts(separator, texts)), None)


def _barred(texts: list[str]) -> bool:
    split = [text.split("|") for text in texts]
    several = [parts for parts in split if len(parts) > 1]
    return len(several) >= 0.05 * len(texts) > 0 and fmean(len(part) for parts in several for part in parts) <= 40


def _parts_texts(separator: str, texts: list[str]) -> bool:
    split = [_split(text, separator) for text in texts]
    counts = Counter(part for parts in split for part in parts)
    mixed = {frozenset(parts) for parts in split}
    return (
        sum(len(parts) > 1 for parts in split) >= _OFTEN * len(texts)
        and _share(list(counts), _is_short) >= ENOUGH
        and sum(n for n in counts.values() if n > 1) >= ENOUGH * counts.total()
        and len(counts) < len(mixed)
    )


def _looks_like_category(name: str, texts: list[str]) -> bool:
    if name.casefold() in _PROSE_NAMES or fmean(len(text.split()) for text in texts) > 4:
        return False
    if fmean(len(text) for text in texts) > 40:
        return False
    return _repeats(texts)
