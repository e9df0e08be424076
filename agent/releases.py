"""What a message lets go of: demands whose field is declared free, wishes taken back, vetoes lifted, the answer to "which may I drop?"."""

import re
from collections.abc import Iterable, Iterator, Sequence

from rapidfuzz.distance import OSA

from convrec.agent.compact.acts import WHICHEVER
from convrec.agent.compact.lexicon import LINGO, is_known
from convrec.agent.compact.preferences import carries
from convrec.agent.compact.scope import FINE, PERMITS
from convrec.agent.state import Constraint, DialogueState
from convrec.agent.wording import demand, field_words, is_kind, is_year
from convrec.catalogue.schema import Field, Schema
from convrec.core.predicate import Both, Comparison, Not, Predicate, any_of, every, fields_of
from convrec.core.text import fold, words
from convrec.core.understanding import Preference, Span, Understanding
from convrec.tools.lexicon import singular

_CALLED: tuple[tuple[set[str], set[str]], ...] = (  # names of fields, and what else they are called
    ({"price", "prices", "cost", "budget", "level"}, {"price", "money", "budget", "cost", "costs", "expense", "expensive"}),
    ({"area", "district", "neighbourhood", "location", "city", "region"}, {"area", "place", "location", "neighbourhood", "anywhere", "where", "part"}),
    ({"months", "month", "season", "bloom"}, {"month", "season", "time"}),
    ({"runtime", "duration", "length", "hours", "minutes"}, {"length", "long", "duration", "short"}),
    ({"height", "size"}, {"height", "size", "tall", "high", "big"}),
    ({"rating", "score", "stars"}, {"rating", "star", "score", "good"}),
    ({"players"}, {"player", "people", "many"}),
    ({"colours", "colors", "colour", "color"}, {"colour", "color"}),
    ({"light", "sun", "exposure"}, {"light", "sun", "shade", "spot"}),
    ({"days", "day"}, {"day", "when"}),
    ({"age", "ages"}, {"age", "old"}),
    ({"developer", "publisher", "studio"}, {"studio", "company", "maker", "developer"}),
    ({"chef"}, {"cook", "kitchen"}), ({"grower"}, {"nursery"}),
)  # fmt: skip
_SHORT = 4  # letters up to which a name is too short to tell a slip of it
_WHEN = {"decade", "year", "time", "era", "period", "age"}
_KINDS = {"genre", "kind", "type", "category", "style", "sort", "cuisine"}
_END = r"(?=\s*(?:$|[.,;:!?]|\b(?:and|but|then|so|just|now|i|i.?m|we|make|give|show|it|it.?s)\b))"
_MATTERS_NOT = r"(?:does|do)(?:n.?t| not) (?:really )?matter"
_FORGET = r"(?:forget|drop|scrap|scratch|strike(?! (?:\w+ ){1,2}(?:from|off)\b)|lose|cancel|undo|ignore|never ?mind)"
_FREE = re.compile(
    r"\b(?:any|whichever) (?!other|more|good|new)(?P<a>\w+)"
    r"|\b(?:whatever|no matter(?: (?:which|what))?|regardless of|irrespective of|don.?t (?:really )?(?:care|mind)(?: about| which| what)?) (?:the |its |your )?(?P<b>(?!how\b)\w+)"
    r"|\b(?:no matter|don.?t (?:care|mind)|regardless of) how (?P<c>\w+)"
    rf"|\b(?P<d>\w+)(?: (?:range|limit))? (?:really )?{_MATTERS_NOT}\b"
    r"|\b(?P<e>\w+)(?: range| limit)?(?:.?s| is| are) (?:no (?:object|problem|issue|concern|limit)|irrelevant|unimportant|flexible|up to you|not (?:so |that )?important)\b"
    r"|\bno (?P<f>\w+) (?:limits?|restrictions?|preference|cap)\b|\b(?P<g>anywhere)\b"
    rf"|\b(?:{_FORGET}|skip)(?: about)? (?:the|my|that) (?P<h>\w+)(?: (?:limit|range|bound|thing|rule|filter|restriction|wish|requirement|condition|part|bit|business|idea))?" + _END,
    re.IGNORECASE,
)  # fmt: skip
_IN_GENERAL = re.compile(r"\b\w+s in general\b", re.IGNORECASE)  # of whatever kind
_JOINS = "with without of for about in on at by from than like as to is was be or not no".split()
_ANEW = (  # where a wish begins without a stop before it: "forget the tree a shrub is better"
    r"(?=\s*"
    + "".join(rf"(?<!\b{word} )" for word in _JOINS)
    + r"\b(?:an?|some|something|somewhere|maybe|perhaps|rather|instead|actually|let.?s|how about|what about|(?:he|she|they)(?: (?:wants?|needs?|prefers?|would)|.?d))\b)"
)
_WHAT = r"(?P<{}>(?:\s*(?:an?|some|something|the|my|that|those)\b)?[^.,;:!?]*?)(?:" + _END + "|" + _ANEW + ")"
_WORD = r"[^\s.,;:!?]+"
_THING = rf"(?:(?:an?|the|some|that|those|these|all) )?(?:(?:films?|movies?|books?|games?|places?|ones?|something|anything|things?) (?:with|by|from|in) )?{_WORD}"
_TAKEN_BACK = re.compile(
    rf"\b(?:{_FORGET}|changed? my mind (?:about|on))(?: about)?\b(?! (?:it|that|this|everything|me|to|all)\b(?! \w+ (?:thing|rule|wish|limit)))"
    + _WHAT.format("a")
    + r"|\b(?:(?:does|do|need|must)(?:n.?t| not)(?: (?:really|actually|necessarily))?(?: (?:have|need) to)? (?:be|have)|not necessarily|no need for|(?:does|do)(?:n.?t| not) (?:need|have) to (?:have|be|do))\b"
    + _WHAT.format("b")
    + r"|(?:^|[.,;:!?]|\b(?:and|but|the)\b)(?P<c>[^.,;:!?]{2,40}?) (?:" + _MATTERS_NOT + r"|(?:is|are)(?:n.?t| not) (?:a must|necessary|needed|required|(?:that |so )?important)|or not\b|is optional|are optional|can stay at home|(?:part|bit|thing|rule) you can (?:delete|drop|forget|strike|skip|ignore))"
    + r"|\bno (?P<g>[^.,;:!?]{2,40}?) (?:is |are )?(?:needed|required|necessary)\b"
    + rf"|\binstead of (?:(?P<f>{_THING}(?: {_WORD}){{0,2}}?)(?:{_END}|{_ANEW}|(?= (?:with|by|from|in|for|on|at|would|is|are)\b))|(?P<h>{_THING}(?: {_WORD})?))"
    + r"|\bdo(?:n.?t| not) (?:really |actually )?need (?P<d>[^.,;:!?]{2,40}?) (?:any ?more|any longer|after all)\b"
    + r"|(?:^|[.,;:!?]|\b(?:and|but|the)\b)(?P<e>(?! ?(?:(?:and|but|so) )?(?:it|that|this|they|these|those|he|she|we)\b)[^.,;:!?]{2,40}?) need(?:n.?t| not) be\b",
    re.IGNORECASE,
)  # fmt: skip
_ITEM = r"(?:(?:mr|mrs|ms|dr|st)\.? )?(?:[\w'’-]+ ){0,2}[\w'’-]+"
_LISTED_WITH = re.compile(  # what is let go of beside the first: "forget the cops, the spies and Mr Bond"
    rf"(?:\s*,\s*{_ITEM}){{0,4}}?\s*,?\s*(?:\b(?:and|or|nor|n)\b|&)\s*(?!(?:an?|some|something|somewhere|maybe|perhaps|rather|instead|actually|let.?s|how|what|i|i.?d|i.?m|we|he|she|they|you|it|it.?s|that|there|just|then|now|please|only|do|go|going|think|try|make|find|give|show|get|have|pick|choose|book|take|bring|suggest|recommend|start|switch|use|look|search|want|need|say|stick|keep|let|more|see|surprise|tell|be|no|not)\b)"
    rf"(?!{_ITEM} (?:instead|please|then|too|only|again|would|is|are|will)\b){_ITEM}(?=\s*(?:$|[.,;:!?]))",
    re.IGNORECASE,
)
_TAKES_BACK = rf"(?:{_FORGET}|skip) that\b(?! (?:\w+ (?:thing|rule|wish|limit)|i|im|ive|we|my|he|she|they|you|the)\b)"
_SCRATCHED = re.compile(
    rf"\b{_TAKES_BACK}", re.IGNORECASE
)  # said a moment ago: "maybe on the hillside, no, scratch that"
_FILLERS = re.compile(
    r"(?:[\s.,;:!?–—-]*\b(?:no|nah|oh|um|uh|er|wait|hang on|hmm?|actually|sorry|or)\b)*[\s.,;:!?–—-]*$", re.IGNORECASE
)
_CLAUSE = re.compile(rf"[.,;:!?]|\b(?:and|but|maybe|perhaps|{_FORGET})\b", re.IGNORECASE)
_BACK = 80  # characters that "scratch that" may be about
_VETO = re.compile(r"\b(?:no|not|without|non)\b", re.IGNORECASE)
_FINE_AFTER = re.compile(rf"^\W{{0,2}}{FINE}", re.IGNORECASE)
_FINE_BEFORE = re.compile(
    rf"(?:{PERMITS}|\b(?:happy with|cool with|not opposed to|bring back)\b)(?: an?| the| some)?\s*$", re.IGNORECASE
)
_KEEPS = re.compile(r"\b(keep|want|need|must|only|insist|not that|neither|none)\b")
_FILLED = r"(?:(?:so|well|uh|um|er|hm+|oh)[ ,.!]*)*"
_WHICHEVER = re.compile(
    rf"(?:{_FILLED}(?:(?:i )?(?:really )?(?:{WHICHEVER}|don.?t know|can.?t say)|dunno|no idea|yes|yeah|yep|sure|ok|okay|fine|go ahead|please do|do (?:it|that)|of course|alright|all right"
    r"|(?:the )?first(?: one)?|(?:that )?doesn.?t matter(?: to me)?|please|thanks|then)[ ,.!]*)+"
)


def freed(state: DialogueState, text: str, schema: Schema) -> DialogueState:
    """Returns the state without the demands and wishes that the message declares free: "any decade", "the price doesn't matter"."""
    named = [word for match in _FREE.finditer(text) for group in match.groups() if group for word in words(group)]
    said = {form for word in named for form in (singular(word), word.removesuffix("ing"))}
    kinds_too = _IN_GENERAL.search(text) is not None
    said |= {name for f in schema.fields for name in _names(f) if any(_is_slip(word, name) for word in named)}
    open_fields = {f.name for f in schema.fields if _names(f) & said or (kinds_too and is_kind(f))}
    if not open_fields:
        return state

    def is_free(predicate: Predicate) -> bool:
        return not isinstance(predicate, Not) and fields_of(predicate) <= open_fields

    return state.model_copy(update={
        "constraints": tuple(c for c in state.constraints if not is_free(c.predicate)),
        "held": tuple(h for h in state.held if h.preference.facet not in open_fields or h.preference.polarity < 0),
        "order": state.order if state.order is not None and state.order.facet not in open_fields else None,
    })  # fmt: skip


def _is_slip(word: str, name: str) -> bool:
    """Tells whether a word that is none is the name of a field with a letter wrong, or two swapped: "lenght", "prise"."""
    return len(name) > _SHORT and not is_known(word) and OSA.distance(word, name, score_cutoff=1) <= 1


def _names(field: Field) -> set[str]:
    """Returns what a field is called, in the singular."""
    own = field_words(field)
    called = {singular(word) for word in own} | {word for names, others in _CALLED if own & names for word in others}
    return called | (_WHEN if is_year(field) else set()) | (_KINDS if is_kind(field) else set())


def unsaid(heard: Understanding, text: str) -> tuple[tuple[Preference, ...], Understanding]:
    """Returns the wishes that the message takes back ("forget the westerns", "not necessarily fish"), and what else it says."""
    taken = taken_back(text)
    back = tuple(p for p in heard.preferences if p.span != (0, 0) and _within(p.span, taken) and not _is_put_off(p))
    if not back:
        return (), heard
    values = {fold(p.value) for p in back}
    rest = tuple(p for p in heard.preferences if p not in back)
    kept = every(*(part for part in conjuncts(heard.filter) if not values_of(part) <= values))
    acts = tuple(act for act in heard.acts if act != "forget") if rest else ("answer",)
    return back, heard.model_copy(update={"preferences": rest, "filter": kept, "acts": acts or ("answer",)})


def _is_put_off(stated: Preference) -> bool:
    """Tells whether a preference turns an item down: what comes "instead of Heat" is not Heat."""
    return stated.item_id is not None and stated.polarity < 0


def taken_back(text: str) -> list[Span]:
    """Returns the characters of what the message takes back or says need not be: it demands nothing there."""
    told = [
        match.span(name) for match in _TAKEN_BACK.finditer(text) for name, said in match.groupdict().items() if said
    ]
    listed = (_LISTED_WITH.match(text, end) for _, end in told)
    ends = (end if more is None else more.end() for (_, end), more in zip(told, listed, strict=True))
    return [*((start, end) for (start, _), end in zip(told, ends, strict=True)), *_scratched(text)]


def _scratched(text: str) -> Iterator[Span]:
    """Yields the characters of what was said right before "scratch that"."""
    for match in _SCRATCHED.finditer(text):
        first = max(0, match.start() - _BACK)
        said = _FILLERS.sub("", text[first : match.start()], count=1)
        begin = max((clause.end() for clause in _CLAUSE.finditer(said)), default=0)
        if said[begin:].strip():
            yield first + begin, first + len(said)


def withdrawn(state: DialogueState, text: str) -> DialogueState:
    """Returns the state without the demands and wishes that the message takes back by a word of theirs: "the dog can stay at home".

    What ruled something out goes where it is told with its "no": "forget the no cops thing".
    """
    told = [text[start:end] for start, end in taken_back(text)]
    said = {singular(word) for part in told for word in words(part)} - LINGO
    vetoes = any(_VETO.search(part) for part in told)

    def gone(negative: bool, values: Iterable[str]) -> bool:
        return negative == vetoes and bool(said & {singular(word) for value in values for word in words(value)})

    return state.model_copy(update={
        "constraints": tuple(c for c in state.constraints if not gone(isinstance(c.predicate, Not), values_of(c.predicate))),
        "held": tuple(h for h in state.held if h.preference.item_id or not gone(h.preference.polarity < 0, [h.preference.value])),
    })  # fmt: skip


def _within(span: Span, places: Sequence[Span]) -> bool:
    return any(start <= span[0] < end for start, end in places)


def permitted(heard: Understanding, text: str) -> tuple[Preference, ...]:
    """Returns the wishes for values that the message only permits: "mysteries are fine too", "I'd be fine with a western"."""
    return tuple(
        p
        for p in heard.preferences
        if p.polarity > 0
        and p.strength == "soft"
        and p.span != (0, 0)
        and (_FINE_AFTER.search(text[p.span[1] :]) or _FINE_BEFORE.search(text[: p.span[0]]))
    )


def lifted(constraints: Sequence[Constraint], allowed: Iterable[Preference], schema: Schema) -> tuple[Constraint, ...]:
    """Returns the demands after values were permitted: no veto holds against them, and a demand of their kind takes them in."""
    for permit in allowed:
        if permit.facet in ("item", "text"):
            continue
        constraints = [changed for c in constraints for changed in _permitting(c, permit, schema)]
    return tuple(constraints)


def _permitting(constraint: Constraint, permit: Preference, schema: Schema) -> Iterator[Constraint]:
    old, value = constraint.predicate, fold(permit.value)
    field = schema.field(permit.facet)
    if fields_of(old) != {permit.facet} or field.measured or field.type == "bool":
        veto = field.type == "bool" and isinstance(old, Not) and fields_of(old) == {permit.facet}
        if not veto:
            yield constraint
        return
    if isinstance(old, Not):
        if value not in values_of(old):
            yield constraint
        return
    wider = old if value in values_of(old) else any_of(old, carries(field, permit.value))
    yield constraint.model_copy(update={"predicate": wider, "label": demand(wider, schema)})


def dropped(state: DialogueState, text: str) -> tuple[Constraint, ...]:
    """Returns the demands that an answer to "which may I let go?" gives up: those it names, or the first offered for a plain yes."""
    said = fold(text)
    options = state.question.options if state.question is not None else ()
    if not options or _KEEPS.search(said):
        return ()
    whole = [option for option in options if fold(option) in said]
    if whole:
        return _labelled(state.constraints, max(whole, key=len))
    named = _labelled(state.constraints, said) or tuple(
        c for c in state.constraints if len(said) > 2 and said in fold(c.label)
    )
    return named or (_labelled(state.constraints, options[0]) if _WHICHEVER.fullmatch(said) else ())


def _labelled(constraints: Sequence[Constraint], text: str) -> tuple[Constraint, ...]:
    """Returns the demands whose labels stand in a text, of nested ones the longest."""
    rest, found = fold(text), []
    for constraint in sorted(constraints, key=lambda c: -len(c.label)):
        if fold(constraint.label) in rest:
            rest = rest.replace(fold(constraint.label), "", 1)
            found.append(constraint)
    return tuple(constraint for constraint in constraints if constraint in found)


def without(state: DialogueState, gone: Iterable[Constraint]) -> DialogueState:
    """Returns the state without those demands."""
    left_out = tuple(gone)
    return state.model_copy(update={"constraints": tuple(c for c in state.constraints if c not in left_out)})


def let_go(state: DialogueState, things: Iterable[Preference]) -> DialogueState:
    """Returns the state without the wishes and demands about the things named."""
    values = {(thing.facet, thing.item_id or fold(thing.value)) for thing in things}
    facets = {facet: {value for f, value in values if f == facet} for facet, _ in values}
    held = tuple(
        h for h in state.held if (h.preference.facet, h.preference.item_id or fold(h.preference.value)) not in values
    )
    constraints = tuple(
        c for c in state.constraints
        if not any(fields_of(c.predicate) == {facet} and values_of(c.predicate) & found for facet, found in facets.items())
    )  # fmt: skip
    return state.model_copy(update={"held": held, "constraints": constraints})


def conjuncts(predicate: Predicate | None) -> tuple[Predicate, ...]:
    """Returns the parts of a filter that must all hold."""
    if predicate is None:
        return ()
    if isinstance(predicate, Both) and predicate.op == "and":
        return tuple(part for arg in predicate.args for part in conjuncts(arg))
    return (predicate,)


def values_of(predicate: Predicate) -> set[str]:
    """Returns the folded values that a predicate speaks of."""
    match predicate:
        case Comparison(value=value):
            values = value if isinstance(value, list | tuple) else [value]
            return {fold(str(part)) for part in values}
        case Not(arg=arg):
            return values_of(arg)
        case Both(args=args):
            return set().union(*(values_of(arg) for arg in args))
