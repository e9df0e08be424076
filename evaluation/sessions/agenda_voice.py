"""How an agenda person talks: a style drawn once, wordings drawn each time, and the slips of a keyboard."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from convrec.catalogue.schema import Schema
from convrec.evaluation.sessions.agenda_goals import Secret, fold, words
from convrec.evaluation.sessions.agenda_points import Point
from convrec.evaluation.sessions.people import Statement

_TRIES = 40
_FORMAL = {
    "n't": " not", "I'm": "I am", "I'd": "I would", "I've": "I have", "I'll": "I will", "it's": "it is", "that's": "that is",
    "That's": "That is", "It'd": "It would", "let's": "let us", "Let's": "Let us", "You've": "You have", "What's": "What is",
    "we're": "we are", "We're": "We are",
}  # fmt: skip
_PLURALS = {
    "is": "are", "isn't": "aren't", "has": "have", "was": "were", "goes": "go", "takes": "take", "costs": "cost",
    "comes": "come", "looks": "look", "doesn't": "don't", "gets": "get",
}  # fmt: skip
_PLAIN_STARTS = ("greeting", "opening", "opening_vague", "opening_liked", "silence", "leave")
_INTERJECTED = re.compile(r"\{|Hmm|Oh\b|Ah\b|Okay|Sorry|Wait|Actually|Good question|And\b")
_VOWEL = re.compile(r"[aeioAEIO]|[uU](?!ni|se|sa|ti|to|r[aiou])|[FHLMNRSX](?=[A-Z])|8|11\b|18\b")


@dataclass(frozen=True)
class Style:
    """How one person writes: the share of terse wordings, small letters only, no last full stop, no apostrophes, no contractions."""

    terse: float = 0.5
    polite: float = 0.3
    lower: bool = False
    bare: bool = False
    clipped: bool = False
    formal: bool = False

    @classmethod
    def drawn(cls, rng: random.Random) -> Style:
        """Returns one of the styles that people have."""
        lower = rng.random() < 0.35
        return cls(
            terse=rng.choice((0.9, 0.5, 0.5, 0.1)),
            polite=rng.choice((0.0, 0.2, 0.8)),
            lower=lower,
            bare=rng.random() < (0.8 if lower else 0.15),
            clipped=lower and rng.random() < 0.3,
            formal=not lower and rng.random() < 0.12,
        )


@dataclass(frozen=True)
class Line:
    """One sentence to be: an act, the points that its words name, other slots, and what it means.

    `named` asks for a wording that names the shown items it is about.
    """

    act: str
    points: tuple[Point, ...] = ()
    slots: Mapping[str, str] = field(default_factory=dict)
    statements: tuple[Statement, ...] = ()
    retracted: tuple[Statement, ...] = ()
    named: bool = False
    soft: bool = False
    old: Point | None = None

    @property
    def meaning(self) -> tuple[Statement, ...]:
        """Returns all that the line states."""
        return (*(point.statement for point in self.points), *self.statements)


class Voice:
    """One person's way with words in one catalogue; holds nothing that changes."""

    def __init__(self, schema: Schema, secret: Secret, style: Style) -> None:
        self.schema, self.secret, self.style = schema, secret, style

    def say(self, lines: list[Line], said: set[str], rng: random.Random, *, typo: bool = False) -> str | None:
        """Returns the lines as one text that gives nothing away and was not said before, or nothing where no wording will do."""
        for _ in range(_TRIES):
            text = self._styled(
                " ".join(_ended(self._sentence(line, at == 0, rng)) for at, line in enumerate(lines)), rng
            )
            text = with_typo(text, rng) if typo else text
            if fold(text) not in said and not self.secret.gives_away(text):
                return text
        return None

    def _sentence(self, line: Line, first: bool, rng: random.Random) -> str:
        template = self._template(line, first, rng)
        slots = {"noun": self.schema.noun, "nouns": self.schema.nouns, "these": "these", **line.slots}
        slots["please"] = ", please" if rng.random() < self.style.polite else ""
        if line.points:
            lead = line.points[0]
            slots |= {"label": lead.slots["label"], "v": self.brief(lead, rng), "post": self.post(lead, rng)}
            slots["thing"] = self._thing(lead, slots["v"], rng)
            slots["np"] = self.noun_phrase(line.points, rng) + (rng.choice(words()["soft"]) if line.soft else "")
        if line.old:
            alike = not line.points or line.points[0].role == line.old.role
            slots["old"] = self.mention(line.old, rng)
            slots["new"] = self.mention(line.points[0], rng) if line.points and alike else slots.get("np", "")
        return _tidy(template.format_map(slots), plural=slots.get("which") == "these")

    def _template(self, line: Line, first: bool, rng: random.Random) -> str:
        """Returns a wording that suits the line, with an interjection before one in ten of the longer ones."""
        act = words()["acts"][line.act]
        terse = rng.random() < self.style.terse
        fitting = [t for t in act["terse" if terse else "full"] if not line.named or "{which}" in t]
        if line.soft:
            fitting = [t for t in fitting if re.search(r"\{np\}[.?]?$", t)] or fitting
        chosen = str(rng.choice(fitting))
        fresh = first and not terse and line.act not in _PLAIN_STARTS and not _INTERJECTED.match(chosen)
        if not fresh or rng.random() > 0.1:
            return chosen
        kept = re.match(r"I\b", chosen) is not None
        return f"{rng.choice(words()['interjections'])} {chosen if kept else chosen[0].lower() + chosen[1:]}"

    def _thing(self, point: Point, brief: str, rng: random.Random) -> str:
        """Returns a value as something to have enough of: "horror stuff", "French food"."""
        if point.role == "cuisine":
            return f"{brief} food"
        noun = fold(brief).split()[-1:] == [] or fold(brief).split()[-1] in words()["kind_nouns"]
        adjective = _describes(brief) or (point.role == "kind" and not noun and rng.random() < 0.6)
        return f"{brief} {rng.choice(('stuff', self.schema.nouns))}" if adjective else brief

    def brief(self, point: Point, rng: random.Random) -> str:
        """Returns a point in few words: "comedy", "the 90s", "under 120 minutes"."""
        slots = dict(point.slots)
        if words()["roles"][point.role].get("plain") and "v" in slots:
            slots["v"] = _plain(slots["v"])
        return str(rng.choice(words()["ranges"][point.form])).format_map(slots)

    def mention(self, point: Point, rng: random.Random) -> str:
        """Returns a point in few words that stand by themselves: "the 90s", "a rating of at least 7"."""
        brief = self.brief(point, rng)
        if point.role == "other":
            return f"{brief} as the {point.slots['label']}"
        unclear = point.role in ("number", "rating", "count", "players", "price", "length")
        if not unclear or brief.endswith(tuple(words()["units"])):
            return brief
        label = point.slots["label"]
        return f"{brief} for the {label}" if _plural(label) else f"a(n) {label} of {brief}"

    def post(self, point: Point, rng: random.Random) -> str:
        """Returns a point as it follows "something": "by Agnès Varda", "from the 90s"."""
        brief = self.brief(point, rng)
        forms = list(words()["roles"][point.role]["post"])
        if point.role in ("topic", "feature", "kind") and _describes(brief):
            forms = ["that's {v}"]
        if point.role == "length" and not brief.endswith(tuple(words()["units"])):
            forms = ["with a(n) {label} of {brief}"]
        if point.form == "value" and "{brief}" in forms[0] and point.role == "number":
            forms = ["with a(n) {label} of {brief}"]
        if _plural(point.slots["label"]):
            forms = [form for form in forms if "a(n) {label}" not in form] or ["with {brief} for the {label}"]
        form = str(rng.choice(forms or ["{brief}"]))
        return form.format_map({"v": brief, "brief": brief, "label": point.slots["label"]})

    def noun_phrase(self, points: tuple[Point, ...], rng: random.Random) -> str:
        """Returns what has all the points: "a comedy from the 90s", "something with time travel"."""
        heading = next((p for p in points if words()["roles"][p.role]["head"]), None)
        rest = [p for p in points if p is not heading]
        if heading:
            head = self._head(heading, rng)
        elif _describes(self.brief(rest[0], rng)) and rest[0].role in ("topic", "feature"):
            head, rest = f"something {self.brief(rest[0], rng)}", rest[1:]
        else:
            head = str(rng.choice(words()["somethings"])).format(noun=self.schema.noun)
        return " ".join([head, *(self.post(p, rng) for p in rest)])

    def _head(self, point: Point, rng: random.Random) -> str:
        value, noun = self.brief(point, rng), self.schema.noun
        forms = list(words()["roles"][point.role]["head"])
        last = (fold(value).split() or [""])[-1]
        named = last in words()["kind_nouns"] or last in fold(noun).split()
        kind = value if named else f"{value} {noun}"
        if point.role == "kind" and not value[:1].isalpha():
            forms = ["something that's {v}"]
        return str(rng.choice(forms)).format(v=value, kind=kind, noun=noun)

    def _styled(self, text: str, rng: random.Random) -> str:
        style = self.style
        if style.formal:
            for short, long in _FORMAL.items():
                text = re.sub(
                    rf"{re.escape(short)}\b", long, text.replace("can't", "cannot").replace("won't", "will not")
                )
        text = text.lower() if style.lower else text[:1].upper() + text[1:]
        text = re.sub(r"(?<=\w)'(?=\w)", "", text) if style.clipped else text
        bare = style.bare or (style.terse > 0.8 and rng.random() < 0.5)
        return text[:-1] if bare and text.endswith(".") and not text.endswith("..") else text


def _ended(sentence: str) -> str:
    return sentence if not sentence or sentence[-1] in ".?!" else f"{sentence}."


def _tidy(text: str, *, plural: bool) -> str:
    def article(found: re.Match[str]) -> str:
        return f"{'an' if _VOWEL.match(text, found.end()) else 'a'} "

    text = re.sub(r"a\(n\) ", article, text)
    if plural:
        text = re.sub(r"\bthese (\w+(?:'t)?)", lambda m: f"these {_PLURALS.get(m[1], m[1])}", text, flags=re.IGNORECASE)
    return re.sub(r"(?<=[.?!] )[a-z]", lambda m: m[0].upper(), text[:1].upper() + text[1:])


def _plain(value: str) -> str:
    """Returns "Science Fiction" small, and leaves "RPG", "3D" and "McCarthy" as they are."""
    return re.sub(r"[^\W\d_]+", lambda m: m[0].lower() if m[0][1:].islower() else m[0], value)


def _plural(label: str) -> bool:
    return label.endswith("s") and not label.endswith("ss")


def _describes(value: str) -> bool:
    known = value.casefold()
    ends = tuple(words()["describing_ends"])
    return (
        known in words()["describing"] or known.startswith("based on ") or (" " not in known and known.endswith(ends))
    )


def with_typo(text: str, rng: random.Random) -> str:
    """Returns the text with one or two slips in one of its longer words; the same where it has no word of three letters."""
    spans = [found.span() for found in re.finditer(r"[^\W\d_]{3,}", text)]
    longer = [span for span in spans if span[1] - span[0] > 4] or spans
    if not longer:
        return text
    start, end = rng.choice(longer)
    word = text[start:end]
    for _ in range(2 if len(word) > 7 and rng.random() < 0.25 else 1):
        word = _slip(word, rng)
    return text[:start] + word + text[end:]


def _slip(word: str, rng: random.Random) -> str:
    """Returns the word with two letters swapped, one left out, one doubled or one mistaken; the first stays."""
    at = rng.randrange(1, len(word) - 1)
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    kinds = [
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
        word[:at] + _beside(word[at]) + word[at + 1 :],
    ]
    return rng.choice([kind for kind in (swapped, *kinds) if kind != word])


def _beside(letter: str) -> str:
    rows = "qwertyuiopq asdfghjkla zxcvbnmz"
    at = rows.find(letter.lower())
    return rows[at + 1] if at >= 0 else letter
