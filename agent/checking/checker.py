"""The claim checker: reads a reply sentence by sentence, and lets nothing pass about an item that its facts do not carry."""

from collections.abc import Collection, Iterator, Sequence
from copy import copy
from dataclasses import dataclass

from convrec.agent.checking.amounts import miscounted
from convrec.agent.checking.comparing import miscompared
from convrec.agent.checking.dates import misdated
from convrec.agent.checking.facts import Facts, Finding, Knowledge
from convrec.agent.checking.invented import invented
from convrec.agent.checking.kinds import misplaced, unknowable, values_named
from convrec.agent.checking.mending import Mender
from convrec.agent.checking.people import misnamed
from convrec.agent.checking.reading import Reading
from convrec.agent.checking.splitting import SentenceStream
from convrec.agent.checking.table import Mention, Table
from convrec.agent.checking.titles import TitleChecker
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.laid import LaidCatalogue


@dataclass(frozen=True)
class Touched:
    """What was done to a sentence: `repaired`, `cut` or `cut back`, and what was found in it."""

    how: str
    sentence: str
    findings: tuple[Finding, ...]


class ClaimChecker:
    """Checks replies over one catalogue; built once, used by any number of replies at a time."""

    def __init__(self, catalogue: Catalogue, titles: TitleChecker) -> None:
        self._catalogue, self._titles = catalogue, titles
        self.knowledge = Knowledge(catalogue)

    def over(self, catalogue: LaidCatalogue, titles: TitleChecker) -> "ClaimChecker":
        """Returns the checker for a catalogue laid over its own."""
        other = copy(self)
        other._catalogue, other._titles, other.knowledge = catalogue, titles, self.knowledge.over(catalogue)
        return other

    def begin(self, items: Sequence[str], *, known: Collection[str] = (), said: str = "") -> "Check":
        """Returns the check of one reply.

        `items` are the ids of its slate in order, `known` those of items that the thread has named or shown, and `said` the person's
        words and the demands in force, which a sentence may echo. Ids that the catalogue lacks are passed over.
        """
        slate = [self._facts(item) for item in dict.fromkeys(items) if self._catalogue.row(item) is not None]
        others = [
            self._facts(item)
            for item in dict.fromkeys(known)
            if item not in items and self._catalogue.row(item) is not None
        ]
        return Check(Table.of(slate, others, said), self.knowledge, self._titles)

    def _facts(self, item_id: str) -> Facts:
        return Facts(self._catalogue.item(item_id), self.knowledge)


class Check:
    """The check of one reply: sentences come in order, and what one was about is what "it" stands for in the next."""

    def __init__(self, table: Table, knowledge: Knowledge, titles: TitleChecker) -> None:
        self._table, self._knowledge, self._titles = table, knowledge, titles
        self._allowed = {facts.title for facts in table.items}
        self._topic: Mention | None = None
        self._mender = Mender(knowledge)
        self.reasons: list[Touched] = []

    @property
    def touched(self) -> int:
        """How many sentences were repaired or cut for what they say."""
        return len(self.reasons)

    def stream(self) -> SentenceStream:
        """Returns what cuts this reply's text into sentences."""
        return SentenceStream(self._allowed)

    def sentence(self, text: str) -> str:
        """Returns the sentence as it may be shown: unchanged, repaired, cut back to its title in a list, or "" when cut.

        The white space behind it is kept, of a cut sentence as far as it ends a line.
        """
        if not text.strip():
            return self._mender.blank(text)
        reading = self._read(text)
        mended = self._mender.led(text, self._topic, named=bool(reading.named))
        if mended is None:
            return self._cut(text, reading, (), silent=True)
        reading = reading if mended == text else self._read(mended)
        findings = self.findings(reading)
        if not findings:
            return self._shown(mended, reading)
        return self._repaired(mended, findings) or self._cut(mended, reading, findings)

    def _read(self, text: str) -> Reading:
        return Reading(text, self._table, self._knowledge, self._topic)

    def findings(self, reading: Reading) -> tuple[Finding, ...]:
        """Returns what the facts do not carry, in the order of the sentence, no words twice."""
        found: list[Finding] = []
        for finding in sorted(self._found(reading), key=lambda f: (f.start, -f.end)):
            if not found or finding.start >= found[-1].end:
                found.append(finding)
        return tuple(found)

    def _found(self, reading: Reading) -> Iterator[Finding]:
        for title in self._titles.foreign(reading.text, self._allowed):
            yield Finding("title", 0, len(reading.text), " ".join(title))
        values = values_named(reading)
        taken = {index for one in values for index in range(one.start, one.end)}
        yield from invented(reading, taken)
        yield from misnamed(reading, taken)
        yield from misplaced(reading, values)
        yield from unknowable(reading)
        yield from misdated(reading)
        yield from miscounted(reading)
        yield from miscompared(reading)

    def _repaired(self, text: str, findings: tuple[Finding, ...]) -> str:
        """Returns the sentence with the right words for the one wrong thing, "" where they are not known or do not mend it."""
        (only, *others) = findings
        if others or only.fix is None or not _is_of_one(self._read(text), only):
            return ""
        mended = text[: only.start] + only.fix + text[only.end :]
        reading = self._read(mended)
        if self.findings(reading):
            return ""
        self.reasons.append(Touched("repaired", text, findings))
        return self._shown(mended, reading)

    def _shown(self, text: str, reading: Reading) -> str:
        self._topic = _topic(reading, self._topic)
        return self._mender.shown(text)

    def _cut(self, text: str, reading: Reading, findings: tuple[Finding, ...], *, silent: bool = False) -> str:
        if not silent:
            kept = (
                "" if _is_headed_falsely(reading, findings) else self._mender.head(reading, self._titles, self._allowed)
            )
            self.reasons.append(Touched("cut back" if kept else "cut", text, findings))
            if kept:
                self._topic = reading.named[0]
                return self._mender.shown(kept)
        foreign = (not reading.named or _is_headed_falsely(reading, findings)) and any(
            f.kind == "title" or f.words.casefold() in self._knowledge.titles for f in findings
        )
        self._topic = None if foreign else _topic(reading, self._topic)
        return self._mender.cut(text, self._topic, foreign=foreign)


def _is_of_one(reading: Reading, finding: Finding) -> bool:
    """Tells whether it is certain which item is meant: the sentence speaks of no other, or the year in brackets is of the title before."""
    spoken = {facts.id for mention in reading.mentions or [m for m in (reading.topic,) if m] for facts in mention.items}
    return len(spoken) == 1 or (finding.kind == "year" and reading.text[finding.start - 1] == "(")


def _is_headed_falsely(reading: Reading, findings: tuple[Finding, ...]) -> bool:
    """Tells whether the first title of the sentence is a part of one that nothing bears: "Heat" in "Heat 2"."""
    at = reading.tokens[reading.named[0].start].start if reading.named else -1
    return any(finding.kind == "title" and finding.start <= at < finding.end for finding in findings)


def _topic(reading: Reading, before: Mention | None) -> Mention | None:
    """Returns what the next sentence is about when it names nothing itself."""
    ended = "\n" in reading.text[len(reading.text.rstrip()) :]
    straight = [m for m in reading.named if not m.oblique]
    several = [m for m in reading.mentions if m.every]
    if len(straight) > 1 and several:
        return several[-1]
    first = straight[0] if straight else reading.named[-1] if reading.named else several[0] if several else before
    return None if ended and reading.list_mark and first is before else first
