"""What is refused before anything else is done: clear requests for harm, and for what is the agent's own or somebody else's.

Stories about such things are no such requests: "a film about suicide", "how a bomb is defused, on screen". Where it is not clear, nothing is refused.
"""

import re
from typing import Literal

from convrec.core.text import fold, visible

_READ = 20_000  # characters of a message that are read
Refusal = Literal["self_harm", "minors", "harm", "hate", "internals", "others"]


def _pattern(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts))


_WORK = (
    r"(?:films?|movies?|books?|novels?|stor(?:y|ies)|shows?|series|documentar(?:y|ies)|docs?|songs?|albums?|games?|podcasts?|comics?|manga|anime|memoirs?|"
    r"biograph(?:y|ies)|thrillers?|dramas?|comed(?:y|ies)|myster(?:y|ies)|novellas?|biopics?|musicals?|westerns?|plots?|scenes?|characters?|lyrics)"
)
_OF_A_WORK = re.compile(rf"\b{_WORK}\b")
_TOLD = re.compile(  # what follows is what a work is about, or how it is called
    rf"\b{_WORK}\b(?:\W+\w+){{0,4}}?\W+(?:about|on|where|in which|with|of|called|named|titled|like|featuring|showing|that|who|whose|set|dealing)\b"
    r"|\b(?:something|anything|one|titles?|works?)\W+(?:about|on|where|in which|called|named|like|set)\b|\b(?:based on|called|titled)\b"
)
_FIGURE = re.compile(
    r"\blaughing\b|\b(?:if|when) i (?:have to|must|see|hear|had to)\b|\bma[dk]es? me want\b|\bof (?:boredom|embarrassment|laughter)\b"
)
_SELF = _pattern(
    r"\b(?:kill|killing|hang|hanging|hurt|hurting|harm|harming|cut|cutting|drown|shoot|poison) myself\b(?! (?:off|some|a|the)\b)",
    r"\b(?:end|ending|take|taking) (?:my (?:own )?life|it all)\b",
    r"\bi (?:really |just |only )?(?:want|wanna|wish|need) (?:to (?:die|be dead|not exist)|i (?:was|were) dead)\b",
    r"\bi (?:do not|don't|dont|no longer|can't|cannot|cant) (?:really )?(?:want to |wanna |see (?:any|a) (?:point|reason) (?:in|to) )?(?:live|living|be alive|go on living|exist|be here) ?(?:any ?more|any longer|at all)\b",
    r"\b(?:no|any) reason (?:left )?(?:for me )?to (?:live|go on|stay alive)\b",
    r"\b(?:how many|which|what) (?:pills?|tablets?|drugs?|poison)\b(?: \w+){0,6}? to (?:die|overdose)\b|\b(?:nobody|no one|noone) would (?:miss me|care if i)\b",
    r"\bbetter off without me\b|\bi(?:'d| would|'m| am)(?: be)? better off dead\b",
    r"\bi(?:'m| am| feel| have been feeling) (?:\w+ )?suicidal\b|\bthinking (?:about|of) (?:suicide\b(?! squad| club| kings)|ending)",
    r"\b(?:how (?:to|do i|can i|should i|could i|do you|would i)|ways? to|methods? (?:to|for)|help me)(?: \w+){0,3}? (?:commit(?:ting)? suicide|suicide|kill yourself|self[- ]harm|die (?:painlessly|without pain|quickly))\b",
    r"\bpainless(?:ly)? (?:way |ways |method )?(?:to )?(?:die|suicide)\b",
)
_CHILD = r"(?:child(?:ren)?|kids?|kiddie|minors?|underage\w*|pre-?teens?|toddlers?|infants?|babies|(?:little|young|school) ?(?:girls?|boys?)|schoolgirls?|schoolboys?|(?:[1-9]|1[0-7])[- ]?(?:years?|yrs?)[- ]?olds?|(?:girls?|boys?|teen\w*|people|anyone) (?:of|aged|under|below|younger than)(?: age)? (?:[1-9]|1[0-8])\b)"
_SEXUAL = r"(?:sex|sexy|sexual\w*|porn\w*|nudes?|naked|nudity|erotic\w*|explicit|hentai|xxx|undress\w*)"
_MINORS = _pattern(
    rf"\b{_CHILD} (?:\w+ )?{_SEXUAL}\b(?! (?:education|abuse|trafficking|exploitation|offend\w*|assault|ed)\b)",
    rf"\b{_SEXUAL}\b(?: \w+){{0,2}}? (?:of|with|between|involving|featuring|starring|showing|about)? ?(?:\w+ ){{0,2}}?{_CHILD}\b",
    r"\bgroom(?:ing)? (?:a |an |the |my )?(?:\w+ )?(?:child|kid|minor|girl|boy|teen)\w*\b|\b(?:loli(?:con)?|shota(?:con)?|csam)\b",
)
_NO_MINORS = re.compile(
    r"\b(?:no|not|without|nothing|never|non|free|hide|block|avoid|isn't|less|abuse\w*|trafficking|survivors?|victims?|investigat\w*|against|education|expos\w+|documentar\w+|suitable|appropriate|safe|parents?|about)\b"
)
_ASKS = (
    r"(?:\bhow (?:do|can|could|would|should|might|to|does)\b|\b(?:give|tell|show|teach|explain|write|list|provide|send)\b(?: \w+){0,5}? (?:how|steps?|instructions?|recipes?|guides?|plans?|ways?|tutorials?|manual)\b"
    r"|\b(?:instructions?|steps?|recipes?|guides?|tutorials?|manual|blueprints?|plans?) (?:for|to|on|of)\b|\bhelp (?:me|us)\b|\b(?:best|easiest|quickest|safest|fastest|cheapest|good) (?:way|method|poison|place)s?\b|\bwhere (?:can|do|could) (?:i|we)\b"
    r"|\b(?:i|we) (?:really |just )?(?:want|wanna|need|plan|intend|would like|am going|are going)\b|\bi'm (?:going|planning|about|gonna)\b)"
)
_SOMEONE = r"(?:someone|somebody|people|a person|him|her|them|my (?:ex\b|wife|husband|girlfriend|boyfriend|boss|neighbou?rs?|mother|father|mom|mum|dad|parents|brother|sister|teacher|classmates?|coworkers?|colleagues?|roommate|landlord|family|kids?|child(?:ren)?|partner|ex-\w+)|(?:a|the|this|that) (?:girl|boy|woman|man|child|kid|guy|neighbou?r|politician|president|cop|police officer))"
_WEAPON = r"(?:(?:pipe |nail |car |dirty |fertili[sz]er |homemade |home-made )?(?:bombs?|explosives?|grenades?|landmines?)(?! shelters?| squad| disposal| baths?)|molotov(?: cocktails?)?|nerve (?:gas|agents?)|sarin|ricin|anthrax|napalm|tatp|thermite|bioweapons?|(?:chemical|biological|nuclear) weapons?|ghost guns?|untraceable guns?|silencers?|poison gas|mustard gas)"
_DRUG = r"(?:meth|methamphetamine|crystal meth|fentanyl|heroin|cocaine|crack|lsd|mdma|ecstasy|ghb|date[- ]rape drugs?|roofies)"
_HARM = _pattern(
    rf"{_ASKS}(?:\W+\w+){{0,5}}?\W+(?:make|making|build|building|assemble|construct|create|cook|cooking|synthesi[sz]e|produce|manufacture|print|mix|detonate|set off|plant|buy|get|obtain)(?: [\w-]+){{0,3}}? {_WEAPON}\b",
    rf"{_ASKS}(?:\W+\w+){{0,5}}?\W+(?:make|making|cook|cooking|synthesi[sz]e|produce|manufacture|buy|get|obtain|sell|smuggle|deal)(?: [\w-]+){{0,3}}? {_DRUG}\b",
    rf"{_ASKS}(?:\W+\w+){{0,5}}?\W+(?:kill|murder|poison|strangle|stab|shoot|kidnap|abduct|rape|torture|drug|stalk|blackmail|assault|beat up|hurt)(?:ing)? {_SOMEONE}\b",
    rf"{_ASKS}(?:\W+\w+){{0,5}}?\W+(?:hack(?:ing)?|break(?:ing)?)(?: in(?:to)?)?(?: [\w']+){{0,4}}? (?:accounts?|bank|phones?|computers?|houses?|homes?|wi-?fi|networks?|servers?|e?mails?|facebook|instagram|cars?)\b",
    rf"{_ASKS}(?:\W+\w+){{0,5}}?\W+(?:steal|clone|forge|counterfeit|launder|print|make|get)(?: [\w']+){{0,2}}? (?:cars?|credit cards?|identit(?:y|ies)|passwords?|fake (?:money|ids?|passports?|documents?)|counterfeit \w+|money laundering|dirty money)\b",
    rf"{_ASKS}(?:\W+\w+){{0,5}}?\W+(?:shoot up|blow up|bomb|burn down|attack) (?:a|the|my|our|this|some) (?:school|church|mosque|synagogue|temple|office|building|house|hospital|crowd|mall|train|plane|airport)\b",
    r"\bhack(?:ing)? (?:into )?(?:my|his|her|their|a|the|some\w+'s) (?:[\w']+ ){0,2}?(?:accounts?|phones?|computers?|wi-?fi|e?mails?|facebook|instagram|snapchat|whatsapp)\b",
    rf"{_ASKS}(?:\W+\w+){{0,3}}?\W+(?:launder(?:ing)? (?:\w+ )?money|(?:hide|get rid of|dispose of|dissolve)(?: a| the| my)? (?:\w+ )?(?:corpse|(?:dead|human) body|body))\b",
    r"\b(?:write|make|create|build|code|spread)(?: me| us)?(?: [\w-]+){0,2}? (?:ransomware|malware|computer virus|keylogger|phishing (?:e?mails?|sites?|pages?))\b",
)
_PEOPLE = r"(?:jews?|muslims?|christians|blacks|black people|white people|asians|arabs|mexicans|immigrants|refugees|foreigners|gays|gay people|lesbians|homosexuals|trans people|women|gypsies|roma people|disabled people|the disabled|africans|indians)"
_HATE = _pattern(
    rf"\b(?:kill|exterminate|gas|lynch|eradicate|wipe out|get rid of|deport|burn|shoot|death to|hang)(?: all| the| every| those)*(?: \w+)? {_PEOPLE}\b",
    rf"\bi (?:really |just |fucking )?(?:hate|despise|can't stand)(?: all)?(?: the| those)? {_PEOPLE}\b(?! (?:and white|in (?:films|movies)|characters?|leads?|films?|movies?|music|in\b))",
    rf"\b{_PEOPLE}\b(?: \w+){{0,6}}? should (?:all )?be (?:killed|exterminated|gassed|shot|wiped out)\b",
    rf"\b{_PEOPLE} (?:are|should (?:all )?be)(?: all| just| nothing but)* (?:vermin|animals|subhuman\w*|inferior|killed|exterminated|gassed|deported|parasites|scum|filth|rats|dirty|stupid|evil|criminals)\b",
    rf"\b(?:prove|explain|tell me|show me|say) (?:that |why |how )?(?:the )?(?:\w+ )?(?:{_PEOPLE}|white race|races?)(?: \w+){{0,2}}? (?:inferior|superior|subhuman|stupid)\b",
    r"\b(?:tell|give|write|make|post|generate|compose)\b(?: \w+){0,4}? (?:racist|antisemitic|anti-semitic|sexist|homophobic|transphobic|islamophobic|nazi|hateful|hate|rape)(?: \w+)? (?:jokes?|rants?|speech(?:es)?|slurs?|propaganda|tweets?|posts?|insults?|poems?|manifestos?)\b",
    r"\b(?:racist|antisemitic|rape|holocaust) jokes? (?:please|now)\b",
    r"\b(?:heil hitler|white power|sieg heil|hitler was right|gas chambers? for)\b",
)
_OWN = r"(?:(?:the|all|any|these|those|own|first|full|exact|entire|whole|complete|of) )*(?:system|initial|hidden|secret|original|internal|previous|prior|preceding|earlier|above|developer|base|your|safety)(?: \w+){0,2}? "
_INTERNALS = _pattern(
    rf"\b(?:print|show|reveal|repeat|output|display|tell|give|expose|leak|recite|share|type|dump|translate|encode|summari[sz]e|paraphrase|paste|copy|list|return|echo|spell|quote|send|write|what(?:'s| is| are| was| were| does|s))\b(?:\W+\w+){{0,8}}?\W+{_OWN}?(?:prompts?|context window|system (?:messages?|text))\b",
    rf"\b(?:print|show|reveal|repeat|output|display|tell|give|expose|leak|recite|share|dump|translate|encode|summari[sz]e|paraphrase|paste|copy|list|echo|quote|what(?:'s| is| are| was| were|s))\b(?:\W+\w+){{0,8}}?\W+{_OWN}(?:instructions|rules|guidelines|configuration)\b",
    r"\bwhat (?:\w+ ){0,2}?(?:are|were) you (?:told|instructed|prompted)\b|\bhow were you (?:prompted|instructed)\b",
    r"\brepeat (?:\w+ ){0,3}?(?:everything|words|text|lines?|all|sentences?|message)(?: \w+){0,2}? (?:above|before|preceding|so far|you (?:were|have been) (?:given|told))\b|\b(?:text|words|lines?) above (?:this|starting|verbatim|word for word)\b|\b(?:output|print|show|repeat|give|tell)(?: me)? (?:everything|all|the text|what is|what's|the (?:messages?|words)) (?:above|before (?:this|our|the))\b",
    r"\b(?:ignore|disregard|override|bypass)\b(?: (?!my\b)\w+){0,4}? (?:instructions?|prompts?|guidelines|directives|restrictions|safety rules)\b|\b(?:ignore|disregard) (?:all )?(?:of )?the above\b",
    rf"\b(?:forget|drop|skip)\b (?:\w+ ){{0,2}}?{_OWN}(?:instructions?|prompts?|guidelines)\b",
    r"\b(?:you are|you're|act as|become|pretend to be|behave as) (?:now )?(?:dan\b|an? (?:unrestricted|unfiltered|uncensored|jailbroken)\b|in (?:developer|debug|admin|god|root|jailbreak) mode)|\b(?:enter|enable|activate|switch to) (?:\w+ )?(?:developer|debug|admin|god|root|jailbreak|dan) mode\b|\bdo anything now\b",
    r"\b(?:print|show|reveal|tell|give|what(?:'s| is)|leak|dump|send|list|read|echo|output|share)\b(?:\W+\w+){0,5}?\W+(?:api[ _-]?keys?|access tokens?|secret keys?|environment variables|env vars|authorization headers?|bearer tokens?|(?:your|database|admin|server) (?:passwords?|credentials|source code))\b",
    r"\b(?:call|run|execute|invoke|trigger)\b(?: the| a| your| tool| function)* (?:[a-z]+_[a-z_]+\b|(?:shell|bash|sql|system|python) (?:command|code|query|script)s?)|\brm -rf\b|\bdelete (?:all )?(?:the )?(?:users?|database|catalogue|tables)\b",
)
_TELLS = r"(?:say|said|tell|told|ask|asked|write|wrote|written|search|searched)"
_LIKES = r"(?:like|liked|love|watch|watched|want|wanted|buy|bought|order|ordered|read|prefer|hate|rate|rated)"
_THEIR = r"(?:data|messages?|conversations?|chats?|profiles?|histor(?:y|ies)|names?|e-?mails?|address(?:es)?|preferences|memor(?:y|ies)|secrets?|orders|purchases|threads?|info(?:rmation)?|records?|wishes)"
_OTHERS = _pattern(
    rf"\bwhat (?:did|does|has) (?:the )?(?:user|customer|account) (?:called |named |id |number )?[\w-]+ (?:\w+ )?(?:{_TELLS}|{_LIKES})\b",
    rf"\bwhat (?:did|has|have) (?:the |your |any )?(?:other|another|previous|last|earlier) (?:user|customer|person|people|visitor)s? (?:\w+ )?{_TELLS}\b",
    rf"\b(?:show|list|print|give|tell|dump|reveal|export|read|open|what(?:'s| is| are))\b(?:\W+\w+){{0,4}}?\W+(?:other|another|all|every|previous|different) (?:users?|customers?|visitors?|person|people)(?:'s|s'|')? (?:\w+ )?{_THEIR}\b",
    r"\bwho else (?:has |have |did )?(?:talk|talked|speak|spoke|spoken|write|written|wrote|chat|chatted)\b(?: \w+){0,3}? you\b|\b(?:tell|show|give|print|open|read)(?: me)? (?!my\b|the\b|this\b|that\b)[\w-]+'s (?:profile|messages?|conversations?|chats?|chat history|e-?mails?|orders|purchases)\b",
    rf"\b(?:user|customer) (?:called |named )?[\w-]+'s (?:\w+ )?{_THEIR}\b|\b{_THEIR} (?:of|from|about) (?:the |all |any |other |another )*(?:users?|customers?)\b",
)
_AGAINST_OTHERS: tuple[tuple[Refusal, re.Pattern[str]], ...] = (("harm", _HARM), ("hate", _HATE))
_WISH = re.compile(r"(?:i|we|i'm) ")  # "I want to shoot people, in a game"
_CLAUSES = re.compile(
    r"[.!?;\n]+\s*|,? (?:and|then|also|but|plus)(?: then| also)? (?=(?:tell|explain|show|give|teach|write|help|print|i)\b)",
    re.IGNORECASE,
)


def refusal(text: str) -> Refusal | None:
    """Returns what a message asks for that is refused; None where it asks for nothing of the kind, or not clearly."""
    seen = visible(text)[:_READ]
    said = fold(seen)
    if _INTERNALS.search(said):
        return "internals"
    if _OTHERS.search(said):
        return "others"
    return next((kind for clause in _CLAUSES.split(seen) if (kind := _harmful(fold(clause))) is not None), None)


def _harmful(clause: str) -> Refusal | None:
    """Returns the harm that a part of a message asks for; what a work is about, or is called, asks for none."""
    told = _TOLD.search(clause)
    before = clause[: told.start()] if told else clause
    if _MINORS.search(clause) and not _NO_MINORS.search(clause):
        return "minors"
    if _SELF.search(before) and not _FIGURE.search(clause):
        return "self_harm"
    for kind, pattern in _AGAINST_OTHERS:
        asked = pattern.search(before)
        if asked is not None and not _OF_A_WORK.search(clause if _WISH.match(asked[0]) else clause[: asked.end()]):
            return kind
    return None
