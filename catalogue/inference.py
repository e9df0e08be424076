"""Which type a new column has, judged by its values."""

import math
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
    is_number,
    is_url,
    iso,
    plain,
    priced,
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
_FEW = 20  # below so many values, how often they repeat says nothing


def infer_field(name: str, values: Sequence[Any]) -> Field:
    """Returns the field that a column of raw values (missing ones included) most plausibly is."""
    present = [value for value in values if not _is_missing(value)]
    objects = any(isinstance(value, dict) for value in present)
    return Field(name=name, type=_type(name, present), searchable=not objects)


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
    if _looks_like_tags(texts):
        return "tags"
    return "category" if _looks_like_category(name, texts) else "text"


def _simple_type(present: list[Any]) -> FieldType | None:
    if _share(present, _is_bool) >= ENOUGH:
        return "bool"
    worded = [value for value in present if not (isinstance(value, str) and value.strip().casefold() in MISSING_WORDS)]
    if _share(worded, _is_number) >= ENOUGH:
        return "number"
    prices = [price for value in worded if isinstance(value, str) and (price := priced(value)) is not None]
    if len({sign for _, sign in prices}) == 1 and len(prices) / len(worded) + _share(worded, _is_number) >= ENOUGH:
        return "number"  # of one currency
    if _share(worded, _is_date) >= ENOUGH:
        return "date"
    return None


def _share(values: Sequence[Any], fits: Any) -> float:
    return sum(1 for value in values if fits(value)) / len(values) if values else 0.0


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


def _is_date(value: Any) -> bool:
    return iso(value) is not None if isinstance(value, str) else isinstance(value, date)


def _shows_pictures(name: str, texts: list[str]) -> bool:
    if any(word in name.casefold() for word in _PICTURE_NAMES):
        return True
    return _share(texts, lambda text: text.split("?")[0].casefold().endswith(_PICTURE_ENDINGS)) >= 0.5


def _looks_like_tags(texts: list[str]) -> bool:
    split = [text.split("|") for text in texts]
    several = [parts for parts in split if len(parts) > 1]
    if len(several) < 0.05 * len(texts):
        return False
    return fmean(len(part) for parts in several for part in parts) <= 40


def _looks_like_category(name: str, texts: list[str]) -> bool:
    if name.casefold() in _PROSE_NAMES or fmean(len(text.split()) for text in texts) > 4:
        return False
    if fmean(len(text) for text in texts) > 40:
        return False
    return len(texts) < _FEW or len(set(texts)) <= 0.6 * len(texts)
