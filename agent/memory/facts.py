"""What people tell of themselves: where they live, what they do, who belongs to them. Read from their own sentences alone.

A statement counts where the person is its subject, says it as a fact, and means it to last: questions, suppositions, reports of
what others said, and the day's small news are left alone, for a memory that keeps everything is good for nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from convrec.core.text import fold

MANY = frozenset({"allergy", "has", "hobby", "language", "learns", "pet", "plays", "uses", "child", "collects"})
"""What a person can have several of; of anything else the latest counts."""
_NO_WISH = re.compile(r"(?:.+'s )?(?:home|origin|name|job|birthday)|language|workplace")
_LONGEST = 60
_OWN = r"(?P<who>i|we)"
_IS = r"(?:['’]?(?:m|re)|\s+am|\s+are)"
_HAVE = r"(?:['’]?ve|\s+have)"
_SURE = r"(?:\s+(?:now|currently|still|actually|also|really|just|recently|finally|both|all|originally|mostly|mainly|usually|officially|sadly|sort\s+of|kind\s+of|happily))*"
_KIN = (
    r"(?:wife|husband|spouse|partner|girlfriend|boyfriend|fianc[eé]e?|son|daughter|baby|toddler|kid|child|brother|sister|twin|mum|mom|mother|dad|father|grandma|grandmother|nan|grandpa|grandfather"
    r"|aunt|uncle|cousin|niece|nephew|stepson|stepdaughter|godson|goddaughter|boss|manager|neighbou?r|roommate|flatmate|housemate|best\s+friend|best\s+mate|in-laws?)"
)
_PET = r"(?:dog|puppy|cat|kitten|rabbit|bunny|hamster|guinea\s+pig|parrot|budgie|horse|pony|tortoise|turtle|goldfish|fish|snake|ferret|rat|lizard|gecko|bird|hen|pet)"
_NAME = r"(?P<v>(?-i:[A-ZÀ-Þ][\w'’-]+(?:\s+[A-ZÀ-Þ][\w'’-]+){0,2}))"
_REST = r"(?P<v>[^,.;:!?()\n]{2,80})"
_DETERMINER = re.compile(r"^(?:(?:a|an|the|my|our|some|this|that|one\s+of)\s+)+", re.IGNORECASE)
_TAIL = re.compile(
    r"\s+(?:now|nowadays|these\s+days|at\s+the\s+moment|currently|right\s+now|by\s+the\s+way|btw|actually|though|too|as\s+well|already|since\b.*|for\s+(?:\w+\s+){0,3}(?:years?|months?|weeks?|ages|now)\b.*"
    r"|and|but|so|because\b.*|which\b.*|who\b.*|where\b.*|when\b.*|while\b.*|if\b.*|and\s+(?:i|we|my|our|it|he|she|they|so|would|am|want|need|love|like|looking)\b.*|so\s+(?:i|we|no|any|something|please)\b.*|but\s+.*"
    r"|with\s+(?:my|our)\b.*|any\s*more|any\s+longer|lol|haha|thanks|please|you\s+know|fyi|after\s+all|instead|again|last\s+\w+|this\s+\w+|every\s+\w+|on\s+(?:weekends|sundays|saturdays)|in\s+my\s+(?:spare|free)\s+time|for\s+(?:a\s+living|fun)|by\s+(?:trade|profession))$",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"@|(?:\d[ .-]?){6,}|\b(?:passwords?|passcode|pin|cvv|iban|card\s+number|account\s+number|social\s+security|ssn|passport)\b",
    re.IGNORECASE,
)
_SUPPOSED = re.compile(
    r"\b(?:if|imagine|suppose|pretend|wish|hypothetically|let['’]?s\s+say|what\s+if|as\s+though|would|could|might|used\s+to|dream(?:ed|t|ing)?|"
    r"when\s+i\s+was|back\s+when|once\s+upon|almost|nearly|thinking\s+(?:of|about)|planning|hoping|want\s+to|going\s+to|gonna|just\s+kidding|joking|pretending)\b",
    re.IGNORECASE,
)
_REPORTED = re.compile(
    r"\b(?:he|she|they|it|you|someone|somebody|people|everyone|colleague|friend|character|hero(?:ine)?|movie|film|book|song|show|lyrics?|said|says|told\s+me|asked|quote)\b[^,.;]*$",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“”«»][^\"“”«»]{0,300}[\"“”«»]|(?<!\w)'[^'\n]{3,200}'(?!\w)")
_SENTENCE = re.compile(r"[^.!?\n;]+[.!?;\n]*")
_CLAUSE = re.compile(
    r",?\s+(?:and|but|so|also|plus|or)\s+(?=(?:i|we|my|our|i['’]?m|i['’]?ve|we['’]?re)\b)|,\s*(?=(?:i|we|my|our|i['’]?m|i['’]?ve|we['’]?re)\b)|\s+-+\s+|\s*[–—:]\s*|\s*\(\s*",
    re.IGNORECASE,
)
_COMMA = re.compile(r"\s*,\s*(?:and\s+|so\s+|but\s+)?|\s+(?:and|so|but)\s+|\s+-+\s+|\s*[–—:(]\s*", re.IGNORECASE)
_INVERTED = re.compile(
    r"^\s*(?:do|did|am|are|was|have|has|can|what|which|who|where|when|why|how|guess)\b", re.IGNORECASE
)
_OVER = r"(?:no\s+longer|don['’]?t|do\s+not|am\s+not|['’]?m\s+not|are\s+not|aren['’]?t|haven['’]?t|have\s+not|stopped|quit|gave\s+up|sold|lost)"


@dataclass(frozen=True)
class Fact:
    """A statement about the person: what it tells (`home`, `job`, `dog's name`), its value in their words, where it stands, whether it holds no more."""

    about: str
    value: str
    span: tuple[int, int]
    over: bool = False

    @property
    def key(self) -> str:
        """Returns the value as it is compared: folded, without articles."""
        return fold(_DETERMINER.sub("", self.value))


@dataclass(frozen=True)
class _Pattern:
    """A way to tell something; `about` may name groups, `needs` is what the value must be like."""

    regex: re.Pattern[str]
    about: str
    needs: str = "short"


def _p(regex: str, about: str, needs: str = "short") -> _Pattern:
    return _Pattern(re.compile(regex, re.IGNORECASE), about, needs)


_JOBS = re.compile(
    r"(?:\w*(?:nurse|cook|chef|clerk|pilot|guard|judge|vet|coach|priest|nun|monk|spy|smith|wright|tutor|mechanic|medic|paramedic|cop|lawyer|attorney|baker|butcher|plumber|carpenter|electrician|engineer|developer|programmer"
    r"|teacher|lecturer|professor|scientist|researcher|analyst|consultant|accountant|assistant|apprentice|intern|student|pupil|retiree|pensioner|freelancer|actor|actress|author|poet|model|athlete|architect|surgeon|doctor"
    r"|physio|biologist|chemist|therapist|dentist|florist|journalist|artist|pianist|guitarist|violinist|novelist|psychologist|librarian|musician|electrician|physician|politician|technician|optician|dietitian|historian"
    r"|waiter|waitress|driver|farmer|gardener|painter|builder|roofer|hairdresser|photographer|designer|writer|editor|translator|manager|officer|firefighter|fire\s+fighter|soldier|sailor|banker|broker|trader|barista|barber"
    r"|bartender|cleaner|cashier|postman|salesman|fisherman|policeman|handyman|joiner|tailor|jeweller|welder|miner|trainer|carer|caretaker|nanny|au\s+pair|midwife|pharmacist|economist|curator|conductor|composer|director|producer))$",
    re.IGNORECASE,
)
_STABLE = re.compile(
    r"(?:(?:all[- ]?time\s+)?favou?rite\s+.+|.*\b(?:home\s*town|birth\s*place|birthday|anniversary|job|profession|occupation|trade|(?:shoe|dress|ring|hat|shirt|clothes|clothing)\s+size|size|star\s+sign|zodiac\s+sign|blood\s+type"
    r"|mother\s+tongue|native\s+language|first\s+language|nationality|religion|surname|last\s+name|middle\s+name|nickname|middle\s+school|school|university|college|major|car|bike|motorbike|phone|laptop|console|tablet|camera|tv|e-?reader"
    r"|team|club|hobby|instrument|employer|company|workplace|home|town|city|country|neighbou?rhood|district|village|budget|height|eye\s+colou?r|hair\s+colou?r|diet|lucky\s+number|dream\s+job|heritage|book\s+club\s+night|name))",
    re.IGNORECASE,
)
_SAME = {
    "hometown": "origin", "home town": "origin", "birthplace": "origin", "birth place": "origin", "profession": "job", "occupation": "job", "trade": "job",
    "native language": "mother tongue", "first language": "mother tongue", "city": "home", "town": "home", "neighbourhood": "home", "neighborhood": "home",
    "village": "home", "zodiac sign": "star sign", "day job": "job", "current job": "job", "new job": "job",
}  # fmt: skip

_PATTERNS = (
    _p(rf"\bmoved\b[^,.;]*?\bfrom\s+[\w\s'’-]{{2,30}}?\s+to\s+{_REST}", "home", "place"),
    _p(
        rf"\b{_OWN}(?:{_IS}|{_HAVE})?{_SURE}\s*(?:live[ds]?|living|based|moved|moving|relocated|settled(?:\s+down)?|reside|residing)(?:\s+(?:back|over|out|up|down|here|just|right|permanently|together|alone|house|with\s+(?:my|our|the|a|two|three)\s+[\w\s]{{2,25}}?))*\s+(?:in|to|near|at|outside(?:\s+of)?|by)\s+{_REST}",
        "home",
        "place",
    ),
    _p(
        rf"^\s*{_NAME}(?:['’]s|\s+is)\s+(?:where\s+(?:i|we)\s+(?:live|are\s+based)|(?:my|our)\s+(?:home|city|town)\b|home\b)",
        "home",
        "place",
    ),
    _p(rf"\b(?:my\s+|our\s+)?home(?:['’]s|\s+is)(?:\s+now)?\s+(?:in\s+|near\s+)?{_NAME}", "home", "place"),
    _p(
        rf"\b{_OWN}(?:{_IS})?{_SURE}\s*(?:come\s+from|from|hail\s+from|grew\s+up\s+in|was\s+raised\s+in|was\s+born\s+in(?=\s+[a-zà-ÿ\s]*(?-i:[A-ZÀ-Þ])))\s+{_REST}",
        "origin",
        "place",
    ),
    _p(rf"\bi{_SURE}\s*(?:was\s+born)(?:\s+back)?\s+(?:on|in)\s+{_REST}", "birthday", "dated"),
    _p(
        rf"\bi(?:{_IS})?{_SURE}\s*(?:work|working|employed|a\s+job)(?:\s+(?:now|here|mostly|part[- ]time|full[- ]time|nights|freelance))*\s+as\s+(?:a\s+|an\s+|the\s+)?{_REST}",
        "job",
    ),
    _p(
        rf"\bi(?:['’]?ve)?{_SURE}\s*(?:got|started|have|took|landed|begun|began)\s+(?:a\s+|my\s+)?(?:new\s+)?(?:job|work|position|training)?\s*as\s+(?:a\s+|an\s+|the\s+)?{_REST}",
        "job",
    ),
    _p(
        rf"\bi(?:{_IS})?{_SURE}\s*(?:work|working)(?:\s+\w+)?\s+(?:for|at|in)\s+(?P<v>(?:a|an|the|my)?\s*[^,.;:!?()\n]{{2,50}})",
        "workplace",
        "stay",
    ),
    _p(
        rf"\bi{_IS}{_SURE}\s+(?:a|an)\s+(?P<v>(?:[\w-]+\s+){{0,3}}?[\w-]+)(?=\s+(?:by|in|at|for|from|and|who|so|but|these|now|working|with|on)\b|\s*$|\s*[,.;:!?)])",
        "job",
        "job",
    ),
    _p(rf"\b(?:i\s+earn\s+my\s+(?:living|money)\s+as|i\s+make\s+a\s+living\s+as)\s+(?:a\s+|an\s+)?{_REST}", "job"),
    _p(rf"\bi(?:{_IS})?{_SURE}\s*(?:teach|teaching)\s+(?P<v>[^,.;:!?()\n]{{3,40}})", "teaches", "noun"),
    _p(
        rf"\bi(?:{_IS})?{_SURE}\s*(?:study|studying|majoring\s+in|doing\s+a\s+(?:degree|phd|masters?)\s+in)\s+{_REST}",
        "studies",
        "noun",
    ),
    _p(
        rf"\b{_OWN}{_IS}{_SURE}\s+(?:a\s+|an\s+)?(?:(?:strict|lifelong|committed|full|big|proper|practising|recovering)\s+)*(?P<v>vegetarian|vegan|veggie|pescatarian|pescetarian|flexitarian|teetotal|teetotaller|lactose[- ]intolerant|gluten[- ]free|coeliac|celiac|diabetic|keto|kosher|halal)\b",
        "diet",
        "any",
    ),
    _p(rf"\b{_OWN}{_SURE}\s+(?:went|gone|turned|became|eat|keep|follow)\s+(?:a\s+)?(?P<v>vegetarian|vegan|pescatarian|keto|kosher|halal|gluten[- ]free)\b", "diet", "any"),
    _p(rf"\b{_OWN}{_IS}{_SURE}\s+(?:\w+\s+)?allergic\s+to\s+{_REST}", "allergy"),
    _p(rf"\b(?:{_OWN}(?:{_HAVE})?(?:\s+got)?\s+(?:an?|this)\s+|my\s+)(?P<v>[\w\s]{{3,20}}?)\s+allergy\b", "allergy"),
    _p(rf"\bmy\s+(?:first\s+|full\s+)?name(?:['’]s|\s+is)\s+{_NAME}", "name", "named"),
    _p(rf"\b(?:i{_IS}\s+(?:called|named)|call\s+me|i\s+go\s+by|people\s+call\s+me|everyone\s+calls\s+me)\s+{_NAME}", "name", "named"),
    _p(rf"\bi{_IS}{_SURE}\s+(?P<v>\d{{1,3}})(?:\s*(?:years?\s+old|yrs?(?:\s+old)?|y/?o))?(?=\s*$|\s*[,.;:!?)]|\s+(?:and|so|but|now|years)\b)", "age", "age"),
    _p(rf"\bi(?:['’]?ve)?{_SURE}\s*turned\s+(?P<v>\d{{1,3}})\b", "age", "age"),
    _p(rf"\b(?:my|our)\s+(?P<kin>{_KIN}|{_PET})(?:['’]s\s+name)?(?:\s*,)?\s*(?:['’]s|is|are|was)?\s*(?:called|named|name\s+is|is|['’]s)\s+{_NAME}(?=\s*$|\s*[,.;:!?)]|\s+(?:and|who|by|so|but)\b)", "{kin}'s name", "named"),
    _p(rf"\b(?:my|our)\s+(?:\w+\s+)?(?P<kin>{_KIN}|{_PET}),?\s+(?!I\b){_NAME}", "{kin}'s name", "named"),
    _p(rf"\b{_NAME}\s+is\s+(?:my|our)\s+(?P<kin>{_KIN}|{_PET})(?:['’]s\s+name)?\b(?!['’])", "{kin}'s name", "named"),
    _p(rf"\b{_NAME},?\s+(?:my|our)\s+(?P<kin>{_KIN}|{_PET})\b(?!['’])", "{kin}'s name", "named"),
    _p(
        rf"\b(?:{_OWN}(?:{_HAVE})?(?:\s+(?:just|got|have|has|had|own|adopted|bought|rescued|also|recently))*|(?:got|adopted|rescued))\s+(?:a|an|another|this|one)\s+(?:new\s+)?(?:[\w-]+\s+){{0,2}}?(?P<kin>{_KIN}|{_PET})\s*,?\s+(?:called|named|whose\s+name\s+is)\s+{_NAME}",
        "{kin}'s name",
        "named",
    ),
    _p(
        rf"\b(?:{_OWN}(?:{_HAVE})?(?:\s+(?:just|got|have|own|adopted|bought|rescued|also|recently|now))+)\s+(?P<v>(?:a|an|two|three|four|five|six|\d)\s+(?:[\w-]+\s+){{0,2}}?{_PET}s?)\b(?!\s*,?\s+(?:called|named|whose))",
        "pet",
        "any",
    ),
    _p(
        rf"\b{_OWN}(?:{_HAVE})?(?:\s+(?:got|have|now|also))+\s+(?P<v>(?:a|an|one|two|three|four|five|six|\d)\s+(?:[\w-]+\s+){{0,2}}?(?:kids?|children|child|sons?|daughters?|boys?|girls?|toddlers?|teenagers?|brothers?|sisters?|siblings?|grand\w+))\b(?!\s*,?\s+(?:called|named))",
        "family",
        "any",
    ),
    _p(rf"\bi{_IS}{_SURE}\s+(?:a\s+)?(?P<v>(?:happily\s+|newly\s+)?(?:married|single|divorced|widowed|engaged)|(?:single\s+)?(?:mum|mom|dad|mother|father|parent)(?:\s+of\s+\w+)?)\b", "status", "any"),
    _p(rf"\b(?:my|our)\s+(?P<kin>{_KIN})(?:{_SURE}\s+lives|['’]s\s+(?:based|living)|\s+is\s+(?:based|living))\s+in\s+{_REST}", "{kin}'s home", "place"),
    _p(rf"\b(?:my|our)\s+(?P<kin>{_KIN})\s+(?:works\s+as|is)\s+(?:a|an)\s+(?P<v>[\w\s-]{{3,30}})", "{kin}'s job", "job"),
    _p(rf"\b(?:my|our)\s+(?P<kin>{_KIN})(?:['’]s|\s+is|\s+(?:just\s+)?turned)\s+(?P<v>\d{{1,3}})\b(?!\s*(?:%|minutes|hours|days|km|euros))", "{kin}'s age", "age"),
    _p(rf"\b(?:my|our)\s+(?P<kin>{_KIN})['’]s\s+birthday\s*(?:['’]s|is)\s+(?:on\s+|in\s+)?{_REST}", "{kin}'s birthday", "dated"),
    _p(rf"\b(?:my|our)\s+(?P<kin>{_KIN})\s+(?:is|are)\s+(?P<v>vegetarian|vegan|coeliac|celiac|diabetic|allergic\s+to\s+[\w\s]{{3,20}})", "{kin}'s diet", "any"),
    _p(rf"\bi(?:{_IS})?{_SURE}\s*(?:play|playing)\s+(?:the\s+)?(?P<v>(?:bass\s+|electric\s+|acoustic\s+|jazz\s+)?(?:piano|guitar|violin|viola|cello|drums?|bass|flute|clarinet|sax(?:ophone)?|trumpet|trombone|ukulele|harp|accordion|banjo|oboe|organ|recorder|tuba|mandolin|harmonica|keyboards?|football|soccer|tennis|chess|basketball|volleyball|badminton|hockey|rugby|cricket|golf|squash|table\s+tennis|handball|baseball|darts|poker|bridge|padel|snooker|water\s+polo))\b", "plays", "any"),
    _p(rf"\b(?:(?:one\s+of\s+)?my\s+(?:main\s+|biggest\s+|new\s+|big\s+|other\s+)?hobb(?:y|ies)(?:['’]s|\s+is|\s+are))\s+{_REST}", "hobby", "noun"),
    _p(rf"\bi{_SURE}\s*(?:go|do|practi[sc]e)\s+(?P<v>\w+ing|yoga|pilates|karate|judo|ballet|boxing|taekwondo|aikido|parkour|pottery|crossfit)\b", "hobby", "any"),
    _p(rf"\bi(?:['’]?ve)?{_SURE}\s*(?:took\s+up|taken\s+up|got\s+into|picked\s+up|started)\s+(?P<v>(?!being|having|getting|going|feeling|watching|reading|looking|wondering|thinking|working|living)\w+ing|yoga|pilates|karate|judo|ballet|chess|tennis|golf|pottery|origami|calligraphy)\b", "hobby", "any"),
    _p(rf"\bi{_SURE}\s*(?:love|enjoy|like|adore)\s+(?P<v>(?!being|having|getting|going|feeling|watching|reading|looking|seeing|thinking|living|laughing|crying|playing|anything|something|everything|nothing|king)\w{{2,}}ing)(?=\s*$|\s*[,.;:!)]|\s+(?:and|with|on|at|in|every)\b)", "hobby", "any"),
    _p(r"\b(?P<v>[\w\s-]{3,30}?)\s+is\s+my\s+(?:main\s+|biggest\s+|favou?rite\s+|new\s+)?(?:hobby|passion)\b", "hobby", "noun"),
    _p(rf"\bi{_SURE}\s*collect\s+{_REST}", "collects", "noun"),
    _p(rf"\b{_OWN}{_SURE}\s*(?:can\s+|both\s+)?speak\s+(?P<v>(?:fluent\s+|some\s+|a\s+(?:bit|little)\s+of\s+|basic\s+|good\s+)?(?-i:[A-Z])[a-zà-ÿ]+(?:(?:\s*,\s*|\s+and\s+|\s*,\s*and\s+)(?:(?:some|a\s+(?:bit|little)\s+of)\s+)?(?-i:[A-Z])[a-zà-ÿ]+)*)", "language", "named"),
    _p(rf"\b(?:i{_IS}\s+(?:fluent|bilingual)\s+in)\s+(?P<v>(?-i:[A-Z])[a-zà-ÿ]+(?:(?:\s*,\s*|\s+and\s+)(?-i:[A-Z])[a-zà-ÿ]+)*)", "language", "named"),
    _p(rf"\b{_OWN}{_IS}{_SURE}\s+(?:learning|teaching\s+myself)\s+(?:how\s+)?(?:to\s+)?(?P<v>[\w\s-]{{3,30}})", "learns", "noun"),
    _p(rf"\b{_OWN}{_SURE}\s*drive\s+(?P<v>(?:a|an|my|the)\s+[\w\s-]{{2,30}})", "car"),
    _p(rf"\b{_OWN}(?:{_IS})?{_SURE}\s*(?:own|use|using|bought|game\s+on|gaming\s+on|play\s+on|playing\s+on|read\s+on|watch\s+(?:everything\s+)?on)\s+(?P<v>(?:a|an|my|the|our)\s+(?:new\s+|old\s+)?[\w\s.+-]{{2,30}})", "uses", "thing"),
    _p(rf"\b{_OWN}(?:{_HAVE})?(?:\s+(?:got|have|now|just))+\s+(?P<v>(?:a|an)\s+(?:new\s+|old\s+)?(?:(?-i:[A-Z])[\w.+-]*(?:\s+[\w.+-]+){{0,2}}|projector|tablet|laptop|console|allotment|garden|balcony|caravan|boat|motorbike|piano|e-?reader|record\s+player))", "uses", "thing"),
    _p(rf"\b(?:my|our)\s+(?P<what>[a-zà-ÿ][\w\s'’-]{{2,40}}?)(?:['’]s|\s+is|\s+are|\s+falls\s+on)\s+(?:now\s+|actually\s+|still\s+|on\s+|in\s+|called\s+)*{_REST}", "{what}", "stable"),
)  # fmt: skip
_ENDED = (
    _p(rf"\b{_OWN}(?:{_IS})?\s*{_OVER}\s+(?:live|living)(?:\s+in)?\s+(?P<v>[\w\s'’-]{{2,40}})", "home"),
    _p(rf"\bi(?:{_IS})?\s*{_OVER}\s+(?:work(?:ing)?\s+(?:as|at|for|in)|being|working\s+as)?\s*(?:a|an|the|my\s+job\s+as\s+an?)\s+(?P<v>[\w\s'’-]{{3,40}})", "job", "job"),
    _p(rf"\bi(?:{_IS})?\s*{_OVER}\s+(?:playing|play)\s+(?:the\s+)?(?P<v>[\w\s-]{{3,30}})", "plays"),
    _p(rf"\bi(?:{_IS})?\s*{_OVER}\s+(?:going\s+|go\s+|doing\s+|do\s+)?(?P<v>\w+ing|yoga|pilates|karate|judo|ballet)\b", "hobby"),
    _p(rf"\bi(?:{_IS})?\s*{_OVER}\s+(?:a\s+)?(?P<v>vegetarian|vegan|pescatarian)\b", "diet"),
    _p(rf"\b{_OWN}\s*{_OVER}\s+(?:have|own|use|drive)?\s*(?:a|an|the|my|our)\s+(?P<v>[\w\s-]{{2,30}})", "uses"),
)  # fmt: skip
_DENIED = re.compile(rf"\b{_OVER}\b|\bnot\b|\bnever\b", re.IGNORECASE)
_FILLERS = re.compile(r"^(?:very |current |new |own |actual |full )+")
_AND = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+", re.IGNORECASE)
_LASTING_NO = re.compile(r"\b(?:no\s+longer|any\s*more|any\s+longer|stopped|quit|gave\s+up|sold)\b", re.IGNORECASE)
_PASSING = re.compile(
    r"^(?:in\s+|at\s+|on\s+)?(?:(?:so|very|really|too|pretty|quite|a\s+bit|a\s+little|rather|totally|absolutely|kind\s+of|all|just|still|not|almost|always|never|getting|going|doing|feeling|making|trying|looking|coming|being|having)\b"
    r"|(?:tired|sick|hungry|late|early|ok|okay|fine|good|great|bad|awful|terrible|here|there|back|home|bored|busy|sad|happy|sorry|sure|glad|done|ready|away|out|down|up|broken|dead|ill|asleep|awake|visiting|killing|driving|ringing|wet|cold|hot"
    r"|empty|full|over|weird|horrible|lovely|nice|amazing|ridiculous|expensive|cheap|slow|fast|annoying|stuck|closed|open|gone|lost|missing|mad|angry|upset|snoring|barking|crying|sleeping|playing|shouting)\b)",
    re.IGNORECASE,
)
_SHORT_STAY = re.compile(
    r"\b(?:bed|sofa|couch|hotel|airport|station|queue|traffic|bus|train|tram|pub|shop|supermarket|dentist|moment|weekend|holiday|vacation|hurry|rush|trouble|mood|fear|hope|peace|past|present|denial|a\s+lie|dream\s*world)\b",
    re.IGNORECASE,
)
_NO_PLACE = re.compile(
    r"^(?:a|an|the)\s+(?:fan|bit|lot|mess)|\b(?:my|our|their|his|her)\s+(?:own\s+)?(?:world|head)\b|^(?:work|school|bed|lunch|dinner|peace|hope|it|that|this|here|there)\b",
    re.IGNORECASE,
)
_PASSING_HEADS = re.compile(
    r"\b(?:bus|train|tram|flight|taxi|day|morning|evening|night|weekend|week|head|back|feet|foot|knee|stomach|eyes?|nose|battery|internet|wifi|connection|coffee|tea|lunch|dinner|breakfast|mood|bad|guess|point|question|problem|issue|turn|fault"
    r"|wish|idea|thing|washing|laundry|bill|queue|meeting|boiler|heating|plan|only|first|second|last|next|other)$",
    re.IGNORECASE,
)
_NOT_NAMES = frozenset(
    "i im ive the a an is was and but so he she it they we my our your his her this that these those not now then there here who when where what why how please thanks always never just also actually both all".split()
)
_LEADERS = re.compile(r"^(?:fluent|some|basic|good|a\s+(?:bit|little)\s+of)\s+", re.IGNORECASE)


def facts_of(text: str) -> list[Fact]:
    """Returns what a message tells lastingly of the person who wrote it, in order; each place once."""
    found: list[Fact] = []
    for start, clause in _clauses(text):
        for fact in _in_clause(clause, start):
            if not any(fact.span[0] < other.span[1] and other.span[0] < fact.span[1] for other in found):
                found.append(fact)
    return sorted(found, key=lambda fact: fact.span)


def without_facts(text: str) -> str:
    """Returns the text with spaces in place of what it tells of the person and can't be a wish: where they live, what they do, who is called what."""
    for fact in facts_of(text):
        if _NO_WISH.fullmatch(fact.about):
            start, end = fact.span
            text = text[:start] + " " * (end - start) + text[end:]
    return text


def _clauses(text: str) -> Iterator[tuple[int, str]]:
    """Yields the statements of a text with where they begin; questions, suppositions and other people's words are left out."""
    bare = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), text)
    for sentence in _SENTENCE.finditer(bare):
        at, asks = 0, "?" in sentence[0]
        for piece in [*(_COMMA if asks else _CLAUSE).finditer(sentence[0]), None]:
            end = piece.start() if piece else len(sentence[0])
            clause = sentence[0][at:end]
            if not (_SUPPOSED.search(clause) or (asks and (piece is None or _INVERTED.search(clause)))):
                yield sentence.start() + at, clause
            at = piece.end() if piece else end


def _in_clause(clause: str, start: int) -> Iterator[Fact]:
    ended = bool(_LASTING_NO.search(clause))
    for pattern in _ENDED if ended else _PATTERNS:
        for match in pattern.regex.finditer(clause):
            if _REPORTED.search(clause[: match.start()]) or (not ended and _DENIED.search(match[0])):
                continue
            told, begin = _told(pattern, match), match.start()
            for value, left in _values(match, told):
                if _fits(pattern.needs, value, told):
                    yield Fact(_SAME.get(told, told), value, (start + begin, start + left + len(value)), ended)
                    begin = left + len(value)


def _told(pattern: _Pattern, match: re.Match[str]) -> str:
    groups = {name: " ".join(str(said).split()).casefold() for name, said in match.groupdict().items() if said}
    about = _FILLERS.sub("", pattern.about.format(**groups))
    return about.replace("favorite", "favourite").replace("color", "colour")


def _values(match: re.Match[str], about: str) -> Iterator[tuple[str, int]]:
    """Yields each value told and where it begins; "English, French and German" are three."""
    said, at = match["v"], 0
    ends = [*(_AND.finditer(said) if about in MANY else ()), None]
    for end in ends:
        value = _LEADERS.sub("", _trimmed(said[at : end.start() if end else len(said)]))
        yield value, match.start("v") + said.find(value, at)
        at = end.end() if end else at


def _trimmed(said: str) -> str:
    value = said.strip(" \t'’\"-")
    while (shorter := _TAIL.sub("", value)) != value:
        value = shorter
    return value.strip(" ,'’-")


def _fits(needs: str, value: str, about: str) -> bool:
    """Tells whether a value is one that such a statement can have, lasting, and no secret."""
    words = value.split()
    if not 1 <= len(words) <= 8 or len(value) > _LONGEST or _SECRET.search(f"{about} {value}"):
        return False
    if needs == "any":
        return True
    if needs == "age":
        return 0 < int(value) < 120
    if _PASSING.search(value) or fold(words[0]) in ("i", "you", "he", "she", "they", "we", "it"):
        return False
    if needs == "named":
        return value[:1].isupper() and fold(words[0]) not in _NOT_NAMES
    if needs == "job":
        return bool(_JOBS.search(value)) and not re.search(
            r"\b(?:fan|lover|sucker|big|huge|terrible|bad|good|great)\b", value, re.IGNORECASE
        )
    if needs == "place":
        return len(words) <= 6 and not _SHORT_STAY.search(value) and not _NO_PLACE.search(value)
    if needs == "stay":
        return (
            len(words) <= 6
            and not _SHORT_STAY.search(value)
            and not re.search(r"\b(?:it|this|that|project|essay|thesis)\b", value, re.IGNORECASE)
        )
    if needs == "dated":
        return bool(
            re.search(
                r"\d|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|christmas|halloween|spring|summer|autumn|winter)",
                value,
                re.IGNORECASE,
            )
        )
    if needs == "stable":
        return bool(_STABLE.fullmatch(about)) and not _PASSING_HEADS.search(about) and len(words) <= 6
    if needs == "thing":
        return len(words) <= 5 and not re.search(
            r"\b(?:day|lot|bit|look|idea|question|feeling|problem|cold|headache|word|time|phrase|term|coupon|toilet|bathroom)\b",
            value,
            re.IGNORECASE,
        )
    return len(words) <= 6
