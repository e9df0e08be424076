"""How people give years, lengths, prices and other amounts, and the range that each phrase means."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from convrec.finetune.grammar.schema import Facet

_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_DECADES = {
    1920: "twenties",
    1930: "thirties",
    1940: "forties",
    1950: "fifties",
    1960: "sixties",
    1970: "seventies",
    1980: "eighties",
    1990: "nineties",
}
_ATMOST = (
    "at most {}",
    "up to {}",
    "no more than {}",
    "max {}",
    "{} or less",
    "not over {}",
    "{} tops",
    "not more than {}",
    "maximum {}",
)
_UNDER = ("under {}", "below {}", "less than {}", "for less than {}")
_ATLEAST = (
    "at least {}",
    "{} or more",
    "no less than {}",
    "minimum {}",
    "{}+",
    "not under {}",
    "from {} up",
    "not less than {}",
)
_OVER = ("over {}", "more than {}", "above {}")
_BETWEEN = ("between {} and {}", "from {} to {}", "{} to {}", "{}-{}")


@dataclass(frozen=True)
class Amount:
    """A range in words: `prefix` ties it to a noun and is no part of the quote. A bound that is None is open."""

    text: str
    low: float | None
    high: float | None
    strict: bool = False
    prefix: str = ""

    @property
    def value(self) -> str:
        """Returns the range as a preference's value: `1990..1999`, `..20`, `4..`."""
        return f"{plain(self.low)}..{plain(self.high)}"

    def predicate(self, field: str) -> dict[str, object]:
        """Returns the range as a comparison of a field."""
        if self.low is not None and self.high is not None:
            return {"field": field, "op": "between", "value": [self.low, self.high]}
        if self.low is not None:
            return {"field": field, "op": "gt" if self.strict else "ge", "value": self.low}
        return {"field": field, "op": "lt" if self.strict else "le", "value": self.high}


def plain(bound: float | None) -> str:
    """Returns a bound without needless decimals; nothing for None."""
    return "" if bound is None else f"{bound:g}" if isinstance(bound, float) else str(bound)


def draw_amount(rng: Random, facet: Facet, today: int) -> Amount:
    """Returns a range for a number field, in the words that go with what it measures."""
    role = facet.spec.role
    if role == "year":
        return _year(rng, today)
    if role == "minutes":
        return _minutes(rng, facet)
    if role == "price":
        return _price(rng, facet)
    if role == "rating":
        return _rating(rng)
    spec = facet.spec
    unit = rng.choice(spec.units)
    prefixes = spec.phrases or ("with",)
    number = rng.randrange(spec.low, spec.high + 1, spec.step) or spec.low
    return _bounded(
        rng, number, spec.step * rng.randint(1, 6), lambda n: f"{_said(rng, n)} {unit}", unit, rng.choice(prefixes)
    )


def _said(rng: Random, number: float) -> str:
    if isinstance(number, int) and 1 < number <= 12 and rng.random() < 0.5:
        return _WORDS[number]
    return plain(number)


def _bounded(rng: Random, number: int, width: int, worded: Callable[[int], str], unit: str, prefix: str) -> Amount:
    roll = rng.random()
    if roll < 0.25:
        return Amount(rng.choice(_UNDER[:3]).format(worded(number)), None, number, True, prefix)
    if roll < 0.45:
        return Amount(rng.choice(_ATMOST).format(worded(number)), None, number, False, prefix)
    if roll < 0.6:
        return Amount(rng.choice(_OVER).format(worded(number)), number, None, True, prefix)
    if roll < 0.8:
        text = rng.choice(_ATLEAST)
        said = f"{number}+ {unit}" if text == "{}+" and unit != "\0" else text.format(worded(number))
        return Amount(said, number, None, False, prefix)
    if roll < 0.92 and worded(number).endswith(unit):
        return Amount(
            rng.choice(_BETWEEN).format(number, f"{number + width} {unit}".strip()),
            number,
            number + width,
            False,
            prefix,
        )
    if roll < 0.92:
        return Amount(rng.choice(_ATMOST[:3]).format(worded(number)), None, number, False, prefix)
    return Amount(f"exactly {worded(number)}", number, number, False, prefix)


def _minutes(rng: Random, facet: Facet) -> Amount:
    if rng.random() < 0.55:
        minutes = 5 * rng.randint(max(facet.spec.low // 5, 1), facet.spec.high // 5)
        unit = rng.choice(("minutes", "min", "mins"))
        return _bounded(rng, minutes, 5 * rng.randint(1, 8), lambda n: f"{n} {unit}", unit, "")
    half, hours = rng.random() < 0.35, rng.randint(1, 3)
    minutes = 60 * hours + 30 * half
    if half:
        said = (
            rng.choice((f"{_WORDS[hours]} and a half hours", f"{hours}.5 hours", f"{hours}h30"))
            if hours > 1
            else rng.choice(("an hour and a half", "90 minutes", "1.5 hours"))
        )
    else:
        said = (
            rng.choice((f"{_WORDS[hours]} hours", f"{hours} hours", f"{hours}h"))
            if hours > 1
            else rng.choice(("an hour", "one hour", "1 hour"))
        )
    if rng.random() < 0.3:
        text, low = rng.choice(
            (
                ("no longer than {}", False),
                ("not longer than {}", False),
                ("longer than {}", True),
                ("shorter than {}", False),
            )
        )
        return Amount(
            text.format(said),
            minutes if low else None,
            None if low else minutes,
            text in ("longer than {}", "shorter than {}"),
        )
    return _bounded(rng, minutes, 30, lambda _: said, "\0", "")


def _price(rng: Random, facet: Facet) -> Amount:
    number = rng.randint(facet.spec.low, facet.spec.high)
    number = number if number < 20 else 5 * (number // 5) if number < 200 else 50 * (number // 50)
    money = rng.choice(("{} euros", "€{}", "{} bucks", "${}", "{} pounds", "{} EUR", "{} quid", "{}€"))
    roll = rng.random()
    if roll < 0.08:
        return Amount(f"nothing over {money.format(number)}", None, number)
    if roll < 0.2:
        other = number + 5 * rng.randint(1, 10)
        return Amount(
            rng.choice(_BETWEEN[:2]).format(number, money.format(other)), number, other, False, rng.choice(("", "for"))
        )
    amount = _bounded(rng, number, 10, money.format, "\0", rng.choice(("", "", "for")))
    return Amount(
        amount.text, amount.low, amount.high, amount.strict, "" if amount.text.startswith("for") else amount.prefix
    )


def _rating(rng: Random) -> Amount:
    number, unit = rng.randint(2, 5), rng.choice(("stars", "stars", "out of 5"))
    roll = rng.random()
    if roll < 0.2:
        return Amount(f"{_said(rng, number)} {unit} or better", number, None, False, "with")
    if roll < 0.35:
        return Amount(f"nothing below {_said(rng, number)} {unit}", number, None)
    if roll < 0.7:
        return Amount(f"at least {_said(rng, number)} {unit}", number, None, False, "with")
    return Amount(f"more than {_said(rng, number)} {unit}", number, None, True, "with")


def _year(rng: Random, today: int) -> Amount:
    roll = rng.random()
    if roll < 0.38:
        return _decade(rng)
    year = rng.randint(1940, today - 1)
    later = min(year + rng.randint(1, 25), today)
    if roll < 0.44:
        count = rng.randint(2, 12)
        said = rng.choice((f"the last {_said(rng, count)} years", f"the past {_said(rng, count)} years"))
        return Amount(said, today - count, None, False, "from")
    if roll < 0.54:
        return Amount(
            rng.choice(
                (f"between {year} and {later}", f"from {year} to {later}", f"{year}-{later}", f"{year} to {later}")
            ),
            year,
            later,
        )
    if roll < 0.62:
        return Amount(rng.choice((f"from {year}", f"made in {year}", f"of {year}", f"in {year}")), year, year)
    choices = (
        (f"before {year}", None, year - 1), (f"older than {year}", None, year - 1), (f"pre-{year}", None, year - 1), (f"prior to {year}", None, year - 1),
        (f"until {year}", None, year), (f"{year} or earlier", None, year), (f"no later than {year}", None, year), (f"up to {year}", None, year),
        (f"nothing newer than {year}", None, year), (f"not after {year}", None, year),
        (f"after {year}", year + 1, None), (f"newer than {year}", year + 1, None), (f"post-{year}", year + 1, None),
        (f"since {year}", year, None), (f"{year} or later", year, None), (f"from {year} on", year, None), (f"{year} or newer", year, None),
        (f"nothing older than {year}", year, None), (f"not before {year}", year, None), (f"{year} onwards", year, None),
    )  # fmt: skip
    return Amount(*rng.choice(choices))


def _decade(rng: Random) -> Amount:
    start = rng.choice((1950, 1960, 1970, 1980, 1990, 1990, 2000, 2010, 1930, 1940))
    ways = [f"{start}s", f"{start}'s"]
    if start < 2000:
        ways += [
            f"{start % 100}s",
            f"{start % 100}s",
            f"{start % 100}'s",
            f"'{start % 100}s",
            _DECADES[start],
            _DECADES[start],
        ]
    said, roll = rng.choice(ways), rng.random()
    if roll < 0.12:
        return Amount(f"early {said}", start, start + 4, False, "from the")
    if roll < 0.24:
        return Amount(f"late {said}", start + 5, start + 9, False, "from the")
    if roll < 0.3:
        return Amount(f"before the {said}", None, start - 1)
    if roll < 0.36:
        return Amount(f"after the {said}", start + 10, None)
    return Amount(said, start, start + 9, False, rng.choice(("from the", "from the", "of the", "made in the")))
