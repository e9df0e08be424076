"""Names: who is said to have made an item or to appear in it, and titles that no item bears."""

import re
from collections.abc import Iterator
from itertools import pairwise, product

from rapidfuzz import fuzz

from convrec.agent.checking.facts import Facts, Finding
from convrec.agent.checking.reading import YEAR_AFTER, Mention, Reading
from convrec.agent.checking.words import word_set
from convrec.agent.compact.fields import described
from convrec.agent.compact.lexicon import FUNCTION, LINGO, PLAIN_RANK, is_common, rank
from convrec.agent.compact.values import PARTICLES
from convrec.agent.wording import listed
from convrec.catalogue.schema import Field

Run = tuple[int, int]
_BY = re.compile(r"\b(?:(?P<verb>[a-z]+(?:ed|en|de|te))(?: and (?:\w+))? )?(?:by|from)(?: the (?:\w+ )?)?$")
_ACTED = re.compile(r"\b(?:acting|performances?|turns?|roles?|work|acted) (?:by|from)$")
_VERB_AFTER = re.compile(r"^(?:(?:who|also|then|has|had|have|himself|herself|is|was|co) )*(?P<verb>[a-z]+)\b")
_TITLE_OF = re.compile(r"\b(?:its |the )?(?P<noun>director|filmmaker|writer|author|composer|developer|designer|publisher|chef|producer)s?(?: ,)?(?: (?:is|was|named))?$")
_STAR_IS = re.compile(r"\b(?:stars?|leads?|actors?|actress|hero|heroine|protagonist|role|cast|face|faces|relies on|rests on|find|finds|directs|directed|directing|guides|coaxes|(?:showcase|vehicle) for)(?: (?:\w+ ){0,4}?(?:is|was|are|were|named))?(?: by)?$")
_MAKER_IS = re.compile(r"\b(?:(?:direction|hands|eye|vision|mind|brainchild) of|dir|(?:camera|chair) (?:is|was|sits))$")
_PRAISED = re.compile(r"^(?:\w+ly )?(?:is|was|are|were) (?!(?:at (?:his|her|their)|in top|a (?:master|genius|visionary|legend)|known|famous|your|the (?:director|one|man|woman))\b)(?:(?:\w+ ){0,3}(?:in|as|here)\b|(?:\w+ly )?(?:a|an|the|so|just|simply|pure|\w+ful|\w+ing|\w+ic|superb|great|fine|perfect|funny|brilliant)\b)|^makes? (?:a|an) (?:\w+ )?(?:team|pair|duo|couple)|^(?:share|shares|have) (?:\w+ )?(?:chemistry|scenes)")
_ABSENT = re.compile(r"^(?:has|have|had|plays?|played|takes?|took) no\b|^(?:is|was|are|were) (?:nowhere|absent|missing)|^(?:isnt|wasnt|arent|werent|(?:is|was|are|were) (?:not|never)) ?(?:also |even |actually )?(?:in|part|among|on|featured|involved|to be)\b|^(?:(?:does|did|has|have|had)(?: not)|doesnt|didnt|hasnt|hadnt|never) (?:\w+ly )?(?:appears?|appeared|stars?|starred|features?|shows?|acts?|plays?|directs?|directed|write|make|made|have)\b")
_IS_ONE = re.compile(r"^(?:is|was) (?:the|its|also|both) (?:\w+ )?(?P<noun>director|filmmaker|writer|author|developer|chef|designer|publisher|producer|composer)\b")
_APART = frozenset("and while whereas but though which".split())
_DATED = re.compile(r"[*_\"”'’»`\]]*\s*\((?:1[89]|20)\d\d\)")
_NEAR = 85  # of 100, how alike a slip of the finger and the title are
_SHORTEST = 6  # characters of a title whose slips are told from other words
_LONGEST_TITLE = 10  # words


def misnamed(reading: Reading, taken: set[int]) -> Iterator[Finding]:
    """Yields the names that the facts do not carry, or not in that part; `taken` are tokens that stand for values."""
    runs = list(_runs(reading, taken))
    cues = [_part(reading, run) for run in runs]
    joined = [_is_joined(reading, a, b) for a, b in pairwise(runs)]
    for place in range(1, len(runs)):
        if cues[place] is None and joined[place - 1]:
            cues[place] = cues[place - 1]
    for place in reversed(range(len(runs) - 1)):
        if cues[place] is None and joined[place] and _is_plural(reading.word(runs[place + 1][1])):
            cues[place] = cues[place + 1]
    for run, cue in zip(runs, cues, strict=True):
        finding = _judged(reading, run, cue)
        if finding is not None:
            yield finding


def _is_plural(word: str) -> bool:
    """Tells whether a word can be what several people do."""
    return word.isalpha() and not word.endswith("s") and word not in FUNCTION - {"are", "were", "have", "both"}


def _is_joined(reading: Reading, one: Run, other: Run) -> bool:
    """Tells whether two names stand in one list."""
    return {*reading.message.norms(one[1], other[0])} <= {"and", "or", "nor", "as", "well"} and reading.text[reading.tokens[one[1] - 1].end : reading.tokens[other[0]].start].strip() not in (";", ".", ":", "")


def _judged(reading: Reading, run: Run, cue: tuple[Field, ...] | None) -> Finding | None:
    words = [token.bare for token in reading.tokens[run[0] : run[1]]]
    denied = reading.negated(run[0]) or _denied_after(reading, run[1])
    about = reading.about(run[0])
    items = about.items if about else ()
    if denied and items:
        false = any(facts.named(words, reading.knowledge.fields.people if cue is None else cue or reading.knowledge.fields.people) for facts in items)
        return _finding(reading, "person", run) if false or not _exists(reading, run, words) else None
    if cue is None:
        return None if _is_around(reading, words) else _finding(reading, "name", run)
    scope = about or Mention(0, 0, reading.table.slate)
    if (all if scope.every else any)(_plays(facts, words, cue) for facts in scope.items):
        return None
    if about is None and reading.table.echoes(" ".join(words)):
        return None
    return _finding(reading, "person", run, _right(reading, run, scope, cue))


def _exists(reading: Reading, run: Run, words: list[str]) -> bool:
    """Tells whether anybody of the catalogue has the name, or it is around otherwise."""
    written = _written(reading, run)
    known = written in reading.knowledge.names or (len(words) == 1 and words[0] in reading.knowledge.surnames)
    return known or _is_around(reading, words)


def _plays(facts: Facts, words: list[str], cue: tuple[Field, ...]) -> bool:
    """Tells whether the item has the name in one of the fields, or where it has none there, or it is no person's, in its text."""
    if facts.named(words, cue) or (facts.tells(words) and not facts.is_person(words)):
        return True
    return not any(facts.people.get(field.name) for field in cue) and facts.tells(words)


def _is_around(reading: Reading, words: list[str]) -> bool:
    """Tells whether an item that the sentence can be about has the name, or the person said it."""
    own = [facts for mention in reading.mentions for facts in mention.items]
    items = own or (reading.topic.items if reading.topic and not reading.offers else reading.table.items)
    people = reading.knowledge.fields.people
    return reading.table.echoes(" ".join(words)) or any(facts.named(words, people) or facts.tells(words) for facts in items)


def _part(reading: Reading, run: Run) -> tuple[Field, ...] | None:
    """Returns the fields of the part that the words around a name give it; None where they give it none, or one that no field is of."""
    fields = reading.knowledge.fields
    found = _cued(reading, run)
    return None if found is not None and not fields.players and found == fields.players else found


def _cued(reading: Reading, run: Run) -> tuple[Field, ...] | None:
    fields = reading.knowledge.fields
    start = _clause(reading, run[0])
    before = reading.read.words(start, run[0])
    aside = reading.read.words(_clause(reading, start - 1), start) if start == run[0] > 0 and (reading.tokens[start].mark == "," or reading.word(start - 1) == "dir") else before
    after = reading.read.words(run[1], _clause_end(reading, run[1]))
    last = reading.tokens[run[1] - 1]
    if (by := _BY.search(before)) and (by["verb"] or not before.endswith("from") or _ACTED.search(before)):
        return _by(reading, by["verb"] or "", acted=_ACTED.search(before) is not None)
    if _STAR_IS.search(aside):
        return fields.players
    if _MAKER_IS.search(aside):
        return fields.makers
    if (noun := _TITLE_OF.search(aside) or _IS_ONE.match(after)) is not None:
        return fields.said_by(noun["noun"]) if fields.said_by(noun["noun"]) or noun["noun"] not in ("director", "filmmaker") else fields.makers
    if before.split()[-1:] and before.split()[-1] in word_set("players") - {"front", "face", "faces"}:
        return fields.players
    if last.bare != last.norm:
        near = {*after.split()[:3]}
        acting, making = near & (word_set("acting") | {"character"}), near & word_set("making")
        return fields.players if acting else fields.makers if making or _is_thing(reading, run[1]) else None
    if re.match(r"^(?:brings?|brought|puts?) out\b", after):
        return fields.makers
    verb = _VERB_AFTER.match(after)
    if verb is not None and (found := _does(reading, verb["verb"])) is not None:
        return found
    if re.match(r"^(?:gives?|delivers?|turns? in|puts? in|brings?|offers?) (?:\w+ ){0,4}(?:performances?|turn|role)\b", after):
        return fields.players
    if re.match(r"^(?:is |was )?(?:at the helm|behind|in the director|in charge)", after):
        return fields.makers
    if re.match(r"^(?:is |was )?(?:in (?:it|the cast|the lead|a (?:leading|supporting|starring))|in the (?:leading|title|main)|on screen|in front|as )", after):
        return fields.players
    if re.match(r"^(?:takes?|took) (?:the )?(?:centre|center) stage|^(?:steals?|stole) (?:the|every)|^(?:has|have|gets|got|takes|took) (?:\w+ ){0,2}(?:lead|part|role)\b", after):
        return fields.players or None
    if re.match(r"^(?:calls?|called) the shots|^(?:sits?|sat) in the director|^(?:keeps?|kept) it moving as director|^(?:is |was )?in the director", after):
        return fields.makers
    if before.split()[-1:] and before.split()[-1] in ("with", "has", "see", "spot", "watch", "get", "gets", "boasts", "including", "includes", "puts", "gives", "casts", "uses", "lets"):
        return fields.players or None
    if _PRAISED.match(after):
        return fields.players
    if run[1] + 1 < len(reading.tokens) and reading.word(run[1]) == "in" and reading.covered(run[1] + 1):
        return fields.players or None
    return _by_clause(reading, run)


def _by_clause(reading: Reading, run: Run) -> tuple[Field, ...] | None:
    """Returns the fields of the part that the rest of the clause speaks of, where it is of acting or of making alone."""
    start, end = run
    while start > 0 and not reading.tokens[start].mark and reading.word(start - 1) not in _APART:
        start -= 1
    while end < len(reading.tokens) and not reading.tokens[end].mark and reading.word(end) not in _APART:
        end += 1
    words = {*reading.read.norms(start, run[0]), *reading.read.norms(run[1], end)}
    acting, making = words & word_set("acting"), words & word_set("making")
    if bool(acting) == bool(making):
        return None
    return (reading.knowledge.fields.players if acting else reading.knowledge.fields.makers) or None


def _by(reading: Reading, verb: str, *, acted: bool) -> tuple[Field, ...]:
    """Returns the fields of whom something is by: a verb that no field is of leaves none, a plain one says who made it."""
    fields = reading.knowledge.fields
    if acted or verb in ("led", "headlined", "played", "carried", "anchored"):
        return fields.players
    makes = any(verb.startswith(stem) for stem in word_set("makers") - {"made", "makes", "helm", "film"})
    return fields.said_by(verb) or (() if makes and not verb.startswith("direct") else fields.makers)


def _does(reading: Reading, verb: str) -> tuple[Field, ...] | None:
    """Returns the fields that a verb after a name points at."""
    fields = reading.knowledge.fields
    if verb in word_set("players") - {"role", "roles", "performance", "performances", "cast", "screen", "acting", "act"}:
        return fields.players
    said = fields.said_by(verb)
    makes = any(verb.startswith(stem) for stem in word_set("makers"))
    return said or (fields.makers if verb in ("made", "makes", "helmed", "helms") else () if makes and verb not in ("score", "shot", "behind") else None)


def _is_thing(reading: Reading, at: int) -> bool:
    """Tells whether what follows a possessive is the item: its title, a noun for it, or a kind or year before one."""
    reach = range(at, min(at + 4, len(reading.tokens)))
    return any(reading.covered(i) or reading.tokens[i].norm in reading.knowledge.nouns or reading.knowledge.kind([reading.tokens[i].norm]) is not None for i in reach)


def _denied_after(reading: Reading, at: int) -> bool:
    return _ABSENT.match(reading.read.words(at, at + 5)) is not None


def _clause(reading: Reading, at: int) -> int:
    start = max(0, at - 5)
    return max((i for i in range(start, at + 1) if reading.tokens[i].mark), default=start) if at < len(reading.tokens) else start


def _clause_end(reading: Reading, at: int) -> int:
    stop = min(len(reading.tokens), at + 6)
    aside = at < stop and reading.tokens[at].norm in ("who", "whose", "playing", "starring", "acting")
    return next((i for i in range(at + aside, stop) if reading.tokens[i].mark), stop)


def _right(reading: Reading, run: Run, scope: Mention, cue: tuple[Field, ...]) -> str | None:
    """Returns the right names where one field of one item says them, and the wrong one stands alone behind "by"."""
    before = reading.message.norms(run[0] - 1, run[0])
    after = reading.word(run[1])
    alone = before == ["by"] and not (after == "and" and run[1] + 1 < len(reading.tokens) and reading.tokens[run[1] + 1].capital)
    if not alone or len(scope.items) != 1 or len(cue) != 1 or reading.tokens[run[1] - 1].bare != reading.tokens[run[1] - 1].norm:
        return None
    return listed(scope.items[0].values(cue[0])) or None


def _finding(reading: Reading, kind: str, run: Run, fix: str | None = None) -> Finding:
    first, last = reading.tokens[run[0]].start, reading.tokens[run[1] - 1].end
    return Finding(kind, first, last, reading.text[first:last], fix)


# Where names stand


def _runs(reading: Reading, taken: set[int]) -> Iterator[Run]:
    """Yields the token ranges of capitalised words that may be names."""
    at, n = 0, len(reading.tokens)
    while at < n:
        if not _is_capital(reading, at, taken):
            at += 1
            continue
        end = at + 1
        while end < n and not reading.tokens[end].mark and reading.tokens[end - 1].bare == reading.tokens[end - 1].norm and "," not in reading.message.gap(end) and (
            _is_capital(reading, end, taken) or (reading.tokens[end].norm in PARTICLES and end + 1 < n and _is_capital(reading, end + 1, taken))
        ):  # fmt: skip
            end += 1
        start = _trimmed(reading, at, end)
        if start < end and not _is_label(reading, start, end):
            yield start, end
        at = end


def _is_capital(reading: Reading, at: int, taken: set[int]) -> bool:
    token = reading.tokens[at]
    initial = len(token.raw) == 1 and reading.text[token.end : token.end + 1] == "."
    telling = token.norm not in FUNCTION or initial or _is_numeral(token.raw)
    written = token.raw[0].isalpha() and (token.capital or any(char.isupper() for char in token.raw))
    return written and at not in taken and not reading.covered(at) and telling


def _is_numeral(raw: str) -> bool:
    return re.fullmatch(r"[IVX]{2,4}", raw) is not None


def _trimmed(reading: Reading, start: int, end: int) -> int:
    """Returns where a name begins in capitalised words: behind the first where that has its capital from its place."""
    if not reading.starts(start) or _is_name(reading, start, end):
        return start
    token = reading.tokens[start]
    if end - start > 1:
        return start + 1 if token.norm in LINGO or rank(token.norm) < PLAIN_RANK or token.norm.endswith("ing") else start
    dated = YEAR_AFTER.match(reading.text[token.end :]) is not None
    known = token.bare in reading.knowledge.surnames or token.raw.removesuffix("'s") in reading.knowledge.names
    acts = _does(reading, reading.word(end)) is not None or token.bare != token.norm or reading.word(end) in ("is", "was", "gives", "delivers", "brings")
    rare = rank(token.norm) >= PLAIN_RANK
    return start if dated or (token.norm not in LINGO and (acts and (known or rare)) or (known and rare)) else end


def _written(reading: Reading, run: Run) -> str:
    return re.sub(r"(?:['’]s?|\.)$", "", reading.text[reading.tokens[run[0]].start : reading.tokens[run[1] - 1].end])


def _is_name(reading: Reading, start: int, end: int) -> bool:
    return end - start > 1 and _written(reading, (start, end)) in reading.knowledge.names


def _is_label(reading: Reading, start: int, end: int) -> bool:
    """Tells whether the words head a line or name a field: "Director:", "Why You'll Love It:"."""
    words = [token.norm for token in reading.tokens[start:end]]
    own = {word for f in reading.knowledge.catalogue.schema.fields for word in described(f) if f.label}
    if all(word in word_set("labels") | LINGO for word in words) and not _is_name(reading, start, end):
        return True
    headed = re.match(r"^[^.!?()\n]{0,30}:", reading.text[reading.tokens[end - 1].end :]) is not None and _begins_line(reading, start)
    return headed and all(is_common(word) or word in own for word in words) and not _is_name(reading, start, end)


def _begins_line(reading: Reading, start: int) -> bool:
    return all(token.norm in FUNCTION or token.capital for token in reading.tokens[:start])


# Titles that nothing bears


def invented(reading: Reading, taken: set[int]) -> Iterator[Finding]:
    """Yields what is marked as a title, or has a year or the number of a sequel behind it, and is the title of no item in play."""
    for first, last in reading.marked:
        inside = [i for i, token in enumerate(reading.tokens) if first <= token.start and token.end <= last]
        if inside and not _is_fine(reading, inside, taken):
            yield Finding("title", first, last, reading.text[first:last])
    for mention in reading.named:
        yield from _sequel(reading, mention)
    yield from _slips(reading)
    for match in _DATED.finditer(reading.text):
        yield from _dated(reading, match.start())


def _dated(reading: Reading, at: int) -> Iterator[Finding]:
    """Yields what stands before a year in brackets as a title and is none: in a list the whole head, else the capitalised word."""
    before = [index for index, token in enumerate(reading.tokens) if token.end <= at]
    if not before or any(m.start <= before[-1] < m.end and (m.start == 0 or not reading.list_mark) for m in reading.named):
        return
    start = 0 if reading.list_mark and not any(token.mark in (".", "?", "!") for token in reading.tokens[1 : before[-1] + 1]) else before[-1]
    if reading.tokens[before[-1]].capital or start == 0:
        first, last = reading.tokens[start].start, reading.tokens[before[-1]].end
        if not any(m.start >= start for m in reading.named if m.end == before[-1] + 1 and reading.tokens[m.start].mark):
            yield Finding("title", first, last, reading.text[first:last])


def _is_fine(reading: Reading, inside: list[int], taken: set[int]) -> bool:
    start, end = inside[0], inside[-1] + 1
    tokens = [reading.tokens[i] for i in inside]
    telling = [token for token in tokens if token.norm not in FUNCTION]
    words = [token.bare for token in tokens]
    if any(m.start <= start and end <= m.end or reading.is_marked(m.start, m.end) and m.start == start for m in reading.named):
        return True
    if _is_near(reading, reading.text[tokens[0].start : tokens[-1].end]):
        return False
    small = not all(any(char.isupper() or char.isdigit() for char in token.raw) for token in telling) or not (tokens[0].raw[0].isupper() or tokens[0].raw[0].isdigit())
    if small or len(tokens) > _LONGEST_TITLE or all(i in taken or reading.covered(i) or reading.tokens[i].norm in FUNCTION for i in inside):
        return reading.text[reading.tokens[start].start : reading.tokens[end - 1].end].casefold() not in reading.knowledge.titles or small
    if reading.text[tokens[0].start : tokens[-1].end].casefold() in reading.knowledge.titles:
        return False
    return _is_label(reading, start, end) or _is_around(reading, words) or reading.offers and reading.table.echoes(" ".join(words))


def _slips(reading: Reading) -> Iterator[Finding]:
    """Yields capitalised words that are nearly, but not quite, a title of several words of an item in play."""
    exact = [(m.start, m.end) for m in reading.named if any(reading.message.raw(m.start, m.end) == facts.title for facts in m.items)]
    capitals = [i for i, token in enumerate(reading.tokens) if token.capital and not reading.covered(i)]
    for (length, title), start in product(reading.table.long_titles if capitals else (), capitals):
        if start + length <= len(reading.tokens):
            first, last = reading.tokens[start], reading.tokens[start + length - 1]
            said = reading.text[first.start : last.end]
            if abs(len(said) - len(title)) < 4 and not any(a < start + length and start < b for a, b in exact) and fuzz.ratio(said.casefold(), title, score_cutoff=_NEAR) and said.casefold() != title:
                yield Finding("title", first.start, last.end, said)


def _is_near(reading: Reading, said: str) -> bool:
    """Tells whether words are nearly, but not quite, the title of an item in play."""
    if len(said) < _SHORTEST:
        return False
    known = [facts.title.casefold() for facts in reading.table.items]
    return said.casefold() not in known and any(abs(len(said) - len(title)) < 4 and fuzz.ratio(said.casefold(), title) >= _NEAR for title in known)


def _sequel(reading: Reading, mention: Mention) -> Iterator[Finding]:
    """Yields a number or another part behind a title that makes it another title: "Heat 2", "Heat: Reloaded (1999)"."""
    behind = reading.text[reading.tokens[mention.end - 1].end :]
    if mention.end < len(reading.tokens) and _goes_on(reading, mention):
        first, last = reading.tokens[mention.start].start, reading.tokens[mention.end].end
        yield Finding("title", first, last, reading.text[first:last])
    more = re.match(r"(?:\s+(?:\d{1,2}|[IVX]{2,4})\b(?! (?:of|out|to|euros|players|minutes|hours|stars)\b)|(?::|\s+-)\s+(?:[A-Z][\w'’]*\s?){1,5}(?=[*\"”]|\s*\((?:1[89]|20)\d\d))", behind)
    if more:
        first = reading.tokens[mention.start].start
        last = reading.tokens[mention.end - 1].end + more.end()
        yield Finding("title", first, last, reading.text[first:last])


def _goes_on(reading: Reading, mention: Mention) -> bool:
    """Tells whether a capitalised word follows a title as if it were a part of it."""
    last, following = reading.tokens[mention.end - 1], reading.tokens[mention.end]
    apart = reading.text[last.end : following.start].strip(".!? ")
    return following.capital and not apart and last.bare == last.norm and following.norm not in FUNCTION and reading.adjoins(mention, mention.end)
