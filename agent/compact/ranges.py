"""Ranges of numbers and dates that a message asks for, and how they are written down."""

from dataclasses import dataclass

from convrec.catalogue.schema import Field
from convrec.core.predicate import Both, Comparison, Predicate


@dataclass(frozen=True)
class RangeHit:
    """A range named by tokens `[start, end)`: both ends included unless `strict`; None is no bound; `vague` for words like "old".

    `covered` says that an item's own range has to hold both ends: what is for 2 to 4 players is none for 3 to 5.
    """

    start: int
    end: int
    field: Field
    low: float | None
    high: float | None
    strict: bool = False
    vague: bool = False
    covered: bool = False

    @property
    def one_sided(self) -> bool:
        """Tells whether only one bound is given."""
        return (self.low is None) != (self.high is None)

    def flipped(self) -> "RangeHit":
        """Returns the range of all that a one-sided range leaves out: not before 1980 is 1980 and later."""
        whole = self.field.type == "date" or (_whole(self.low) and _whole(self.high))
        if self.high == 0:
            return RangeHit(self.start, self.end, self.field, 0, None, strict=True, vague=self.vague)  # "not free"
        step = 1 if whole and not self.strict else 0
        low = None if self.high is None else self.high + step
        high = None if self.low is None else self.low - step
        return RangeHit(self.start, self.end, self.field, low, high, vague=self.vague)

    @property
    def value(self) -> str:
        """Returns the range in its canonical form: `1990..1999`, `..1979`, `2011..`; days for date fields."""
        low, high = self._bounds()
        return f"{'' if low is None else _plain(low)}..{'' if high is None else _plain(high)}"

    def predicate(self) -> Predicate:
        """Returns the predicate that the range spells."""
        low, high = self._bounds()
        if self.covered:
            return Both(op="and", args=tuple(self._between(end, end) for end in (low, high)))
        if low is not None and high is not None:
            return self._between(low, high)
        if low is not None:
            return Comparison(field=self.field.name, op="gt" if self.strict else "ge", value=low)
        return Comparison(field=self.field.name, op="lt" if self.strict else "le", value=high)

    def _between(self, low: float | str | None, high: float | str | None) -> Comparison:
        return Comparison(field=self.field.name, op="between", value=[low, high])

    def _bounds(self) -> tuple[float | str | None, float | str | None]:
        if self.field.type != "date":
            return _number(self.low), _number(self.high)
        low = None if self.low is None else f"{self.low:04.0f}-01-01"
        high = None if self.high is None else f"{self.high:04.0f}-12-31"
        return low, high


def _whole(bound: float | None) -> bool:
    return bound is None or float(bound).is_integer()


def _number(bound: float | None) -> float | None:
    return int(bound) if bound is not None and float(bound).is_integer() else bound


def _plain(bound: float | str) -> str:
    return bound if isinstance(bound, str) else f"{bound:g}" if abs(bound) < 1e6 else str(bound)
