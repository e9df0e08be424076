"""Which language a message seems to be in: enough to say plainly that only English is understood well."""

import unicodedata
from collections import Counter

from convrec.core.text import words

_FUNCTION = {
    "en": "the a an and or of to in is it that for with i you me my not no on like want was are this what who have do something but from any please show film films movie movies some more one",
    "fr": "le la les un une des et ou de du que qui je tu il elle nous vous avec pour dans sur pas plus est sont mon quelque chose moi film cherche voudrais aime quel",
    "de": "der die das ein eine einen und oder von zu ich du er sie wir mit für in auf nicht ist sind mein etwas mir bitte möchte suche gern keine wie aber film filme",
    "es": "el la los las un una unos y o de que yo tú él ella con para en no es son mi algo quiero busco me gusta por favor una película películas pero como",
    "it": "il lo la gli le un una e o di che io tu lui lei con per in non è sono mio qualcosa voglio cerco mi piace vorrei come ma film degli della",
    "pt": "o a os as um uma e ou de do da que eu você ele ela com para em não é são meu algo quero me gosto por favor filme filmes mas como",
    "nl": "de het een en of van ik jij hij zij wij met voor in op niet is zijn mijn iets wil graag zoek geen maar hoe een film films naar",
    "sv": "en ett och eller av att jag du han hon vi med för i på inte är min något vill gärna söker ingen men hur film filmer som",
    "da": "en et og eller af at jeg du han hun vi med for i på ikke er min noget vil gerne søger ingen men hvordan film som",
    "pl": "i lub z na do nie jest są mój coś chcę szukam mi się ale jak film filmy który proszę dla od po że to",
    "tr": "bir ve veya ile için bu şu ben sen o biz değil var yok istiyorum film gibi ama nasıl ne bana lütfen",
    "cs": "a nebo z na do ne je jsou můj něco chci hledám mi se ale jak film filmy který prosím pro od že to",
    "ro": "un o și sau de la nu este sunt meu ceva vreau caut îmi place dar cum film filme care pentru din cu",
    "id": "yang dan atau di ke dari saya kamu dia kami dengan untuk tidak ini itu ada ingin mau film seperti tapi bagaimana tolong",
}
_LISTS = {code: frozenset(words(listed)) for code, listed in _FUNCTION.items()}
_SCRIPTS = {"CYRILLIC": "ru", "GREEK": "el", "ARABIC": "ar", "HEBREW": "he", "DEVANAGARI": "hi", "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko",
            "CJK": "zh", "THAI": "th", "BENGALI": "bn", "TAMIL": "ta", "GEORGIAN": "ka", "ARMENIAN": "hy"}  # fmt: skip
_READ = 2_000


def language_of(text: str) -> str:
    """Returns the ISO 639-1 code of the language that the text seems to be in; `unknown` where its words don't tell.

    A plain heuristic: the script, then which language's small words stand in it most. A foreign language needs two of them,
    and more than English has; short messages of names and figures are `unknown`.
    """
    script = _script(text[:_READ])
    if script is not None:
        return script
    said = list(dict.fromkeys(words(text[:_READ])))
    hits = {code: sum(word in listed for word in said) for code, listed in _LISTS.items()}
    best = max(hits.values(), default=0)
    foreign = {code: n for code, n in hits.items() if code != "en" and n == best}
    if best >= 2 and hits["en"] < best and best >= 0.25 * len(said):
        return max(foreign, key=lambda code: (_distinct(said, code), code))
    return "en" if hits["en"] >= 1 else "unknown"


def _distinct(said: list[str], code: str) -> int:
    """Returns how many of the words are small words of this language and of no other."""
    others = frozenset[str]().union(*(listed for other, listed in _LISTS.items() if other != code))
    return sum(word in _LISTS[code] and word not in others for word in said)


def _script(text: str) -> str | None:
    letters = [char for char in text if char.isalpha()]
    names = Counter(unicodedata.name(char, "").split(" ")[0].split("-")[0] for char in letters)
    found = [(count, name) for name, count in names.items() if name in _SCRIPTS]
    if not found or sum(count for count, _ in found) < 0.5 * len(letters):
        return None
    if any(name in ("HIRAGANA", "KATAKANA") for _, name in found):
        return "ja"
    return _SCRIPTS[max(found)[1]]
