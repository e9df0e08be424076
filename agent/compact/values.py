"""Every form in which a catalogue's values (genres, people, cuisines, platforms …) may be named."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from typing import Any

import numpy as np
import yaml
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from convrec.agent.compact.fields import Fields
from convrec.agent.compact.lexicon import FUNCTION, LINGO, is_common
from convrec.agent.compact.message import words_of
from convrec.agent.wording import adds_up, field_words
from convrec.catalogue.appeals import is_appeal
from convrec.catalogue.columns import Ints
from convrec.catalogue.schema import Field

PARTICLES = frozenset(
    {
        "de",
        "da",
        "di",
        "del",
        "della",
        "la",
        "le",
        "van",
        "von",
        "der",
        "den",
        "st",
        "mc",
        "mac",
        "o",
        "el",
        "al",
        "bin",
        "ter",
        "dos",
        "du",
    }
)
_SAMPLED = 3000  # items whose texts tell which words are plain ones
_PLAIN = 3  # of them that must use the word
_SMALL = re.compile(r"\b[a-z]{3,}\b")
_HOUSE = {
    "studio",
    "studios",
    "games",
    "interactive",
    "nursery",
    "nurseries",
    "works",
    "collective",
    "inc",
    "ltd",
    "entertainment",
    "press",
    "books",
}
_AGE = r"(?:[2-9]|1[0-2]|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_CHILD = re.compile(
    rf"{_AGE}(?:years?olds?|yearsofage|yrolds?|yos?)"
    rf"|(?:my|our)(?:(?:little|youngest|oldest|eldest)?(?:kid|child|son|daughter|boy|girl|grandson|granddaughter|nephew|niece)|youngest|littleone)(?:is|s|whois|whos)(?:only|just)?{_AGE}"
    r"|(?:for(?:the|my|our|some)?|(?:with|w)(?:the|my|our))(?:little|small|young)?(?:kids|children|kiddos|toddlers?|littleones)"
)
_KNOWN = 3  # items that somebody is in who is known by the first name alone
_PARTS = 3  # values that share a word and may all be meant by it
_ALLOWED = ("allowed", "permitted", "welcome", "accepted")
_PRONOUNS = ("them", "him", "her", "it", "both")
_PLACES = ("side", "town", "gate", "quarter")
_LONGEST = 6  # words of a value that is linked; longer ones are sentences, not values


@dataclass(frozen=True)
class Value:
    """A value of a field, in the catalogue's own spelling, and how many items carry it."""

    field: Field
    value: str
    count: int


@dataclass(frozen=True)
class Meaning:
    """What a word or phrase stands for: one value, in whichever fields have it; `parts` where it stands for several at once.

    With `either`, the parts are alternatives: "shade" is partial shade or full shade; with `opposite`, what is named is that the
    value does not hold: "poisonous" is not safe.
    """

    values: tuple[Value, ...]
    soft: bool = False
    parts: tuple["Meaning", ...] = ()
    either: bool = False
    opposite: bool = False
    of: frozenset[str] = frozenset()  # things of which a message must name one: what a pronoun in the words stands for


class ValueIndex:
    """The values of all category and tags fields, by their words run together, their synonyms, and people by surname."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.meanings: dict[str, Meaning] = {}
        self.names: dict[str, Meaning] = {}
        self.surnames: dict[str, list[Value]] = {}
        self.first_names: dict[str, list[Value]] = {}
        self.words: list[str] = []
        self._partial: dict[str, list[Value]] = {}
        for field in fields.valued:
            for value in _values(fields, field):
                if field in fields.people:
                    self._add_name(value)
                else:
                    self._add(value)
        for field in fields.flags:
            self._add_flag(field)
        self._add_synonyms()
        for bearers in self.surnames.values():
            bearers.sort(key=lambda v: (-v.count, v.value))

    def over(self, fields: Fields, rows: Sequence[int] | Ints) -> "ValueIndex":
        """Returns the index over a catalogue laid over its own, with the values that these rows alone have; how many items carry one stays as it was."""
        before, other = self.fields.catalogue, copy(self)
        other.fields = fields
        fresh = [
            (field, value)
            for field in fields.valued
            for value in dict.fromkeys(
                value for row in rows for value in fields.catalogue.values(field.name).of(int(row))
            )
            if before.values(field.name).find(value) is None and not is_appeal(value)
        ]
        if not fresh:
            return other
        other.meanings, other.names, other.words = dict(self.meanings), dict(self.names), list(self.words)
        other.surnames, other.first_names, other._partial = (
            {key: list(values) for key, values in index.items()}
            for index in (self.surnames, self.first_names, self._partial)
        )
        for field, value in fresh:
            add = other._add_name if field in fields.people else other._add
            add(Value(field, value, int(fields.catalogue.values(field.name).rows(value).size)))
        other._add_synonyms()
        for bearers in other.surnames.values():
            bearers.sort(key=lambda v: (-v.count, v.value))
        return other

    def is_plain(self, word: str) -> bool:
        """Tells whether the items' own texts use a word in small letters: "zombie" is a thing there, though it is a surname too."""
        return self._plain[word] >= _PLAIN

    @cached_property
    def _plain(self) -> Counter[str]:
        """Returns in how many of the sampled items' texts each word stands in small letters."""
        catalogue = self.fields.catalogue
        rows = np.unique(np.linspace(0, len(catalogue) - 1, min(_SAMPLED, len(catalogue))).astype(int)).tolist()
        texts = [field.name for field in catalogue.schema.of_type("text") if not field.name.endswith("title")]
        return Counter(
            word
            for row in rows
            for word in {*_SMALL.findall(" ".join(str(catalogue.item(row).facts.get(name, "")) for name in texts))}
        )

    def find(self, words: list[str]) -> Meaning | None:
        """Returns what the words stand for (a plural counts as its singular, what is said of children as what is for them), or None."""
        if is_for_children(words):
            return self.meanings.get("childsage")
        return next((self.meanings[key] for key in keys(words) if key in self.meanings), None)

    def find_part(self, word: str) -> Meaning | None:
        """Returns the values of one field that have the word, or what it is an adjective of, in them: "shady" is any shade.

        None for a word of too many values to mean any of them.
        """
        for form in (word, *singulars(word), *_nouns(word)):
            values = self._partial.get(form, [])
            fewest = min(values, key=lambda v: len(self.fields.catalogue.values(v.field.name).values), default=None)
            found = [value for value in values if fewest is not None and value.field == fewest.field]
            if found and len(found) <= _PARTS:
                return Meaning((found[0],), parts=tuple(Meaning((value,)) for value in found), either=True)
        return None

    def find_name(self, words: list[str]) -> Meaning | None:
        """Returns the person or house of that full name, with or without middle names, or with a short first name."""
        key = "".join(words)
        if key in self.names:
            return self.names[key]
        if words[0] in PARTICLES and key in self.surnames:
            return _first_bearer(self.surnames[key])
        if len(words) != 2:
            return None
        return self.names.get(_outer(words)) or self._by_short_name(words)

    def find_like(self, key: str, least: float) -> Meaning | None:
        """Returns the person or house whose name, run together, is spelt most like `key`; None where none is as like as `least`, in [0, 1]."""
        found = process.extractOne(key, self.names.keys(), scorer=fuzz.ratio, score_cutoff=100 * least)
        return None if found is None else self.names[found[0]]

    def find_near(self, first: str, last: str) -> Meaning | None:
        """Returns the one person of a first name whose surname is a letter away from `last`: "brad pit"; None where there are none or several."""
        bearers = {
            value.value: value
            for value in self.first_names.get(first, ())
            if OSA.distance(last, words_of(value.value)[-1], score_cutoff=1) <= 1
        }
        return self.names.get("".join(words_of(*bearers))) if len(bearers) == 1 else None

    def by_first_name(self, name: str) -> tuple[Value, ...]:
        """Returns who is known by a first name alone ("Keanu"): one person, far ahead of all others of that name; most often nobody."""
        often: Counter[str] = Counter()
        for value in self.first_names.get(name, ()):
            often[value.value] += value.count
        (who, count), (_, next_count), *_ = [*often.most_common(2), ("", 0), ("", 0)]
        if count < max(_KNOWN, 3 * next_count):
            return ()
        own = [value for value in self.first_names[name] if value.value == who]
        return tuple(sorted(own, key=lambda value: -value.count))

    def _by_short_name(self, words: list[str]) -> Meaning | None:
        first, last = words
        bearers = [
            v
            for v in self.surnames.get(last, ())
            if len(first) >= 3 and first not in FUNCTION and _first_name(v.value).startswith(first)
        ]
        return _first_bearer(bearers) if bearers else None

    def _add(self, value: Value) -> None:
        words = words_of(value.value)
        if (
            not words
            or len(words) > _LONGEST
            or all(w in FUNCTION or w.isdigit() for w in words)
            or len("".join(words)) < 2
        ):
            return
        self.words += words
        parts = {*words, *_heads(words)} if len(words) > 1 or _heads(words) or adds_up(value.field) else set[str]()
        for part in parts | {single for whole in parts for single in singulars(whole)}:
            if part not in LINGO and len(part) > 2:
                self._partial.setdefault(part, []).append(value)
        for done in (*_done(words), *_allowing(words)):
            self._join(self.meanings, done, value)
        for key in keys(words):
            if key not in LINGO or key == "".join(words):  # "new" is no singular of the genre News
                self._join(self.meanings, key, value)

    def _add_flag(self, field: Field) -> None:
        """Adds what a field says of the items that are so: `pet_safe` by "pet safe" and "safe for pets"."""
        value = Value(field, "true", int(np.nansum(self.fields.catalogue.numbers(field.name))))
        for said in flag_words(field):
            self.words += said
            for key in keys(said):
                self._join(self.meanings, key, value)
        for said, kin in flag_pronouns(field):
            self.meanings.setdefault("".join(said), Meaning((value,), of=kin))
        for said in flag_opposites(field):
            self._name(" ".join(said), Meaning((value,), opposite=True))

    def _add_name(self, value: Value) -> None:
        words = words_of(value.value)
        if not words or len(words) > _LONGEST or not any(w.isalpha() for w in words):
            return
        self.words += words
        self._join(self.names, "".join(words), value)
        if len(words) > 2 and words[0] not in FUNCTION and words[-1] not in FUNCTION:
            self._join(self.names, _outer(words), value)
        if words[-1] in _HOUSE and len("".join(words[:-1])) > 4:
            self._join(self.names, "".join(words[:-1]), value)
        last = words[-2] if words[-1] in ("jr", "sr", "ii", "iii") and len(words) > 2 else words[-1]
        if len(words) > 1:
            self.first_names.setdefault(words[0], []).append(value)
        if len(last) > 1 and last not in FUNCTION:
            self.surnames.setdefault(last, []).append(value)
        for length in (2, 3):
            if len(words) > length and words[-length] in PARTICLES:
                self.surnames.setdefault("".join(words[-length:]), []).append(value)

    @staticmethod
    def _join(index: dict[str, Meaning], key: str, value: Value) -> None:
        known = index.get(key)
        if known is None:
            index[key] = Meaning((value,))
        elif all(v.field != value.field for v in known.values):
            index[key] = Meaning((*known.values, value))

    def _add_synonyms(self) -> None:
        aliases = _aliases()
        for kind, soft in (("same", False), ("mood", True)):
            for line in aliases[kind]:
                meaning = next((found for word in line if (found := self._own(word))), None)
                if meaning is None:
                    continue
                for word in line:
                    self._name(word, Meaning(meaning.values, soft))
        for word, targets in aliases["both"].items():
            parts = [part for target in targets if (part := self.find(words_of(target))) is not None]
            if len(parts) == len(targets):
                self._name(word, Meaning(parts[0].values, parts=tuple(parts)))
        for word, targets in aliases["either"].items():
            parts = [part for target in targets if (part := self._own(target)) is not None]
            if parts:
                self._name(word, Meaning(parts[0].values, parts=tuple(parts), either=True))

    def _own(self, word: str) -> Meaning | None:
        """Returns the meaning of a word that is itself a value (not a synonym)."""
        found = self.find(words_of(word))
        return found if found and not found.soft and not found.parts else None

    def _name(self, word: str, meaning: Meaning) -> None:
        key = "".join(words_of(word))
        if any(
            key in (name, f"{name}s", name.removesuffix("s")) for f in self.fields.valued for name in field_words(f)
        ):
            return  # "any platform" asks for no Platformer
        self.meanings.setdefault(key, meaning)
        self.words += [part for part in words_of(word) if len(part) > 3]


def _heads(words: list[str]) -> list[str]:
    """Returns what a one-word value may be cut to: `riverside` to `river`, `university` to `uni`."""
    (word,) = words if len(words) == 1 else ("",)
    cut = [word.removesuffix(end) for end in _PLACES if word.endswith(end) and len(word) - len(end) >= 3]
    return [*cut, *(["uni"] if word == "university" else [])]


def _done(words: list[str]) -> tuple[str, ...]:
    """Returns what one does that is called by a one-word value in -er: `climber` climbs, is climbing."""
    (word,) = words if len(words) == 1 else ("",)
    stem = word.removesuffix("er")
    return (f"{stem}s", f"{stem}ing") if stem != word and len(stem) > 3 and is_common(f"{stem}ing") else ()


def _allowing(words: list[str]) -> Iterator[str]:
    """Yields other ways to say what is allowed, run together: `dogs allowed` are allowed, welcome, and taken."""
    *things, last = words
    if not things or last not in _ALLOWED:
        return
    for others in dict.fromkeys((" ".join(things), *(" ".join([*things[:-1], one]) for one in singulars(things[-1])))):
        said = "".join(others.split())
        yield from (f"{said}{be}{allowed}" for be in ("", "are", "is") for allowed in _ALLOWED)
        yield from (f"{verb}{said}" for verb in ("allow", "allows", "take", "takes", "accept", "accepts", "welcomes"))
        yield f"{said}friendly"


def _nouns(word: str) -> tuple[str, ...]:
    """Returns what an adjective in -y may come from: `sunny` → `sun`, `shady` → `shade`."""
    if len(word) < 5 or not word.endswith("y"):
        return ()
    stem = word[:-1]
    bases = (f"{stem}e", stem[:-1]) if len(stem) > 2 and stem[-1] == stem[-2] else (f"{stem}e", stem)
    return tuple(base for base in bases if is_common(base))


def is_for_children(words: Sequence[str]) -> bool:
    """Tells whether the words say that something is for children, or for one of an age: "with my kids", "7 year old", "my son is six", "9yo"."""
    return _CHILD.fullmatch("".join(words)) is not None


def keys(words: list[str]) -> Iterator[str]:
    """Yields the keys under which words are looked up: run together as they are, then with the last in the singular."""
    head = "".join(words[:-1])
    for last in (words[-1], *singulars(words[-1]), *_plain(words[-1])):
        yield head + last


def flag_words(field: Field) -> Iterator[list[str]]:
    """Yields the ways to say that an item has what a bool field is called after: `pet_safe` is "pet safe", "safe for dogs", "fine with my cat"."""
    for said in _flag_names(field):
        yield said
        *things, quality = said
        for others in _kin(things) if things else ():
            yield [*others, quality]
            for like in (quality, *_aliases()["alike"].get(quality, ())):
                for whose in ([], ["the"], ["my"], ["our"], ["a"]):
                    yield from ([like, to, *whose, *others] for to in ("for", "with", "w", "around"))


def flag_pronouns(field: Field) -> Iterator[tuple[list[str], frozenset[str]]]:
    """Yields the ways to say so of things named before, with what these are: "safe for them", of cats."""
    for *things, quality in _flag_names(field):
        kin = frozenset("".join(one) for one in _kin(things)) if things else frozenset()
        for like in (quality, *_aliases()["alike"].get(quality, ())) if kin else ():
            yield from (([like, to, who], kin) for to in ("for", "with", "around", "to") for who in _PRONOUNS)


def flag_kin(field: Field, quality: str) -> tuple[str, ...]:
    """Returns whom a bool field speaks of that is called after a quality: of `pet_safe` and "safe", pets, cats, dogs; none where it is called otherwise."""
    told = (one for *things, said in _flag_names(field) if things and said == quality for one in _kin(things))
    return tuple(dict.fromkeys(" ".join(one) for one in told))


def flag_opposites(field: Field) -> Iterator[list[str]]:
    """Yields the ways to say that an item lacks what a bool field is called after: "poisonous", "harmful to dogs"."""
    names = [*_flag_names(field)]
    return (
        words_of(said) for flag, others in _aliases()["opposite"].items() if words_of(flag) in names for said in others
    )


def _flag_names(field: Field) -> Iterator[list[str]]:
    for name in dict.fromkeys((field.name.replace("_", " "), field.label)):
        said = words_of(name)
        while said and said[0] in FUNCTION:  # "is hardy", "has terrace"
            said = said[1:]
        if said and not all(word in FUNCTION for word in said):
            yield said


def _kin(things: list[str]) -> list[list[str]]:
    """Returns things of the kind that a flag is about, in the singular and the plural: pets are cats and dogs."""
    (thing,) = things if len(things) == 1 else ("",)
    kin = [thing, *_aliases()["kin"].get(thing, ())] if thing else []
    return [*([one] for one in kin), *([f"{one}s"] for one in kin)] or [things]


@lru_cache(maxsize=65_536)
def singulars(word: str) -> tuple[str, ...]:
    """Returns what a word may be the plural of: `comedies` → `comedy`."""
    if len(word) < 4 or not word.endswith("s") or word.endswith("ss"):
        return ()
    if word.endswith("ies"):
        return (f"{word[:-3]}y", word[:-1])
    if word.endswith(("ches", "shes", "xes", "sses", "zes", "oes")):
        return (word[:-2], word[:-1])
    return (word[:-1],)


def _plain(word: str) -> tuple[str, ...]:
    """Returns what a word compares: `funnier` → `funny`."""
    return (f"{word[:-3]}y",) if word.endswith("ier") else (f"{word[:-4]}y",) if word.endswith("iest") else ()


def _values(fields: Fields, field: Field) -> Iterable[Value]:
    """Yields the values that people may mean; a tag like "recommended" says nothing of what is wished, however often the word falls."""
    index = fields.catalogue.values(field.name)
    for value, count in zip(index.values, index.counts.tolist(), strict=True):
        if not is_appeal(value):
            yield Value(field, value, count)


def _first_bearer(bearers: list[Value]) -> Meaning:
    """Returns the most frequent bearer of a surname, in each field that has them."""
    return Meaning(tuple(value for value in bearers if value.value == bearers[0].value))


def _outer(words: list[str]) -> str:
    return f"{words[0]}~{words[-1]}"


def _first_name(name: str) -> str:
    words = words_of(name)
    return words[0] if len(words) > 1 else ""


@lru_cache(maxsize=1)
def _aliases() -> Any:  # the document's own shape, checked by its tests
    text = resources.files("convrec.agent.compact").joinpath("aliases.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)
