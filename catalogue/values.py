"""From what a file says to what a field holds: one value at a time, or a reason why not."""

import json
import math
import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from convrec.catalogue.schema import Field, FieldType
from convrec.core.text import fold, visible, whole

Stored = str | float | bool | list[str]
"""What a field holds: text, category, date, range, url and image a str, number a float, tags a list of str."""

MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "null", "none", "<na>"})
TRUE_WORDS = frozenset({"true", "yes", "1", "1.0"})
FALSE_WORDS = frozenset({"false", "no", "0", "0.0"})
SECONDS_A_DAY = 86_400.0

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_COMMA = re.compile(r"([+-]?\d{1,3}(?:\.\d{3})+|[+-]?\d+),(\d{1,2})")  # three digits behind a comma could be thousands
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+\.\d{1,2}")
_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"} | {sign: sign for sign in "$€£¥₹₩"}
_CODES = (
    "CHF",
    "CAD",
    "AUD",
    "NZD",
    "SEK",
    "NOK",
    "DKK",
    "PLN",
    "CZK",
    "HUF",
    "RON",
    "CNY",
    "INR",
    "KRW",
    "BRL",
    "MXN",
    "ZAR",
    "TRY",
)
_CURRENCY = "|".join(map(re.escape, (*_SIGNS, *_CODES)))
_PRICE = re.compile(rf"({_CURRENCY})\s?(\d[\d.,]*)|(\d[\d.,]*)\s?({_CURRENCY})")
_NAMED_CURRENCY = re.compile(rf".*\S \(({_CURRENCY})\)")
_RANGE = re.compile(r"(?P<low>\d[\d.,]*)\s*(?:(?:-|–|—|\bto\b)\s*(?P<high>\d[\d.,]*)|(?P<more>\+|or more\b|and up\b))?")
_URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*:", re.IGNORECASE)


class BadValueError(ValueError):
    """A value does not fit its field; the message is the reason, as `rejected.jsonl` shows it."""


def stored(value: Any, field: Field) -> Stored | None:
    """Returns the value as the field holds it; None where it is missing (null, blank, an empty list, NaN).

    Raises:
        BadValueError: the value does not fit the field's type, or is a price in another currency.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    match field.type:
        case "tags":
            return _tags(value, field.separator)
        case "number":
            return number(value, field.currency)
        case "range":
            return _range(value)
        case "bool":
            return _bool(value)
        case "date":
            return _date(value)
        case "url" | "image":
            return _address(value, field.type)
        case "category":
            return _category(value)
        case _:
            return _text(value)


def plain(value: Any) -> str:
    """Returns any single value as text: 1.0 → "1", true → "true", an object as JSON.

    Raises:
        BadValueError: it is bytes, or holds half of a surrogate pair, which no encoding has.
    """
    text = _plain(value)
    try:
        return whole(text)
    except ValueError as error:
        raise BadValueError(str(error)) from error


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        return str(int(value)) if math.isfinite(value) and value == int(value) else str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        raise BadValueError("raw bytes are not text")
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)


def shown(value: Any) -> str:
    """Returns the value short enough to stand in a reason."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def figures(text: str) -> str | None:
    """Returns a number as Python writes it: `24,90` → "24.90", `1.249,90` and `1,249.90` → "1249.90"; None for what is none.

    A comma before three digits (`1,249`) is none: it may part thousands or decimals.
    """
    bare = text.strip()
    comma = _COMMA.fullmatch(bare)
    if comma is not None:
        return f"{comma[1].replace('.', '')}.{comma[2]}"
    bare = bare.replace(",", "") if _THOUSANDS.fullmatch(bare) else bare
    return bare if _NUMBER.fullmatch(bare) else None


def is_number(text: str) -> bool:
    """Returns whether the text is a number, without leading zeros (those are codes)."""
    bare = figures(text)
    return bare is not None and not re.match(r"[+-]?0\d", bare)


def priced(text: str) -> tuple[str, str] | None:
    """Returns the number and the currency of a plainly written price ("€9.90", "9,90 EUR", "CHF 12"); None for what is none."""
    price = _PRICE.fullmatch(text.strip())
    bare = figures(price[2] or price[3]) if price else None
    sign = (price[1] or price[4]) if price else ""
    return (bare, _SIGNS.get(sign, sign)) if bare is not None else None


def currency_of(name: str) -> str:
    """Returns the currency that a column's name ends in: `€` of "Price (EUR)"; "" where it ends in none."""
    found = _NAMED_CURRENCY.fullmatch(name)
    return _SIGNS.get(found[1], found[1]) if found else ""


def ends(text: str) -> tuple[float, float] | None:
    """Returns the least and the most of a range of numbers, ends included: "2-4", "1–6", "3+" (no most: infinite), "2"; None for what is none."""
    found = _RANGE.fullmatch(text.strip())
    low = figures(found["low"]) if found else None
    high = low if found is None or not found["high"] else figures(found["high"])
    if found is None or low is None or high is None:
        return None
    least, most = float(low), math.inf if found["more"] else float(high)
    return (least, most) if least <= most else None


def is_url(text: str) -> bool:
    """Returns whether the text is one http or https address."""
    return _URL.fullmatch(text.strip()) is not None


def iso(text: str) -> str | None:
    """Returns an ISO 8601 date, or date and time, in its standard form (times in UTC); None where the text is neither."""
    bare = text.strip()
    if len(bare) < 10 or bare[4] != "-":
        return None
    try:
        if len(bare) == 10:
            return date.fromisoformat(bare).isoformat()
        moment = datetime.fromisoformat(bare)
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat() if moment.tzinfo else moment.isoformat()
    except (ValueError, OverflowError):
        return None


def days(text: str) -> float:
    """Returns the days from 1970-01-01 to a date in standard form, with the time of day as a fraction.

    Raises:
        ValueError: the text is not such a date.
    """
    moment = datetime.fromisoformat(text)
    return (moment.replace(tzinfo=moment.tzinfo or UTC)).timestamp() / SECONDS_A_DAY


def seconds(value: Any) -> float | None:
    """Returns a moment in Unix seconds, from ISO 8601 text or Unix seconds; None where it is missing.

    Raises:
        BadValueError: it is neither.
    """
    if isinstance(value, str):
        if value.strip().casefold() in MISSING_WORDS:
            return None
        if is_number(value):
            return number(value)
        standard = iso(value)
        if standard is None:
            raise BadValueError(f"{shown(value)} is neither an ISO 8601 time nor Unix seconds")
        return days(standard) * SECONDS_A_DAY
    if isinstance(value, datetime | date):
        return days(iso(value.isoformat()) or "") * SECONDS_A_DAY
    return number(value)


def identifier(value: Any) -> str:
    """Returns an id as text: whole numbers lose their point (1.0 → "1").

    Raises:
        BadValueError: it is missing, blank or padded, has control characters, is no whole number, or is longer than 256 bytes.
    """
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        raise BadValueError("the id is missing")
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise BadValueError(f"{shown(value)} is not an id")
    if isinstance(value, float | Decimal) and (not math.isfinite(value) or value != int(value)):
        raise BadValueError(f"{shown(value)} is not an id")
    text = plain(value)
    if not text.strip():
        raise BadValueError("the id is missing")
    if text != text.strip() or not text.isprintable() or len(text.encode()) > 256:
        raise BadValueError(
            f"the id {shown(text)} has white space around it or control characters, or is over 256 bytes"
        )
    return text


def _text(value: Any) -> str | None:
    text = visible(", ".join(plain(part) for part in value) if isinstance(value, list | tuple) else plain(value))
    return text if text.strip() else None


def _category(value: Any) -> str | None:
    if isinstance(value, list | tuple):
        if len(value) > 1:
            raise BadValueError(f"{shown(value)} is a list; the field takes one value (type tags takes several)")
        return _category(value[0]) if value and value[0] is not None else None
    return visible(plain(value)).strip() or None


def _tags(value: Any, separator: str) -> list[str] | None:
    parts = value.split(separator) if isinstance(value, str) else value if isinstance(value, list | tuple) else [value]
    distinct: dict[str, str] = {}
    for part in parts:
        if part is None:
            continue
        tag = visible(plain(part)).strip()
        if tag:
            distinct.setdefault(fold(tag), tag)
    return list(distinct.values()) or None


def number(value: Any, currency: str = "") -> float | None:
    """Returns a number, of a price its amount; None where it is missing. A field with a `currency` takes prices in that one alone.

    Raises:
        BadValueError: it is none, is infinite, or is a price in another currency.
    """
    if isinstance(value, str):
        if value.strip().casefold() in MISSING_WORDS:
            return None
        bare, sign = priced(value) or (figures(value), "")
        if bare is None:
            raise BadValueError(f"{shown(value)} is not a number")
        if currency and sign and sign != currency:
            raise BadValueError(f"{shown(value)} is not in {currency}, as the field's other prices are")
        value = float(bare)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise BadValueError(f"{shown(value)} is not a number")
    try:
        amount = float(value)
    except OverflowError:
        amount = math.inf
    if math.isinf(amount):
        raise BadValueError("the number is infinite")
    return None if math.isnan(amount) else amount


def _range(value: Any) -> str | None:
    if isinstance(value, list | tuple):
        value = "-".join(map(plain, value))
    text = plain(value).strip()
    if text.casefold() in MISSING_WORDS:
        return None
    found = ends(text)
    if found is None:
        raise BadValueError(f"{shown(value)} is not a range of numbers (2-4, 3+)")
    low, high = (f"{end:.10g}" for end in found)
    return low if low == high else f"{low}+" if math.isinf(found[1]) else f"{low}-{high}"


def _bool(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    word = plain(value).strip().casefold()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    if word in MISSING_WORDS:
        return None
    raise BadValueError(f"{shown(value)} is neither true nor false")


def _date(value: Any) -> str | None:
    if isinstance(value, datetime | date):
        return _midnight_is_a_day(value)
    if isinstance(value, str):
        if value.strip().casefold() in MISSING_WORDS:
            return None
        standard = iso(value)
        if standard is not None:
            return standard
    raise BadValueError(f"{shown(value)} is not an ISO 8601 date (2023-01-31)")


def _midnight_is_a_day(value: datetime | date) -> str | None:
    if isinstance(value, datetime) and value.time() == time(0) and value.tzinfo is None:
        return value.date().isoformat()
    return iso(value.isoformat())


def _address(value: Any, kind: FieldType) -> str | None:
    text = plain(value).strip()
    if not text:
        return None
    if is_url(text) or (kind == "image" and not _SCHEME.match(text) and text.isprintable()):
        return text
    raise BadValueError(f"{shown(text)} is not an http or https address")
