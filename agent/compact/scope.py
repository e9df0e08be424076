"""Where negation reaches, how firmly a wish is put, and for how long."""

import re
from dataclasses import dataclass, replace
from typing import Literal

from convrec.agent.compact.message import Message
from convrec.agent.compact.spurned import spurned
from convrec.core.understanding import Polarity, Scope, Strength

Negation = Literal["no", "soft", "mind"]

_NEVER = r"(?:never|(?:do|does|did|wo|ca|could|has|have)nt|cannot|hardly ever|rarely|seldom)(?: ever| yet)*"
PLEASES = re.compile(
    rf"\b{_NEVER} (?:fail(?:s|ed)?|disappoint(?:s|ed)?|lets? (?:me|us) down|go wrong|bore[sd]?|tire[sd]?|(?:get|gets|got|grow|grown) (?:tired|old|bored|sick))\b"
)
"""What says of something that it always pleases, by two words that each say no."""
# Words that look like a negation and are none; they are passed over first.
_NOT_NEGATIVE = re.compile(
    r"\b(?:no (?=(?:(?:sorry |wait )?i meant?|wait|hang on|hold on|(?:actually |sorry |oh )?(?:scratch|forget|scrap|strike|skip|drop|cancel|ignore|never ?mind) that)\b)|no (?=up to\b)|(?:skip|drop|lose|strike) (?=that\b)|(?:he|she) (?:isnt|wasnt) (?:even )?(?:at|in|from)\b|not (?:only|just|sure|necessarily|bad|really sure|yet)|no (?:matter|idea|problem|worries|thanks|thank you|doubt|preference|questions?|rush|one)"
    r"|(?:dont|do not|doesnt|wouldnt|didnt|cant|couldnt) (?:know|care(?! (?:much )?for\b)|matter|worry|forget|wait|get enough|remember|think so|tell|ask|be (?:bothered|sure|picky|choosy|silly|shy|happier|better)|have to)"
    r"|(?:dont|do not|cant|cannot|couldnt) (?:\w+ )?(?:decide|choose|pick (?:between|one)|make (?:up )?(?:my|our) minds?)"
    r"|why not|nothing (?:but|beats|special|else|too fancy)|never (?:seen|saw|watched|heard|read|played|tried|ever seen)|never ?mind"
    r"|(?:havent|have not|hasnt|ive never|didnt|(?<!rather )not) (?:seen|watched|read|played|see|watch|tried)|if not|or not|no (?=[,.!?])|no$"
    r"|(?<!only )if (?:it|its|they|theyre|that) ?(?:isnt|arent|is not|are not|not|aint)|without (?:a )?doubt|cannot wait|whats not to|no hurry|not too long ago|not (?:a )?problem|more or less|(?:not|nowhere) (?:\w+ )?enough|(?:isnt|arent|wasnt|werent|doesnt|dont|didnt|wont|cant) (?:it|they|he|she|that|you|we|i)(?= ?(?:$|[?.!,]))|neither(?! (?:of|\w+(?: \w+)? n?or)\b))\b"
)
PERMITS = r"\b(?:(?:don.?t|do not|wouldn.?t|doesn.?t|not) (?:really )?mind|not that (?:i|we|he|she|they) (?:don.?t |do )?mind|no (?:objections?|issue|problem) (?:to|with)|(?:wouldn.?t|won.?t|can.?t|couldn.?t|never) (?:ever )?(?:say no to|object to|turn down|pass up|refuse|go wrong with)|(?:fine|ok|okay) with|open to)\b"
"""What stands before a value that may be and need not, as a pattern."""
_PERMITS = re.compile(PERMITS)
_WEAK = re.compile(
    r"\b(?:not (?:too|so|as|very|that(?= (?!one|film|movie|book|game|i|again|please)\w)|overly|really|super|particularly)|less|too(?= (?!for|as|many)\w+)|nothing too|isnt too|arent too|not (?:a )?(?:big|huge) fan of"
    r"|not (?:so |too |that |very |really |particularly |all that )?keen on|preferably (?:not|no|without)|ideally (?:not|no|without)|(?:not|no) .{0,12}(?:if possible)|(?:i|we) (?:seldom|rarely|hardly ever) (?:watch|read|play|like|enjoy|get|go for)|little (?:interest in|patience for|time for)|meh (?:on|about)|cold on|tired of|enough of|bored of|bored with)\b"
)
_STRONG = re.compile(
    r"\b(?:(?:never|dont|do not)(?: you)?(?: ever)? (?:recommend|suggest|show|offer|give|play|pick|bring up)(?: me| us)?(?: any(?: more)?| anything)?|(?:anything|everything|anyone|anybody|everyone|all|any \w+|whatever|something) (?:but|except|other than|besides)|other than|apart from|aside from|besides"
    r"|rul(?:e|es|ed|ing) out|(?:lets|let us|id|ill|we can) leave|had it with|(?:am|im|are|were|is|hes|shes) done with|(?:stay|steer|keep) (?:clear|away) (?:of|from)|instead of|rather than|except(?: for)?|excluding|excludes?|minus|without|avoid(?:ing)?|skip|leave out|leaving out|no more|not|no|non|nor|neither|never|nothing"
    r"|(?:(?:under|in) no circumstances|on no account|by no means)(?: (?:show|suggest|recommend|give|offer)(?: me| us)?(?: any| anything)?)?|strike(?: out| off)?(?= \w+ (?:\w+ )?(?:from|off)\b)|zero(?! (?:in|out|hour|hours|g|gravity|point|to|stars?|waste|dark|day)\b)(?: (?:interest in|tolerance for|patience for))?|(?:the )?(?:last|final) (?:thing|place|one|film|movie|game|book) (?:\w+ ){1,9}?(?:is|are|be|was)(?: (?:an?|the|more|another|some))?|(?:can|could) do without|lifes too short for"
    r"|keep(?= (?:\w+ ){1,4}?(?:away|out of|far)\b)|leave(?= (?:\w+ ){1,4}?(?:out|off|aside|away)\b)|take(?= (?:\w+ ){1,3}?off (?:the|my|your)\b)"
    r"|unless(?![^.?!]{0,80}\b(?:not|no|never|dont|im|more than|over|under|its over)\b)|none(?= (?:of|with|by|from|in|that)\b)|nobody|boycott(?:ing|s)?|veto(?:es|ed|ing)?|banned|dont|doesnt|didnt|wont|isnt|arent|wasnt|werent|aint|wouldnt|shouldnt|mustnt|(?:cant|cannot|couldnt)(?: really)? (?:stand|bear|take|abide|tolerate|stomach|cope with|deal with|be doing with)|cant|cannot"
    r"|hate[ds]?|dislike[ds]?|despise[ds]?|detest(?:s|ed)?|loathe[ds]?|sick of|fed up with|allergic to|over with|ban|drop|lose|enough with|anti|couldnt stand"
    r"|had enough(?: of)?|has enough of|not a fan of|not into|refus(?:e|es|ed|ing) to (?:even )?(?:touch|watch|see|read|play|sit through|go near)|(?:dont|doesnt|do not|didnt) (?:really |much )?care (?:much )?for|gone off|went off|put off by|terrified of|scared of|uncomfortable with"
    r"|(?<!to )(?:gets?|is|are|am|im|hes|shes|theyre|were)(?: (?:so|too|very|easily|always|quickly|really))*(?= (?:scared|frightened|terrified|spooked)\b)|(?:gets|has)(?: bad| awful)?(?= nightmares\b))\b"
)
_EXCEPTS = re.compile(r"^(?:unless|except|except for|other than|apart from|aside from|besides)$")
_LEADS = re.compile(
    r"(?:(?:well|ok|okay|oh|maybe|and|but|so|only|or) ?)*"
)  # before an exception in a sentence of its own
_ANY = re.compile(
    r"\b(?:anything|anyone|anybody|anywhere|everything|everyone|everybody|everywhere|all|any \w+|whatever)$"
)
_ENDS = re.compile(
    r"\b(?:but|though|although|however|because|since|yet|just|only|instead|rather|prefer|preferably|ideally|maybe|perhaps|something|please|so|then|still"
    r"|(?:i|we|she|he|they|you) (?:want|like|love|need|would|enjoy|do|prefer|adore|liked|loved|am|feel)|id (?:like|love|prefer|rather)|ill|im|were|lets|give|show|find|recommend|suggest|make it"
    r"|(?:with )?more|is (?:fine|ok|okay|good|great|alright)|are (?:fine|ok|okay|good|great)|as long as|if|while|stays?|remains?|keeps?|would be|should be|must)\b"
)
FINE = r"(?:is|are|s|re|would be|will be|were) (?:also |now |totally |perfectly |actually |really |just |still )*(?:fine|ok|okay|allowed|alright|all right|welcome|acceptable)\b"
"""What stands behind a value that may be and need not, as a pattern."""
_FINE = re.compile(rf"^{FINE}")
_HEDGE = re.compile(
    r"\b(?:preferably|prefer(?:red)?|ideally|maybe|perhaps|possibly|if possible|if you can|a bit|a little|(?<!some )(?<!any )(?<!what )(?<!that )(?<!this )(?<!the )(?<!same )(?:kind|sort) of|kinda|somewhat|would be (?:nicer?|great|good|cool|a plus|a bonus|lovely|ideal)"
    r"|bonus|i guess|i suppose|leaning|more or less|ish|slightly|optionally|could be|might|wouldnt hurt|nice to have|would rather|if there is|if there are|hopefully|a plus|at best|doesnt have to)\b"
)
_MUST = re.compile(
    r"\b(?:must|has to|have to|had to|needs? to be|only|definitely|absolutely|strictly|required|make sure|at all|ever|allergic|under no circumstances)\b"
)
_TASTE = re.compile(
    r"\b(?<!can )(?<!could )(?<!should )(?<!shall )(?:i|we|he|she|they|my \w+|our \w+)(?:m| am| are| is| both| all| also| really| absolutely| just| tend to| generally| usually| always| never| do| dont| do not| doesnt| cant| cannot| will never| actually| mostly| honestly| totally| kinda| normally){0,3}"
    r" (?:loves?|likes?|enjoys?|adores?|hates?|dislikes?|detests?|despises?|loathes?|stand|bear|fans? of|a (?:huge |big |real |great )*(?:fan|sucker|lover|nut) (?:of|for)|into|fond of|crazy about|obsessed with|watch|read|play|prefer|eat|sick of|tired of|bored of)\b"
    r"|\b(?:love|loves|like|hate|enjoy|adore|dislike) (?:a good|all|any|every|most|everything)\b|\bmy (?:all time )?favou?rites?\b|\b(?:huge|big) fan of\b|^(?:love|hate|adore|enjoy|dislike)\b|\bnot (?:a|my) (?:big |huge )?(?:fan of|thing)\b|\bgets? my vote\b|\b(?:never|not)(?: really)? (?:done|did|do) (?:it|much|anything|a thing) for (?:me|us)\b|\bim an? (?:huge |big )?fan$|\bcant get enough of\b|\balways up for\b|\b(?:hero|heroine|idol|favou?rite)s? of (?:mine|ours)\b|\bfollow(?:ed|ing)? the (?:career|work)s? of\b|\b(?:soft spot|weakness) for\b|\b(?:dont|doesnt) (?:really )?care for\b"
)
_TOLD = re.compile(  # reported, judged or asked about, not asked for
    r"\b(?:i|we|he|she|they) (?:\w+ ){0,2}(?:liked|loved|enjoyed|adored|used to|saw|watched)\b"
    r"|\b(?:i|we|he|she|they|ive|weve|hes|shes) (?:\w+ ){0,1}?(?:had|did|done|went|teach|teaches|study|studies|write|writes|work|works)\b|\bwho (?:likes?|loves?|hates?|enjoys?)\b"
    r"|\bthere (?:was|were)\b|^(?:is|was|isnt|wasnt) (?:it|that|this|he|she)\b|^you (?:\w+ ){0,2}(?:like|love|enjoy)\b"
    r"|\b(?:is|are|was|were|s|re) (?:\w+ ){0,2}?(?:good|great|fun|funny|awesome|amazing|excellent|brilliant|iconic|hilarious|fantastic|ok|okay)\b"
)
_FANS = {"fan", "fans", "lover", "lovers", "buff", "person", "nut", "junkie", "addict"}
_WANTS = re.compile(
    r"\b(?:id|i would|we would|wed|would you|would) (?:really |also |rather |absolutely )?(?:like|love|enjoy|prefer)\b"
)
_ALWAYS = re.compile(
    r"\bever$|\b(?:not (?:now )?ever|never (?:recommend|suggest|show|offer)|hard no|refuse to|dont (?:really )?care for|under any circumstances|always|never|in general|generally|as a rule|usually|every time|remember that|from now on|ever again|normally|all my life|for ever|forever|for life|permanently|(?:in|for) (?:the )?future|at any time|whatever i ask|under no circumstances|on no account|in this house|once and for all|henceforth|going forward|(?:bear|keep) in mind"
    r"|(?:not|never) (?:today|now|tonight) and (?:not|never)|(?:everything|anything) you (?:ever )?(?:suggest|recommend|show)|for good(?= (?:and|so|please|thanks|thank|they|it)\b|$))\b"
)
_NOW = re.compile(
    r"\b(?:tonight|today|this time|right now|for now|at the moment|this (?:evening|weekend|morning|afternoon)|just this once|currently|in the mood|feel like|feeling like)\b"
)
_ONCE = re.compile(r"\b(?:just this once|just for now|only this time|this once)\b")
_MINE = re.compile(
    r"\b(?:big|huge|massive) fan of\b|\bfor (?:me|us)$|\b(?:i|im|ive|my|we|our|were)\b|^(?:love|hate|adore|enjoy|dislike|always|never)\b"
)


_TURNED = re.compile(  # what stands before it is taken back, and hedges nothing behind it
    r"\b(?:scratch|forget|scrap|strike|skip|drop|cancel|ignore|never ?mind) that\b|\b(?:no wait|wait no|actually no|no actually|no sorry|i meant?)\b"
)
_ASKS_FOR = re.compile(
    r"\b(?:would like|id like|want|need|looking for|show|give|find|recommend|suggest|so|but|let me|may i|can i)\b"
)


def is_of_today(message: Message, at: int) -> bool:
    """Tells whether the sentence around token `at` is about today: "something old for this afternoon"."""
    return _NOW.search(message.words(*message.sentence(at))) is not None


def _is_told(clause: str, at: int) -> bool:
    """Tells whether a clause reports the wish at character `at`: no asking stands between what reports it and the wish, nor behind both."""
    told = [match.end() for match in _TOLD.finditer(clause)]
    before = [end for end in told if end <= at]
    if before and not _ASKS_FOR.search(clause, before[-1], at):
        return True
    return bool(told) and not _ASKS_FOR.search(clause, told[-1])


@dataclass(frozen=True)
class Stance:
    """How a wish is put: its sign, its firmness, how long it holds; `taste` when it is said of a person, not asked for."""

    polarity: Polarity
    strength: Strength
    scope: Scope
    taste: bool = False
    permits: bool = False

    def turned(self) -> "Stance":
        """Returns the stance towards the opposite of what was said: who wants nothing poisonous wants what is safe, firmly."""
        return replace(self, polarity=-1 if self.polarity > 0 else 1, strength="hard")


class Scopes:
    """What negation, hedges and time words do at each place of one message."""

    def __init__(self, message: Message) -> None:
        self._message = message
        self._permits = [(start, end) for start, end, _ in message.find(_PERMITS)]
        harmless = [
            place[:2] for pattern in (_NOT_NEGATIVE, PLEASES) for place in message.find(pattern)
        ] + self._permits
        self._triggers = self._found(harmless)

    def negation(self, at: int, by_list: bool = True) -> Negation | None:
        """Returns the negation that reaches the word at token `at`: `no`, `soft` ("less", "not too"), `mind` ("don't mind")."""
        for _, end in self._permits:
            if end <= at < end + 4 and not self._ended(end, at):
                return "mind"
        reaching = [
            (end, kind) for start, end, kind in self._triggers if end <= at and self._reaches(start, end, at, by_list)
        ]
        if not reaching:
            return None
        (end, kind), *others = sorted(reaching, reverse=True)
        if kind == "no" and self._is_exception(end, at):
            return "mind"
        doubled = kind == "no" and any(self._is_relative(end, at) for end, other in others if other == "no")
        return None if doubled else kind

    def _is_exception(self, end: int, at: int) -> bool:
        """Tells whether the negation before `end` excepts something from what was ruled out right before: "no rock. Unless it's Queen"."""
        place = next((start, stop) for start, stop, _ in self._triggers if stop == end)
        if not _EXCEPTS.search(self._message.words(*place)):
            return False
        first, tokens = place[0], self._message.tokens
        begin = self._message.sentence(first)[0]
        lead = self._message.words(begin, first)
        if begin and _LEADS.fullmatch(lead):
            first, begin = begin, self._message.sentence(begin - 1)[0]
        elif _ANY.search(lead) or any(tokens[i].mark for i in range(begin + 1, first)):
            return False
        return any(begin <= start < first for start, _, kind in self._triggers if kind == "no")

    def _is_relative(self, end: int, at: int) -> bool:
        """Tells whether a second negation before `at` says which ones the first rules out: "nothing that isn't hardy"."""
        return re.match(r"(?:\w+ ){0,2}(?:that|which|who|thats)\b", self._message.words(end, at)) is not None

    def trigger_before(self, at: int) -> tuple[int, int] | None:
        """Returns the tokens of the nearest negation that reaches `at`."""
        reaching = [
            (start, end) for start, end, _ in self._triggers if end <= at and self._reaches(start, end, at, True)
        ]
        return max(reaching, key=lambda place: place[1]) if reaching else None

    def stance(self, start: int, end: int, mood: bool = False, by_list: bool = True) -> Stance:
        """Returns how the wish in tokens `[start, end)` is put; `mood` for words that only describe a feeling.

        Without `by_list` a negation does not run on over commas.
        """
        turned_down = spurned(self._message, end)
        negation = self.negation(start, by_list) or turned_down
        first, stop = self._clause(start, end)
        clause = self._message.words(first, stop)
        follower = self._message.words(end, end + 1)
        taste = (bool(_TASTE.search(clause)) or follower in _FANS) and not _WANTS.search(clause)
        sentence = self._message.words(*self._message.sentence(start))
        asked = negation is None and "please" in self._message.norms(end, stop)
        lasting = (taste and bool(_MINE.search(clause)) and not (asked or _NOW.search(sentence))) or bool(
            _ALWAYS.search(sentence) and (taste or negation in ("no", "soft"))
        )
        scope: Scope = "turn" if _ONCE.search(sentence) else "lasting" if lasting else "session"
        if negation == "mind" or (negation is None and self._is_fine(end)):
            return Stance(1, "soft", scope, taste, permits=True)
        if negation is not None:
            firm = negation == "no" and (turned_down == "no" or not _WEAK.search(clause))
            return Stance(-1, "hard" if firm else "soft", scope, taste)
        told = _is_told(clause, len(self._message.words(first, start))) and not _MUST.search(clause)
        soft = (
            taste
            or told
            or self._is_more(start, end)
            or bool(_HEDGE.search(clause))
            or (mood and not _MUST.search(clause))
        )
        return Stance(1, "soft" if soft else "hard", scope, taste)

    def _is_fine(self, end: int) -> bool:
        """Tells whether what follows the words only permits them: "mysteries are fine after all"."""
        return not self._message.break_after(end) and _FINE.search(self._message.words(end, end + 5)) is not None

    def _is_more(self, start: int, end: int) -> bool:
        """Tells whether a quality is wished up ("more action"), not more items ("more westerns", "more action films")."""
        tokens = self._message.tokens
        if start == 0 or tokens[start - 1].norm != "more" or tokens[end - 1].norm.endswith("s"):
            return False
        return (
            end >= len(tokens)
            or bool(tokens[end].mark)
            or tokens[end].norm in ("and", "or", "but", "please", "than", "in", "this", "though", "too")
        )

    def _found(self, harmless: list[tuple[int, int]]) -> list[tuple[int, int, Negation]]:
        found: list[tuple[int, int, Negation]] = []
        for pattern, kind in ((_WEAK, "soft"), (_STRONG, "no")):
            for start, end, _ in self._message.find(pattern):
                covered = any(a <= start < b for a, b in harmless) or any(a < end and start < b for a, b, _ in found)
                if not covered:
                    found.append((start, end, "soft" if kind == "soft" else "no"))
        return sorted(found)

    def _reaches(self, start: int, end: int, at: int, by_list: bool) -> bool:
        """Tells whether a negation in tokens `[start, end)` still holds at token `at`."""
        if self._ended(end, at):
            return False
        tokens = self._message.tokens
        breaks = [i for i in range(end, at + 1) if tokens[i].mark]
        if any(tokens[i].mark in ".?!" and tokens[i].norm not in ("or", "nor") for i in breaks):
            return False  # "I can't stand Hitchcock. Or Nolan." goes on
        if not breaks or tokens[breaks[-1]].mark != ",":
            return True
        return by_list and self._is_list(end, at, breaks)

    def _is_list(self, end: int, at: int, breaks: list[int]) -> bool:
        """Tells whether a comma after a negation only lists more of what is negated: "no horror, gore or war"."""
        tokens = self._message.tokens
        if breaks[0] == end:
            return False
        starts_anew = {"a", "an", "the", "with", "by", "from", "in", "after", "before", "to", "for", "about", "like"}
        if any(tokens[i].norm in starts_anew for i in breaks):
            return False
        stop = self._message.sentence(at)[1]
        joined = [
            i
            for i in range(breaks[-1], stop)
            if tokens[i].norm in ("or", "nor", "and") and not (tokens[i].mark and i > at)
        ]
        return any(i - at <= 3 for i in joined) or self._listed_on(at, stop)

    def _listed_on(self, at: int, stop: int) -> bool:
        """Tells whether the list goes on behind `at` until an "or"."""
        tokens = self._message.tokens
        for i in range(at + 1, min(stop, at + 8)):
            if tokens[i].norm in ("or", "nor"):
                return True
            if tokens[i].norm in ("but", "a", "an", "from", "with", "by", "i"):
                return False
        return False

    def _ended(self, end: int, at: int) -> bool:
        """Tells whether words between a negation and token `at` end its reach; "rather not something …" goes on."""
        return _ENDS.search(self._message.words(end, at).removeprefix("something ")) is not None

    def _clause(self, start: int, end: int) -> tuple[int, int]:
        """Returns the tokens `[first, stop)` around a wish up to the ends of its sentence, or to a "but"."""
        first, last = self._message.sentence(start)
        tokens = self._message.tokens
        while first < start and any(t.norm in ("but", "however", "though") for t in tokens[first:start]):
            first += 1
        first = max([first, *(end for _, end, _ in self._message.find(_TURNED) if first < end <= start)])
        stop = end
        while stop < last and tokens[stop].norm not in ("but", "however", "although") and not tokens[stop].mark:
            stop += 1
        return self._comma_start(first, start), self._with_tail(stop, last)

    def _with_tail(self, stop: int, last: int) -> int:
        """Returns the end of the clause with what only hedges it after a comma: "a comedy, if possible"."""
        tail = stop
        while stop < last and tail < last and (tail == stop or not self._message.tokens[tail].mark):
            tail += 1
        said = self._message.words(stop, tail)
        return tail if said and _HEDGE.sub("", said).strip() in ("", "though", "please") else stop

    def _comma_start(self, first: int, start: int) -> int:
        """Returns where the part between commas begins that holds the wish, unless a verb before the comma governs it."""
        tokens = self._message.tokens
        commas = [i for i in range(first, start + 1) if tokens[i].mark == "," and i > first]
        if not commas:
            return first
        last = commas[-1]
        between = self._message.words(last, start)
        return (
            first if not between or (between.split()[0] in ("or", "and", "nor") and len(between.split()) <= 2) else last
        )
