"""What a message does: asks, states, criticises, accepts, rejects … several at once."""

import re
from dataclasses import dataclass

from convrec.agent.compact.message import Message
from convrec.agent.compact.sentiment import Attitude
from convrec.agent.compact.superlatives import ASKS_WHICH
from convrec.agent.state import DialogueState
from convrec.core.understanding import Act, Preference, Reference, Span

_GREET = re.compile(
    r"^(?:well |oh |uh |um )*(?:hi|dear (?:sirs?|madam|all)|hello|hey|hiya|howdy|greetings|(?:good )?(?:morning|evening|afternoon)(?! (?:of|for|with|in)\b)|good day|yo|guten tag|hallo|hola|bonjour|sup|whats up|heya)\b"
)
_THANK = re.compile(
    r"\b(?:thanks?|thank you|thx|thn?x|thank?x|tnx|thks|tysm|tyvm|ty|cheers|much appreciated|appreciate it|merci|danke|gracias|grazie|ta|god bless|much obliged|most helpful|very helpful|legend|lifesaver)\b"
)
_NO_THANKS = re.compile(r"\b(?:no|nah|nope) (?:, )?(?:thanks|thank you|thx|ty|cheers|ta)\b")
_BYE = re.compile(
    r"\b(?:bye|goodbye|good bye|bye bye|see you(?: later)?|see ya|cya|good night|farewell|im off|thats all(?: for (?:now|today))?|gotta go|have to go|take care|until next time|ciao|ta ra|tara|cheerio|laters|(?:^|(?<=[.!,] ))night(?= ?[.!]*$)|tschuss|have a (?:good|nice|great) \w+)\b(?= ?(?:\w+ ?)?(?:$|[.,!]))"
)
_FORGET_ALL = re.compile(
    r"\b(?:forget|erase|delete|wipe|clear|remove|reset) (?:all |everything |absolutely )*(?:of )?(?:me\b|everything(?! but| except)|it all\b|all of (?:it|that|this)\b|my (?:data|profile|account|preferences|history|tastes|memory)|(?:all )?(?:(?:that |what )?you (?:know|remember|have|stored|learned))|what you know|all (?:my|of my) \w+|your memory|the profile)"
)
_UNLEARN = re.compile(
    r"\b(?:(?:forget|unlearn|delete|remove|erase) (?:that |the fact that |about )?(?:i|im|ive|we|my (?:love|like|liking|dislike|hatred|preference|taste|wish))\b|(?:stop|quit) (?:remembering|assuming|thinking)(?: that)?|(?:i|we) (?:no longer|dont|do not) (?:\w+ )?(?:like|love|hate|enjoy|mind|care for) .{0,30}any ?more|i no longer|(?:dont|do not) remember (?:that|this)|thats (?:wrong|not true|not right)(?: ,)? i)"
)
_MEMORY = re.compile(
    r"\b(?:what (?:do|did|have|are) you (?:know|remember|learn(?:ed)?|stored?|saved?|noted?|got|have|keeping|keep|think (?:i like)?)(?: \w+){0,3}? (?:about|on|of|for) me|what (?:do|did) you (?:remember|know about me)|what you (?:know|remember) about me|my (?:profile|preferences|tastes?)\b|(?:did|have|had) i (?:say|said|tell|told|mention|mentioned|like|liked|already)|what (?:do|did) i (?:like|say|tell|love)|what have i (?:told|said)|what did i (?:call|name|say|tell|like|love|want)|which (?:\w+ )?did i (?:call|love|like|say|hate|tell)|remind me (?:what|which|who|of what)|do you (?:know|remember) (?:me|my|what i))"
)
_REMEMBER = re.compile(
    r"\b(?:remember (?:that |this |i |im |my )|keep in mind|note that|make a note|bear in mind|for (?:the )?future|for next time|from now on|save (?:that|this))"
)
_PUTS_RIGHT = re.compile(  # what was said a moment ago, which asks for nothing that is remembered
    r"\b(?:did|have) i (?:just |really )?(?:say|said|write|written|type|typed|mention|mentioned|tell|told)\b.*\b(?:i (?:really |actually |of course )?mean(?:t)?|make that|sorry|correction|no wait|wait no|should (?:be|have been|say))\b"
)
_NOT_SHOW = re.compile(
    r"\b(?:based on|given|from|according to|suits?|fits?|matching) my (?:profile|preferences|tastes?)"
)
_WHY = re.compile(
    r"\bgot to do with what\b|\bwhyd? (?!not\b|dont (?:we|you)\b|cant\b|would i\b)(?:\w+ )*|\bhow come\b|\bfor what reason\b|\bwhat makes (?:you|it|that|the)\b|\bwhats the reason\b|\b(?:explain|justify) (?:why|that|the|your|this)\b|^why\b"
)
_COMPARE = re.compile(
    r"\b(?:titled or (?:the )?titled\b.{0,40}\b(?:what|which|better)|compared?|comparison|which (?:one )?(?:would|do|should|is|of)\b.{0,40}\b(?:better|best|recommend|prefer|choose|pick)|versus|vs|difference between|differences?|differ|side by side|which (?:one )?(?:of (?:them|these|those|the \w+) )?(?:is|are|was|has|would be|do you) (?:the )?(?:better|best|older|newer|shorter|longer|funnier|scarier|cheaper|oldest|newest|cheapest|shortest|longest|recommend)|which (?:one )?is (?:\w+er|more \w+)|how do they (?:compare|differ))\b"
)
_MEASURES = re.compile(  # two items in one question: "is Aladdin older than Mulan?", "what's taller, strawberry or raspberry"
    r"^(?:so |and |ok )?(?:is|are|was) (?:titled|it|that|this)\b.{0,20}\b(?:\w+er|more \w+|less \w+)(?: or \w+er)? than (?:titled|it|that|this)|\b(?:which|whats|what is|whos) (?:\w+ ){0,2}?(?:\w+er|more|less|(?:more|less) (?:\w+ )?\w+)\b.{0,12}\btitled or (?:the |a |an )?titled\b"
)
_BETTER = re.compile(r"^(?:and |so |is it |is that )?better than titled(?= ?\?)")
_ASK = re.compile(
    r"\b(?:who(?:s|se)?(?! (?:didnt|doesnt|wouldnt))|what(?:s| is| was| are)? (?:it|that|this|the (?:\w+ )?(?:one|plot|story|director|author|cast|rating|price|year|genre|name|first|second|third|last)|its|about|year|genre|kind of \w+ (?:is|was))|when (?:was|did|were|is)"
    r"|how (?:long|old|much|many|expensive|good|scary|funny|violent|sad|is|was)|where (?:is|was|can)|tell me (?:more |a bit more |something |a bit )?about|more (?:about|info|information|details?) (?:on |about )?(?:it|that|this|the)?|tell me more|(?:give|show) me (?:more )?(?:details?|info)"
    r"|(?<!lets )(?<!well )(?<!ill )(?<!let us )(?:is|was|are|does|did|has|do) (?:it|that|this(?: one)?|that one|the (?:first|second|third|fourth|last|other)(?: one)?|they|he|she)\b|which (?:year|platform|director|actor|author|genre|decade)|whats (?:\w+ ){1,4}about|what \w+ is|whats titled(?= ?[?.!]*$)|(?:does|do|did|has|is|are|was|will|would|can) (?:the |that |your )?titled\b|(?:what|how much) (?:does|do|would|will) (?:the one )?(?:called )?(?:titled|it|that|this|one|they)\b|whats (?:a )?titled go for|what one pays|would (?:it|that|they|titled)\b|(?:can|could|may) (?:i|we|one|you|a|my) .{0,25}\b(?:there|it|in)\b|do they (?:allow|take|accept|open|close|deliver|serve|let)\b|(?:isnt|arent|wasnt|doesnt) (?:it|that|they)(?= ?\?)|whats? years?|what year|hows|any good|whats (?:titled|it|that|this) like|(?:what|how) is (?:titled|that|this)|is .{2,40} any good|worth (?:watching|seeing|reading|playing|a visit))\b"
)
_ASKING = re.compile(  # the form of a question, or of a request to be told something
    r"(?:^|[.,?!] )(?:(?:and|so|but|ok|okay|well|oh|um|uh|hm+|hi|hey|wait|sorry|yes|yeah|great|nice|cool|right|also|then|btw|pls|please|quick question|one more question|[,.]) )*"
    r"(?:(?<!, )(?:who(?:s|se|d|m)?|which|where(?:s)?(?! (?:i|we|he|she|they|my|our)\b))|what(?:s|re|d)?(?! an?\b| about\b)|how(?:s|d)?(?! about\b)|whens?(?! (?:i|im|we|were|he|hes|she|shes|they|theyre|my|our|you|youre|its|it)\b)|whys?"
    r"|(?:is|was|are|were|does|did|has|isnt|wasnt|arent|doesnt|hasnt|can|could|will|would|may) (?!you\b|u\b|ya\b|do\b|be\b|have\b)|do (?!not\b|it\b|that\b|you\b|u\b)|any (?:good|idea)|(?:please )?(?:tell|remind) me|describe|explain|more (?:about|info|information|details?))"
    r"|\b(?:tell me|know) (?:more|what|how|who|when|where|if|whether|about)\b|\bmore (?:info|information|details?)\b"
)
_SHORT = 12  # words of a message in which a question may begin anywhere: "that one looks ok how long is it"
_WITHIN = re.compile(
    r"\b(?:whos?|whats?|which|how|hows|when (?:is|was|does|did|do|are)|wheres?|(?:is|was|does|did|has) (?:it|that|this|he|she)|(?:are|do|did|have) they)\b(?! (?:about|knows)\b)|\?$"
)
_ASKS_BACK = re.compile(
    r"\b(?:yeah|yes|right|ok|okay|innit|you know|see|alright|(?:is|was|are|do|does|did|has|ca|wo)nt (?:it|they|he|she|you|i)) ?\?$"
)
_PARTS = re.compile(r" ?[.?!] ?")
_FACT_NOUN = re.compile(
    r"\b(?:one|first|second|third|fourth|last|\d(?:st|nd|rd|th)|it|that)(?:s)? (?:one )?(?:director|year|cast|actors?|author|plot|genre|price|runtime|length|rating|publisher|developer|platform)\b(?! (?:but|with|from))"
)
_SEEN = re.compile(
    r"(?<!not )(?<!never )(?<!havent )(?<!you )(?<!dont )\b(?:(?:i|ive|we|weve|he|hes|she|shes|they|theyve|have|has|already|both|just) (?:\w+ ){0,2}?)?(?:already )?(?:seen|watched|saw|rewatched|been there|been to|finished|completed|already (?:read|played|know|own|have|visited|tried|did|done)|(?:i|we) (?:already )?know (?=it|that|this|the|them|those|both|titled)|(?<!can )(?<!could )(?<!may )(?:ive|weve|i|we) (?:already |once )?(?:had|own|have) (?:that |this |the )?titled\b|(?:played|read|visited|tried|had|been to) (?:titled|it|that|this)\b(?: \w+)? already|(?:ive|i have|weve|we have|i) (?:already )?(?:read|played|visited|tried) (?=it|that|this|the|them|those|these|both|all))\b"
)
_UNSEEN = re.compile(
    r"\b(?:(?:never|not|havent|hasnt|have not|didnt|have you|ever|yet to|should (?:i|we) have|want to have) (?:\w+ ){0,2}?(?:seen|watched|saw|see|read|played|been|finished|tried|visited)|(?:as|best) (?:\w+ )?seen|(?:seen|watched|read|played) (?:any|much|a lot|many|anything|nothing|by)\b|saw (?:a|an|some|the) (?:trailer|review|poster))\b"
)
_REJECT = re.compile(
    r"\b(?:no thanks?|no thank you|nah|nope|none of (?:them|these|those)|not (?:that|this|the|these|those|it|any|my|interested|for me|really (?:my|for)|what i|quite|feeling|in the mood for (?:that|those|these|any))|(?:dont|do not|didnt) (?:like|want|fancy|care for|feel like) (?:any of )?(?:it|that|this|these|those|them|the|any)\b|skip (?:it|that|the|this|those|these)|pass\b(?! \w+ (?:time|the))|hard pass|something else|anything else|try again|wrong|not good|rather not|neither|id rather not|(?:one|it|that|those|them|first|second|third|last) ?, no\b|no to|boring|not 1st|not \w*(?:st|nd|rd|th)\b|nothing there|none)\b|\bone , no(?= ?(?:$|[.,!]))"
)
_ACCEPT = re.compile(
    r"\b(?:ill (?:take|go (?:with|for)|watch|try|have|get|read|play|give)|(?:lets|we ?ll|well) (?:go (?:with|for|there)|watch|take|try|do|get|play|read|book)|(?:ill|i will|will|gonna|going to) (?:definitely |have to |probably |maybe )?(?:check|look|give) (?:it|that|this|them|these|those|into)\b|sounds? (?:good|great|perfect|fun|interesting|nice|lovely|amazing|like a plan)|that(?:ll| will)? (?:works?|do|does it)|sold\b(?! (?:out|by|in|at|on|as)\b)|\w+ it is\b(?= ?(?:$|[.,!]| (?:then|thx|thanks|thank|ta|ty|tysm|cheers|please)\b))|(?:that|this) is (?:it|the one)\b|thatll be (?:it|all|the one)|(?:i|ill|we|well|im|were) (?:\w+ )?(?:take|taking|settle (?:on|for)|settling (?:on|for)|order|book|booking|buy|choose|pick|picked) (?:the|that|this|it|titled|both|one|(?:first|second|third|last))\b|off (?:i|we) go|(?:^|ok |okay |right )(?:im )?taking (?:that|it|this|the)\b|ill ring (?:them|there)|(?:titled|it|that|this|one|first|second|third|last) ,? ?(?:then )?done\b|done deal|book us in|deal|good (?:choice|pick|one|call|idea)|great (?:choice|pick|idea)|perfect|exactly|yes please|book (?:it|that)|thats (?:it|the one|perfect|great|what i)|(?:i want|i choose|i pick|im (?:going|gonna go) with|going with|gonna watch|will watch|sold on) (?:it|that|this|the)\b|love it|i like (?:that|it|the sound)|looks? (?:good|great|interesting|fun)|awesome|excellent|wonderful|brilliant)\b"
)
_SETTLES = re.compile(  # on an item that was shown: "Nair's it is, then", "teatime detectives then. ta", "so aladdin", "k. that one"
    r"\btitled (?:it (?:is|shall be|will be|has to be|must be)|itll be|then|for me)\b(?! \w)|\bits titled for me\b|\b(?:so|then|going w(?:ith)?) titled\b(?= ?(?:$|[.!]))|\b(?:titled|one|this|that) ?(?:ll|will) (?:have to )?do\b"
    r"|^(?:(?:ok|k|okay|fine|right|yes|yeah|no|,|[.]) )*(?:that|this|the \w+) one(?: then)?[ .!]*$|\b(?:im|am|were) having (?:that|this|it|titled)\b|\b(?:one|two|three|lot) it (?:is|shall be|will be)\b"
)
_TAKES = re.compile(  # whatever else is said
    r"\b(?:ill|i will|i shall|we ?ll|well|we will|we shall|im|i am) (?:just |then |both |(?:away|go) and )?(?:take|taking|buy|buying|have|having|order|get|go for|go with|try|watch|book|put(?= (?:\w+ ){1,3}on\b)) (?:it|that|this|titled|the (?:first|second|third|last))(?: one)?\b(?! (?:if|but|when|unless|some ?day|another|next|later)\b)"
    r"|\b(?:i|we) (?:just |then )?take (?:it|this|titled|the (?:first|second|third|last)(?: one)?)\b(?! (?:if|but|when|unless|you|that|there|this|he|she|they|its|as)\b)|\b(?:downloading|buying|ordering|booking) (?:it|that|this|titled)\b|(?:^|[,.!] |\b(?:so|then|good|great|fine|right|ok|okay|yes|yeah) )(?:i|we) (?:will )?go (?:there|with (?:it|that|this)(?: one)?)(?= ?(?:$|[,.!]| (?:then|and|now|thanks?|please|tonight|today)\b))|\b(?:ill|i will|we ?ll|well|im|were) (?:just |then )?(?:go|going) there(?= ?(?:$|[,.!]| (?:then|now|and|thanks?|tonight|today)\b))|(?:^|[,.!] |\b(?:ok|okay|right|good|great) )going there(?: now| then| tonight)?(?= ?(?:$|[,.!]))|\bits (?:the|number) (?:first|second|third|fourth|last|top)\b"
)
_OF_ONESELF = re.compile(
    r"^(?:(?:hi|hello|hey|well|so|ok|okay|btw|by the way|and|,|[.!]) )*(?:i|im|ive|we|were|weve) (?!(?:already )?(?:think|thought|guess|know|mean|meant|feel|said|say|wonder|hope|hoped|must|should|could|can|cant|may|might|will|would|d|ll|go|just watched)\b)"
)
_HAS_NOT = re.compile(
    r"\b(?:i|we|he|she|they|my \w+)(?:ve| have| has| had)? (?:got |have |has |had )?(?:no|dont have|dont own|doesnt have|never had) (?:any |a |an )?(?!interest|time|patience|desire|need|wish|love|taste|stomach|appetite|use|nerves?|idea|preference)\w+(?: \w+)?"
)
_OPENS_QUESTION = re.compile(r"^(?:who|what|when|where|why|how)(?:s|d)?\b(?! about)")
_END = re.compile(r"[.?!]")
_NICE = re.compile(
    r"^(?:(?:ok|okay|oh|ah|hmm?|well|yes|yeah|yep|sure|alright|very|thats|pretty|👍|,) )*(?:nice|great|good|cool|perfect|awesome|super|lovely|fine|yes|yeah|yep|sure)(?: (?:one|ones|picks?|list|choices?|stuff|thanks?|thank you))*[ .,!]*$"
)
_NOT_GOOD = re.compile(
    r"\b(?:not|isnt|nothing|no|but|any|something|is (?:it|that|this)|how|a|an|some|really) (?:\w+ )?(?:perfect|exactly|excellent|wonderful|awesome|brilliant|deal)\b"
)
_REQUEST = re.compile(
    r"\b(?:recommend(?:ation)?s?|suggest(?:ion)?s?|(?:i|we|he|she|they|you) (?:\w+ )?(?:want|need|fancy|feel like)|(?:im|we are|were|i am) (?:\w+ )?(?:looking|searching|after|in the mood)|looking for|in the mood|show (?:me|us)|find (?:me|us)?|give (?:me|us)|got any|any(?:thing)? (?:\w+ )?(?:good|like|with|by|from|new|else|more|other)?|something|some (?:more|other)|more (?:like|of|please|by|from|with)|^more\b|more$|others?\b|other ones|another(?: one)?|what else|anything else|whats? (?:left|good|next)|what (?:should|could|can|do) (?:i|we) (?:watch|see|read|play|eat|try|do|have)|where (?:should|could|can) (?:i|we) (?:eat|go)|what (?:do|have) you (?:have|got|recommend|suggest)|do you have|have you got|is there|are there|would (?:like|love)|id (?:like|love|prefer)|could you|can you|surprise me|next|keep going|go on|help me (?:find|choose|pick)|ask me|i dont know what|want to (?:watch|see|read|play|eat)|what about|how about|need (?:a|an|some))\b"
)
_CRITIQUE = re.compile(
    r"\b(?:but (?!i\b|we\b|you\b)|except|only (?:the|ones)|instead|rather|(?:less|more) (?!about\b|like\b|of\b|please\b|info|details?|by\b|from\b|with\b|then\b|than\b)\w+|too \w+(?! (?:$|[.,!?]))|not (?:so|too|as) \w+|\w+ier\b|funnier|scarier|darker|lighter|older|newer|cheaper|shorter|longer|sadder|smarter|softer|louder|quieter|weirder|better|make (?:it|that)|actually|change (?:it|that)|without|just the)\b"
)
_TASTE = re.compile(
    r"\b(?:(?:i|we|he|she|they|my \w+)(?:m| am)? (?:\w+ ){0,2}?(?:love[sd]?|like[sd]?|enjoy(?:s|ed)?|adore[sd]?|hate[sd]?|dislike[sd]?|prefer[s]?|cant stand|fan of|into)|loved|hated|favou?rites?|not a fan|dont (?:like|mind))\b"
)
_ELLIPTIC = re.compile(
    r"(?:^|[.!,] )(?:and|what about|how about) (?:the |that |this )?(?:titled|first|second|third|fourth|last|other)(?: one)? \?$"
)  # asks the same of another item
_OF_ALL = re.compile(  # asks which items there are, not about one
    r"\b(?:any|anything|some|something|others?|else|more|another|recommend|suggest|looking for|show|find|give|i want|i need|id like|do you have|have you got|you got)\b"
)
_ABOUT_YOU = re.compile(r"\b(?:you|your|yourself|u)\b|\?$")
_CORRECTS = re.compile(r"\bi mean(?:t)?\b|^no (?:, )?the \w+ one\b")
WHICHEVER = r"either|any|whichever|whatever|no preference|don.?t (?:care|mind)|doesn.?t matter|you (?:choose|decide|pick)|surprise me"
"""What leaves a choice to the other side, as a pattern."""
_NEVER_MIND = re.compile(
    rf"\b(?:{WHICHEVER}|dont know|not sure|no idea|both|all of (?:them|these)|anything(?: goes)?|nothing (?:special|in particular)|up to you|no|yes|yeah|sure|yep|nope)\b"
)


@dataclass(frozen=True)
class Heard:
    """What the other parts of understanding found, for deciding on acts."""

    preferences: tuple[Preference, ...]
    references: tuple[Reference, ...]
    attitudes: tuple[Attitude, ...]  # one for each reference
    filtered: bool
    asked: bool = False  # a fact of an item is asked for


def acts_of(message: Message, state: DialogueState, heard: Heard) -> tuple[Act, ...]:
    """Returns the acts of a message, each once, in a fixed order; `other` alone when there is none."""
    has = message.has
    found: dict[Act, bool] = {}
    edits, forgets = _profile_acts(message, heard)
    found["edit_profile"], found["forget"] = edits, forgets
    found["greet"] = has(_GREET)
    found["bye"] = has(_BYE)
    found["thank"] = has(_THANK) and not has(_NO_THANKS)
    if not (edits or forgets):
        found |= _about_items(message, state, heard)
        found |= _wishes(message, state, heard, found)
    order: tuple[Act, ...] = ("request", "state_preference", "critique", "answer", "ask_item", "ask_why", "compare", "accept", "reject",
                              "already_seen", "edit_profile", "forget", "greet", "thank", "bye")  # fmt: skip
    acts = tuple(act for act in order if found.get(act))
    return acts or ("other",)


def _profile_acts(message: Message, heard: Heard) -> tuple[bool, bool]:
    """Returns whether the message edits what is remembered, and whether it wants something or all forgotten."""
    if message.has(_UNLEARN) and (heard.preferences or message.has(r"\bforget\b")):
        return True, True
    if message.has(_FORGET_ALL):
        return False, True
    asks = message.has(_MEMORY) and not message.has(_NOT_SHOW) and not message.has(_PUTS_RIGHT)
    return asks or (message.has(_REMEMBER) and bool(heard.preferences)), False


def _about_items(message: Message, state: DialogueState, heard: Heard) -> dict[Act, bool]:
    pointed = bool(heard.references)
    implied = heard.asked and bool(state.focus or state.shown) and not message.has(_OF_ALL)
    known = pointed or bool(state.shown or state.focus)
    why = message.has(_WHY) and (bool(state.shown) or pointed)
    measured = (len(heard.references) > 1 and message.has(_MEASURES)) or (bool(state.focus) and message.has(_BETTER))
    picked = [r.kind for r in heard.references] == ["description"] and message.has(ASKS_WHICH)
    compare = (message.has(_COMPARE) or measured) and known and not picked
    available = (
        "asked" in heard.attitudes
        and message.has(r"\b(?:have|got|there|find|show|stock|carry)\b")
        and not message.has(r"\b(?:who|whos|what|whats|when)\b")
        and not (heard.asked and not message.has(r"\b(?:called|named|titled)\b(?= titled)"))
    )
    again = bool(state.told) and message.has(_ELLIPTIC)
    asked = (message.has(_ASK) or message.has(_FACT_NOUN) or heard.asked or again) and pointed
    open_to = not pointed or _is_told_which(heard) or _asks(message)
    once = not why or any(_ASKING.search(part) and not _WHY.search(part) for part in _PARTS.split(message.marked))
    asks = (asked or implied) and open_to and once and not compare and not available and not _says(message, _TAKES)
    return {"ask_why": why, "compare": compare, "ask_item": asks and not _is_wish_only(message, heard)}


def _is_told_which(heard: Heard) -> bool:
    """Tells whether the message names or counts out an item that it does not merely like, except or turn down."""
    return any(
        reference.kind != "pronoun" and felt not in ("like", "liked", "disliked", "excluded", "unlike", "permitted")
        for reference, felt in zip(heard.references, heard.attitudes, strict=True)
    )


def _asks(message: Message) -> bool:
    """Tells whether a message has the form of a question, or asks to be told something: else "it" is only spoken of."""
    if message.has(_ASKING) or message.has(_FACT_NOUN):
        return True
    return len(message) <= _SHORT and message.has(_WITHIN) and not message.has(_ASKS_BACK)


def _is_wish_only(message: Message, heard: Heard) -> bool:
    """Tells whether what looks like a question only asks for items: "what about something like it?"."""
    return all(
        a in ("like", "liked", "disliked", "excluded", "unlike", "seen") for a in heard.attitudes
    ) and not message.has(
        r"\b(?:who|whos|what (?:year|is it|was it)|whats .* about|when (?:was|did)|how long|tell me|is it|was it)\b"
    )


def _wishes(message: Message, state: DialogueState, heard: Heard, found: dict[Act, bool]) -> dict[Act, bool]:
    has, acts = message.has, dict[Act, bool]()
    items = [p for p in heard.preferences if p.facet == "item"]
    wishes = [p for p in heard.preferences if p.facet != "item"]
    told = has(_SEEN) and not has(_UNSEEN) and (bool(heard.references) or bool(state.shown or state.focus))
    seen = told or "seen" in heard.attitudes
    acts["already_seen"] = seen
    pushed = any(a == "excluded" and r.kind != "title" for a, r in zip(heard.attitudes, heard.references, strict=True))
    disliked = any(p.polarity < 0 for p in items)
    waved = has(_REJECT) and bool(state.shown) and not wishes and not heard.filtered
    acts["reject"] = (pushed or (disliked and bool(state.shown)) or waved or _is_no(message, state)) and not found.get(
        "ask_why"
    )
    asks = found.get("ask_item") or found.get("compare") or found.get("ask_why")
    acts["accept"] = not acts["reject"] and not asks and _accepts(message, state, heard, wishes)
    acts["answer"] = state.question is not None and not asks and _answers(message, state, heard)
    positive = any(p.polarity > 0 for p in wishes)
    wanted = positive or heard.filtered or any(a in ("like", "asked") for a in heard.attitudes)
    told_of_oneself = bool(heard.preferences) and (has(_TASTE) or all(p.scope == "lasting" for p in heard.preferences))
    tasteful = told_of_oneself and all(p.strength == "soft" or p.polarity < 0 for p in heard.preferences)
    request = (
        (has(_REQUEST) and not asks)
        or (wanted and not tasteful)
        or (has(r"\b(?:something|anything|show me|more|others)\b") and not asks)
    )
    bare_title = (
        bool(heard.references)
        and heard.references[-1].kind == "title"
        and heard.attitudes[-1] in ("none", "asked")
        and not asks
    )
    corrected = bool(heard.references) and has(_CORRECTS) and not asks
    acts["request"] = (
        (request or corrected or (bare_title and not seen))
        and not (acts["accept"] and not (wishes or heard.filtered))
        and not (asks and not wishes)
    )
    acts["state_preference"] = told_of_oneself and (bool(wishes) or not acts["accept"])
    acts["critique"] = (
        (has(_CRITIQUE) or any(p.polarity < 0 for p in wishes))
        and bool(heard.preferences or heard.filtered)
        and (bool(state.shown) or bool(items))
    )
    return acts


def goes_on(message: Message, state: DialogueState) -> bool:
    """Tells whether a message that no rule reads can only say what is looked for: it is long enough, nothing is asked of us, nor only told of oneself."""
    least = 3 if state.slates or state.constraints else 5
    asks = message.has(_ABOUT_YOU) or message.has(_OPENS_QUESTION)
    return len(message) >= least and not asks and not tells_of_oneself(message)


def tells_of_oneself(message: Message) -> bool:
    """Tells whether a message says who somebody is, what they have or do, and no more: "I clean offices for a living"."""
    return message.has(_OF_ONESELF) and not any(message.has(wish) for wish in (_REQUEST, _TASTE, _CRITIQUE, _SEEN))


def has_not(message: Message) -> list[Span]:
    """Returns the characters in which somebody says what they, or theirs, don't have: that turns nothing down ("I have no disability")."""
    return [message.span(start, end) for start, end, _ in message.find(_HAS_NOT)]


def _is_no(message: Message, state: DialogueState) -> bool:
    return (
        bool(state.shown)
        and state.question is None
        and message.has(r"^(?:hmm?,? |no ?,? )*(?:no|nope|nah)(?=[ .,!]*$)")
    )


def _accepts(message: Message, state: DialogueState, heard: Heard, wishes: list[Preference]) -> bool:
    if not (state.shown or state.focus):
        return False
    if _says(message, _TAKES):
        return True
    met = state.ever_shown | {*state.focus}
    known = all(item in met for reference in heard.references for item in reference.item_ids[:1])
    if known and heard.references and _says(message, _SETTLES):
        return True
    if wishes or heard.filtered:
        return False
    if message.has(_ACCEPT) and not message.has(_NOT_GOOD) and not message.has(r"\?$"):
        return True
    if message.has(_CORRECTS):
        return False
    lone = (
        bool(heard.references)
        and all(r.kind in ("ordinal", "description") for r in heard.references)
        and heard.attitudes[0] in ("none", "asked")
    )
    plain = (
        lone
        and len(message) <= 5
        and not message.has(r"\?$|\b(?:what|who|why|about|other|more)\b")
        and state.question is None
    )
    return plain or (message.has(_NICE) and state.question is None)


def _says(message: Message, pattern: re.Pattern[str]) -> bool:
    """Tells whether the message has the pattern in a sentence that asks nothing."""
    ends = (_END.search(message.marked, match.end()) for match in pattern.finditer(message.marked))
    return any(end is None or end[0] != "?" for end in ends)


def _answers(message: Message, state: DialogueState, heard: Heard) -> bool:
    """Tells whether a message answers the question that stands open: short and no question, or one of its options."""
    question = state.question
    if question is None or message.has(r"\?$") or message.has(_OPENS_QUESTION):
        return False
    facets = {p.facet for p in heard.preferences}
    return len(message) <= 8 or question.facet in facets or message.has(_NEVER_MIND)
