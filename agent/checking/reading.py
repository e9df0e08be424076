"""One sentence as it is checked: its words, the items that it names or points at, and which of them each word is about."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from convrec.agent.checking.facts import Facts, Knowledge
from convrec.agent.checking.table import Mention, Table
from convrec.agent.checking.words import pattern, word_set
from convrec.agent.compact.lexicon import FUNCTION, POINTERS, is_common
from convrec.agent.compact.message import Message, Token, normal
from convrec.agent.compact.numerals import NUMBERS
from convrec.agent.compact.ranges import RangeHit
from convrec.agent.compact.titles import LOOSE, PARTIAL

LIST_MARK = re.compile(r"^\s*(?:[-*•+]\s+|[*_]{0,2}\d+[.)]\s*)+")
_MARKUP = re.compile(r"\]\([^)\s]*\)|[*_`#\[\]]")
_MARKED = (
    re.compile(r"\*\*(?P<in>[^*\n]+?)\*\*"), re.compile(r"(?<!\*)\*(?P<in>[^*\n]+?)\*(?!\*)"), re.compile(r"(?<!\w)_(?P<in>[^_\n]+?)_(?!\w)"),
    re.compile(r"\"(?P<in>[^\"\n]+?)\""), re.compile(r"“(?P<in>[^”\n]+?)”"), re.compile(r"(?<!\w)[‘'](?P<in>[^'’‘\n]+?(?:['’]\w[^'’\n]*?)?)[’'](?!\w)"),
    re.compile(r"\[(?P<in>[^\]\n]+)\]\("), re.compile(r"`(?P<in>[^`\n]+)`"), re.compile(r"«(?P<in>[^»\n]+)»"),
)  # fmt: skip
YEAR_AFTER = re.compile(r"^[*_\"”'’»`\]]*\s*\((?:1[89]|20)\d\d\)?")
_BOUNDS = frozenset("and but while whereas or than though although because since which yet where".split())
_OBLIQUE = re.compile(
    r"\b(?:(?<!feel )(?<!something )(?<!you )(?<!might )(?<!may )(?<!youll )(?<!youd )(?<!would )(?<!will )(?<!also )(?<!could )(?:like|unlike)|than|fans? of|liked|loved|enjoyed|(?:if you|you already|since you) enjoy|adored|compared (?:with|to)|similar to|reminiscent of|vein of|spirit of|besides"
    r"|reminds? (?:me|you) of|recalls?|echoes|alternative to|over|beats?|rather than|companion to|next to|as|watched|seen|saw)$"
)
_SUCH_AS = re.compile(r"\bsuch as$")
_CLAUSE_VERBS = frozenset(
    "is was are were has have had stars features follows tells offers costs serves came will would can might could makes runs takes gives remains feels delivers sits opened won".split()
)
_TO_ONE = frozenset("with by from starring directed featuring which who whose a an in of at the that".split())
_IT = frozenset("it its itself".split())
_THEY = frozenset("both they neither each".split())
_PAIRS = {"two": 2, "pair": 2, "duo": 2, "three": 3, "trio": 3}
_SHARING = frozenset("share are were have films movies came star feature both".split())
_ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "last": -1, "final": -1}


class Reading:
    """A sentence read in the light of the table and of what the sentence before was about."""

    def __init__(self, text: str, table: Table, knowledge: Knowledge, topic: Mention | None) -> None:
        self.text, self.table, self.knowledge, self.topic = text, table, knowledge, topic
        self.list_mark = LIST_MARK.match(text)
        self.message = Message(_plain(text))
        self.tokens = self.message.tokens
        self.marked = [match.span("in") for shape in _MARKED for match in shape.finditer(text)]
        self._titled: set[int] = set()
        self.named = self._titles()
        self.named = [replace(mention, oblique=self._is_oblique(mention.start)) for mention in self.named]
        self._titled = {index for m in self.named for index in range(m.start, m.end)}
        self._title_ends = {m.end for m in self.named if not m.items[0].title[-1].isalnum()}
        self.read = self.message.masking([(m.start, m.end) for m in self.named])
        self.mentions = sorted([*self.named, *self._pointed()], key=lambda m: m.start)
        self.offers = not self.named and pattern("offers").search(self.message.marked) is not None

    @cached_property
    def years(self) -> list[RangeHit]:
        """The years and decades that the sentence names."""
        return [hit for hit in self.knowledge.years.read(self.read) if not hit.vague]

    # Titles and pointers

    def _titles(self) -> list[Mention]:
        found: list[Mention] = []
        at = 0
        while at < len(self.tokens):
            mention = self._title_at(at)
            if mention is not None:
                found.append(mention)
            at = mention.end if mention else at + 1
        return found

    def _title_at(self, start: int) -> Mention | None:
        best: Mention | None = None
        key = ""
        for end in range(start + 1, min(len(self.tokens), start + self.table.longest) + 1):
            token = self.tokens[end - 1]
            for last in dict.fromkeys((normal(token.raw) or token.norm, token.bare)):
                forms = [f for f in self.table.forms.get(key + last, ()) if f[2] == end - start or len(key) > 6]
                top = max((quality for _, quality, _ in forms), default=0.0)
                if forms and self._stands(start, end, top):
                    best = Mention(
                        start, end, self._dated(end, [facts for facts, quality, _ in forms if quality == top])
                    )
            key += "and" if token.raw == "&" else normal(token.raw) or token.norm
            if not self.table.begins(key):
                break
        return best

    def _dated(self, end: int, bearers: Sequence[Facts]) -> tuple[Facts, ...]:
        """Returns the bearers of a title: those of the year beside it if there are any, else those of the slate first."""
        beside = re.search(r"\d{4}", self.text[self.tokens[end - 1].end :][:9]) if self.is_dated(end) else None
        fitting = [facts for facts in bearers if beside and facts.year == float(beside[0])]
        shown = [facts for facts in bearers if facts in self.table.slate]
        return tuple(fitting or shown or bearers)

    def is_dated(self, end: int) -> bool:
        """Tells whether a year in brackets follows the token before `end`."""
        return YEAR_AFTER.match(self.text[self.tokens[end - 1].end :]) is not None

    def is_marked(self, start: int, end: int) -> bool:
        """Tells whether the tokens are all that stands in a pair of marks, but for a year."""
        first, last = self.tokens[start].start, self.tokens[end - 1].end
        return any(
            self.text[a:first].strip() == "" and a <= first and last <= b
            and re.fullmatch(r"[.,!?…:;]*\s*(?:\(\d{4}\))?[.,!:]*", self.text[last:b].strip()) is not None
            for a, b in self.marked
        )  # fmt: skip

    def _stands(self, start: int, end: int, quality: float) -> bool:
        """Tells whether the words stand there as a title."""
        if self.is_marked(start, end) or (self.is_dated(end) and self.tokens[end - 1].capital):
            return True
        words = self.tokens[start:end]
        if len(words) > 1 and any(
            self.text[words[0].start : words[-1].end] == facts.title for facts in self.table.items
        ):
            return True
        if not all(_has_capital(token) for token in words if token.norm not in FUNCTION) or not _has_capital(words[0]):
            return False
        if len(words) > 1:
            return quality >= LOOSE or not all(is_common(token.norm) for token in words) or len(words) > 2
        if words[0].norm in FUNCTION | POINTERS or (quality <= PARTIAL and is_common(words[0].norm)):
            return False
        if any(
            facts.named([w.bare for w in self.tokens[a:b]], self.knowledge.fields.people)
            for a, b in self._wider(start)
            for facts in self.table.items
        ):
            return False
        return not self.starts(start) or self._is_subject(end)

    def _wider(self, at: int) -> list[tuple[int, int]]:
        """Returns the pairs of capitalised words that hold a token."""
        return [
            (a, a + 2) for a in (at - 1, at)
            if a >= 0 and a + 2 <= len(self.tokens) and all(t.capital for t in self.tokens[a : a + 2]) and not self.tokens[a + 1].mark
        ]  # fmt: skip

    def _is_subject(self, end: int) -> bool:
        token = self.tokens[end] if end < len(self.tokens) else None
        return (
            token is None
            or bool(token.mark)
            or token.norm in _CLAUSE_VERBS | {"and", "or"}
            or self.tokens[end - 1].bare != self.tokens[end - 1].norm
            or (token.norm.endswith("s") and not token.capital)
        )

    def starts(self, index: int) -> bool:
        """Tells whether a capital at the token says nothing: a sentence, a line or what follows a colon begins there."""
        gap = self.text[self.tokens[index - 1].end : self.tokens[index].start] if index else ""
        return self.message.starts_sentence(index) or ":" in gap or "–" in gap or "—" in gap or " - " in gap

    def _is_oblique(self, start: int) -> bool:
        first = start
        while first > max(0, start - 5) and not self.tokens[first].mark and not any(m.end == first for m in self.named):
            first -= 1
        before = re.sub(r"(?: the| both| watching)+$", "", self.message.words(first, start))
        return _OBLIQUE.search(before) is not None and _SUCH_AS.search(before) is None

    def _pointed(self) -> list[Mention]:
        found = (self._pointer(index, token) for index, token in enumerate(self.tokens) if not self.covered(index))
        return [mention for mention in found if mention is not None and mention.items]

    def _pointer(self, at: int, token: Token) -> Mention | None:
        after = self.tokens[at + 1].norm if at + 1 < len(self.tokens) else ""
        before = self.tokens[at - 1].norm if at else ""
        if token.norm in _IT or (
            token.norm in ("this", "that", "the")
            and after in self.knowledge.nouns | {"one"}
            and after != self.knowledge.catalogue.schema.nouns
        ):
            return replace(self._one_before(at), start=at, end=at + 1, named=False)
        if token.norm == "they" and self.topic is not None and not self.topic.every:
            return replace(self.topic, start=at, end=at + 1, named=False)
        if token.norm in ("both", "each") and (
            before in ("are", "were") or after in ("a", "an") or self._is_other_name(at + 1)
        ):
            return None
        pointing = token.norm in ("these", "those") and after in self.knowledge.nouns | {
            *NUMBERS,
            "are",
            "all",
            "share",
            "star",
            "have",
            "were",
            "picks",
        }
        count = _PAIRS.get(token.norm, 0) if before == "the" and after in _SHARING else 0
        if count and len(self._several(at)) == count:
            return Mention(at, at + 1, self._several(at), every=True, named=False)
        if (
            token.norm in _THEY
            or pointing
            or (token.norm == "all" and after in ("of", "are", "three", "four", "five", "these", "have", "star"))
        ):
            return Mention(at, at + 1, self._several(at), every=True, named=False)
        if token.norm in ("former", "latter") and before in ("the", ""):
            return Mention(
                at, at + 1, (self.named[0 if token.norm == "former" else -1].items if self.named else ()), named=False
            )
        if token.norm in _ORDINALS and before == "the" and sum(m.end <= at for m in self.named) > 1:
            return replace(
                self.named[_ORDINALS[token.norm] % len(self.named)], start=at, end=at + 1, named=False, oblique=False
            )
        if (
            token.norm in _ORDINALS
            and before in ("the", "")
            and after in self.knowledge.nouns | {"one", "option", "pick", "is", "was", "has"}
            and self.table.slate
        ):
            place = _ORDINALS[token.norm]
            return Mention(at, at + 1, self.table.slate[place : place + 1 or None], named=False)
        return None

    def _is_other_name(self, index: int) -> bool:
        """Tells whether a capitalised word stands there that is no part of a title."""
        return index < len(self.tokens) and self.tokens[index].capital and not self.covered(index)

    def _one_before(self, at: int) -> Mention:
        earlier = [m for m in self.named if m.end <= at and not m.oblique]
        later = [m for m in self.named if m.start > at]
        alone = Mention(at, at + 1, self.table.slate if len(self.table.slate) == 1 else ())
        return earlier[-1] if earlier else self.topic or (later[0] if later else alone)

    def _several(self, at: int) -> tuple[Facts, ...]:
        own = [facts for m in self.named if not m.oblique for facts in m.items[:1]]
        if len(own) > 1:
            return tuple(own)
        return self.topic.items if self.topic and self.topic.every and len(self.topic.items) > 1 else self.table.slate

    # What a word is about

    def about(self, at: int) -> Mention | None:
        """Returns which mention the claim at a token is about; None where no item is spoken of."""
        before = [m for m in self.mentions if m.end <= at]
        after = [m for m in self.mentions if m.start > at and (m.named or not before)]
        last, following = (before[-1] if before else None), (after[0] if after else None)
        if (
            following is not None
            and not following.oblique
            and not self._in_brackets(at)
            and self._belongs(at, last, following)
        ):
            return following
        if last is not None:
            return self._group(self._main(before, at), at)
        return following or self.topic

    def _belongs(self, at: int, last: Mention | None, following: Mention) -> bool:
        """Tells whether a word goes with the title after it: in its clause, or in its sentence, and not in that of the one before."""
        if last is None:
            return not self._parted(at, following.start)
        if not last.named and self.tokens[following.start - 1].norm in ("at", "in", "with", "from", "for", "by"):
            return not self._parted(at, following.start)
        if self._stops(last.end, at) and not self._stops(at + 1, following.start):
            return True
        return self._parted(last.end - 1, at) and not self._parted(at, following.start)

    def _stops(self, start: int, end: int) -> bool:
        return any(
            token.mark in (".", "?", "!") for token in self.tokens[start + (start in self._title_ends) : end + 1]
        )

    def _main(self, before: list[Mention], at: int) -> Mention:
        """Returns the last title, or where it was only compared with and another clause began since, what the sentence is about."""
        last = before[-1]
        since = self.message.norms(last.end, at)
        aside = (
            last.end < len(self.tokens)
            and self.tokens[last.end].mark == ","
            and self.tokens[last.end].norm in _CLAUSE_VERBS
        )
        if last.oblique and aside:
            return next((m for m in reversed(before) if not m.oblique), self.topic or last)
        if not last.oblique or not {*since} & {"and", "but", "while", "as", "so", "plus"}:
            return last
        return next((m for m in reversed(before) if not m.oblique), self.topic or last)

    def _in_brackets(self, at: int) -> bool:
        before = self.text[: self.tokens[at].start]
        return before.count("(") > before.count(")")

    def _parted(self, start: int, end: int) -> bool:
        """Tells whether a clause ends between two tokens."""
        between = self.tokens[start + 1 : end + 1]
        return any(token.mark or token.norm in _BOUNDS for token in between)

    def _coordinated(self, last: Mention) -> list[Mention]:
        """Returns the titles that are joined with a title by commas and "and", it being the last of them."""
        joined = [last]
        for mention in reversed([m for m in self.named if m.end <= last.start]):
            between = self.tokens[mention.end : joined[0].start]
            if mention.oblique or (len(joined) == 1 and all(token.norm not in ("and", "or") for token in between)):
                break
            if any(
                not (token.norm in ("and", "or") or re.fullmatch(r"(?:1[89]|20)\d\d", token.norm)) for token in between
            ):
                break
            joined.insert(0, mention)
        return joined

    def _group(self, last: Mention, at: int) -> Mention:
        """Returns the titles that share what is said after the last of them, or only the last."""
        joined = self._coordinated(last) if last.named else [last]
        first = last.end
        while first < at and re.fullmatch(r"(?:1[89]|20)\d\d", self.tokens[first].norm):
            first += 1
        verb = self.tokens[first] if first <= at else None
        if (
            len(joined) < 2
            or verb is None
            or first == at
            or (verb.mark and not self.adjoins(last, first))
            or verb.norm in _TO_ONE
            or self._in_brackets(at)
        ):
            return last
        return Mention(joined[0].start, last.end, tuple(m.items[0] for m in joined), every=True)

    def adjoins(self, mention: Mention, index: int) -> bool:
        """Tells whether nothing but a title's own last stop stands between it and a word."""
        if index != mention.end or index >= len(self.tokens):
            return False
        gap = self.text[self.tokens[index - 1].end : self.tokens[index].start]
        own = next((facts.title[-1] for facts in mention.items if not facts.title[-1].isalnum()), "")
        return gap.strip('*_"”“’»`').removeprefix(own).strip('*_"”“’»` ') == ""

    def negated(self, at: int) -> bool:
        """Tells whether the claim at a token is denied, within its clause."""
        start = at
        while (
            start > 0
            and not self.read.tokens[start].mark
            and self.read.tokens[start].norm not in ("but", "while", "whereas")
        ):
            start -= 1
        said = pattern("not_negating").sub(" ", self.read.words(start, at))
        return bool({*said.split()} & word_set("negators")) or pattern("negating").search(said) is not None

    def word(self, index: int) -> str:
        """Returns the folded word at an index, "" beyond the ends or across a mark before it."""
        return self.read.tokens[index].norm if 0 <= index < len(self.tokens) else ""

    def covered(self, index: int) -> bool:
        """Tells whether a token is part of a title in play."""
        return index in self._titled


def _plain(text: str) -> str:
    """Returns the text with its markup, and the number of its list line, as spaces: all else keeps its place."""
    mark = LIST_MARK.match(text)
    spaced = " " * mark.end() + text[mark.end() :] if mark else text
    return _MARKUP.sub(lambda match: " " * len(match[0]), spaced)


def _has_capital(token: Token) -> bool:
    return token.raw[0].isupper() or token.raw[0].isdigit() or not token.raw[0].isalpha()
