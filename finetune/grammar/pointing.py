"""Messages about items: named by title, or shown before and pointed at."""

from typing import Any

from convrec.finetune.grammar.draft import Draft, Pointer, Shown, Wish
from convrec.finetune.grammar.phrasing import SOFT, exclusion, noun_phrase, vibe
from convrec.finetune.grammar.scenarios import compared, joined

_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_SHORT = ("1st", "2nd", "3rd", "4th", "5th")
_TASTE: dict[str, Any] = {"strength": "soft", "scope": "lasting", "searched": False}


def titled(draft: Draft, **stance: Any) -> str:
    """Returns a title, marked as a reference and, with a stance, as a wish; sometimes one of the items shown, sometimes in quotes."""
    fresh = [item for item in draft.context.shown if item.id not in draft.used]
    shown = draft.rng.choice(fresh) if fresh and draft.chance(0.2) else None
    title = shown.title if shown else draft.names.title(draft.rng)
    item_id = shown.id if shown else ""
    draft.used.add(item_id)
    meaning: list[Wish | Pointer] = [Pointer("title", (item_id,) if item_id else ())]
    if stance:
        meaning.append(Wish("item", item_id=item_id, **stance))
    said = draft.mark(title, *meaning)
    return f'"{said}"' if draft.chance(0.1) else said


def _judged(draft: Draft, sign: str) -> str:
    if sign == "hated":
        draft.acts.add("reject")
    return draft.say(sign, t=titled(draft, polarity=-1 if sign == "hated" else 1, **_TASTE))


def judging(draft: Draft) -> str:
    """Says what was thought of one, two or three titles."""
    draft.acts.add("state_preference")
    signs = draft.rng.choices(("loved", "hated", "mild"), (5, 4, 1), k=draft.rng.choice((1, 1, 2, 2, 3)))
    text = _judged(draft, signs[0])
    for sign in signs[1:]:
        text = draft.say("two.titles", a=text, b=_judged(draft, sign))
    return text


def judging_then_asking(draft: Draft) -> str:
    """Says what was thought of titles, then asks for items."""
    told = judging(draft)
    draft.acts.add("request")
    asked = draft.say("open.any", np=noun_phrase(draft, plural=False))
    return f"{told}{draft.rng.choice(('. ', ', ', ' - ', ' so '))}{asked}"


def seen_title(draft: Draft) -> str:
    """Says that a title is known already."""
    draft.acts.add("already_seen")
    titles = titled(draft)
    if draft.chance(0.25):
        titles = f"{titles}{draft.rng.choice((' and ', ' and ', ', ', ' or '))}{titled(draft)}"
    return draft.say("seen.title", t=titles, past=draft.rng.choice(draft.view.domain.participles))


def like_title(draft: Draft) -> str:
    """Asks for items like a title, perhaps with a difference."""
    draft.acts.add("request")
    template = draft.wording.choose(draft.rng, "like.title")
    title = titled(draft, polarity=1, strength="soft", scope="session", searched=False)
    text = template.format(t=title, np=draft.rng.choice(draft.view.domain.nouns))
    if draft.chance(0.12):
        draft.acts.add("critique")
        return f"{text.rstrip('?')}{draft.rng.choice((', but ', ' but ', ', '))}{exclusion(draft)}"
    if draft.chance(0.35):
        draft.acts.add("critique")
        text = f"{text.rstrip('?')}{draft.rng.choice((', but ', ' but ', ', only ', ' just '))}{vibe(draft, dict(SOFT), comparative=True)}"
    return text


def than_title(draft: Draft) -> str:
    """Asks for items that are older, shorter or cheaper than a title."""
    draft.acts |= {"request", "critique"}
    words = {"year": ("older", "newer"), "minutes": ("shorter", "longer"), "price": ("cheaper", "pricier")}
    facet = draft.rng.choice(draft.view.of_role(*words) or draft.view.facets[:1])
    if facet.spec.role not in words:
        return like_title(draft)
    up = draft.chance(0.5)
    wish = Wish(facet.name, "more" if up else "less", searched=False, **SOFT)
    said = draft.mark(words[facet.spec.role][up], wish)
    return draft.say("than.title", c=said, t=titled(draft), np=draft.rng.choice(draft.view.domain.nouns))


def lookup(draft: Draft) -> str:
    """Asks for an item by its name."""
    draft.acts.add("request")
    return draft.say("lookup", t=titled(draft))


def pointed(draft: Draft, *, stance: dict[str, Any] | None = None) -> str:
    """Returns words that point at one shown item: its place, a pronoun, its title, a fact."""
    shown, roll = draft.context.shown, draft.rng.random()
    if roll < 0.45:
        item, said, kind = _by_place(draft, shown)
    elif roll < 0.67:
        item, said, kind = _by_pronoun(draft, shown)
    elif roll < 0.82:
        item, kind = draft.rng.choice(shown), "title"
        said = item.title
    else:
        item, said, kind = _by_fact(draft, shown) or _by_place(draft, shown)
    meaning: list[Wish | Pointer] = [Pointer(kind, (item.id,))]
    if stance:
        meaning.append(Wish("item", item.title, item_id=item.id, **stance))
    return draft.mark(said, *meaning)


def _by_place(draft: Draft, shown: tuple[Shown, ...]) -> tuple[Shown, str, str]:
    place = draft.rng.randrange(len(shown))
    ways = [
        f"the {_ORDINALS[place]} one",
        f"the {_ORDINALS[place]}",
        f"number {place + 1}",
        f"#{place + 1}",
        f"the {_SHORT[place]}",
        f"the {_SHORT[place]} one",
    ]
    if place == len(shown) - 1 and place:
        ways += ["the last one", "the last one", "the last"]
    return shown[place], draft.rng.choice(ways), "ordinal"


def _by_pronoun(draft: Draft, shown: tuple[Shown, ...]) -> tuple[Shown, str, str]:
    item = next((one for one in shown if one.id == draft.context.focus), shown[0])
    noun = draft.rng.choice(draft.view.domain.singulars)
    return (
        item,
        draft.rng.choice(("it", "it", "that one", "this one", "that", f"that {noun}", f"this {noun}")),
        "pronoun",
    )


def _by_fact(draft: Draft, shown: tuple[Shown, ...]) -> tuple[Shown, str, str] | None:
    """Points at an item by a fact that no other shown item has."""
    found = [
        (item, name, value) for item in shown for name, value in item.facts.items()
        if sum(value == other.facts.get(name) for other in shown) == 1
    ]  # fmt: skip
    if not found:
        return None
    item, name, value = draft.rng.choice(found)
    facet = next(facet for facet in draft.view.facets if facet.name == name)
    if facet.spec.role == "year":
        return (
            item,
            draft.rng.choice((f"the {value} one", f"the one from {value}", f"the one of {value}")),
            "description",
        )
    if facet.spec.values and facet.spec.role in ("kind", "mod"):
        said = next(one for one in facet.spec.values if one.name == value).modifiers[0]
        noun = draft.rng.choice(("one", draft.rng.choice(draft.view.domain.singulars)))
        return item, f"the {said} {noun}", "description"
    if facet.spec.phrases:
        return item, f"the one {draft.rng.choice(facet.spec.phrases).format(value)}", "description"
    return None


def _several(draft: Draft) -> str:
    shown = draft.context.shown
    ways: list[tuple[str, tuple[Shown, ...]]] = [("these", shown), ("them", shown), ("all of them", shown)]
    if len(shown) > 2:
        ways += [("the first two", shown[:2]), ("the last two", shown[-2:])] * 2
    else:
        ways += [("both", shown), ("them both", shown)]
    said, items = draft.rng.choice(ways)
    kind = "ordinal" if said.startswith("the ") else "pronoun"
    return draft.mark(said, Pointer(kind, tuple(item.id for item in items)))


def asking(draft: Draft) -> str:
    """Asks about a shown item."""
    draft.acts.add("ask_item")
    roles = {facet.spec.role for facet in draft.view.facets}
    groups = ["ask.more", "ask.field", "ask.field"] + [
        f"ask.{g}"
        for g, r in (("who", "person"), ("long", "minutes"), ("price", "price"), ("year", "year"))
        if r in roles
    ]
    facet = draft.rng.choice(draft.view.facets)
    return draft.say(draft.rng.choice(groups), r=pointed(draft), f=facet.name.replace("_", " "))


def why(draft: Draft) -> str:
    """Asks why an item was shown."""
    draft.acts.add("ask_why")
    return draft.say("why", r=pointed(draft))


def comparing(draft: Draft) -> str:
    """Asks to put items side by side."""
    draft.acts.add("compare")
    if draft.chance(0.3):
        return f"{draft.rng.choice(('compare', 'can you compare', 'what is the difference between', 'put side by side'))} {_several(draft)}"
    return draft.say("compare", a=pointed(draft), b=pointed(draft))


def accepting(draft: Draft) -> str:
    """Takes an item, or the whole slate."""
    draft.acts.add("accept")
    text = draft.say("accept.bare") if draft.chance(0.3) else draft.say("accept", r=pointed(draft))
    if draft.chance(0.25):
        draft.acts.add("thank")
        text = f"{text}{draft.rng.choice((', ', '. ', '! '))}{draft.say('thank')}"
    return text


def rejecting(draft: Draft) -> str:
    """Turns items down, perhaps asking for others."""
    draft.acts.add("reject")
    if draft.chance(0.2):
        template = draft.say("reject.all")
        word = next(w for w in ("these", "them", "those") if w in template)
        head, _, tail = template.partition(word)
        text = head + draft.mark(word, Pointer("pronoun", tuple(item.id for item in draft.context.shown))) + tail
    else:
        text = draft.say("reject", r=pointed(draft))
    return _and_more(draft, text)


def seen_shown(draft: Draft) -> str:
    """Says that a shown item is known already."""
    draft.acts.add("already_seen")
    where = _several(draft) if draft.chance(0.12) else pointed(draft)
    return _and_more(draft, draft.say("seen.ref", r=where, past=draft.rng.choice(draft.view.domain.participles)))


def judging_shown(draft: Draft) -> str:
    """Says what was thought of a shown item."""
    draft.acts.add("state_preference")
    bad = draft.chance(0.45)
    if bad:
        draft.acts.add("reject")
    return draft.say("hated" if bad else "loved", t=pointed(draft, stance={**_TASTE, "polarity": -1 if bad else 1}))


def than_shown(draft: Draft) -> str:
    """Asks for something like a shown item with a difference."""
    draft.acts |= {"request", "critique"}
    template = draft.wording.choose(draft.rng, "than.ref")
    numbers = [facet for facet in draft.view.of_role("minutes", "price", "amount") if facet.spec.less]
    than = "than" in template
    stance = None if than else {"polarity": 1, "strength": "soft", "scope": "session", "searched": False}
    difference = compared(draft, numbers if draft.chance(0.3) else [])
    return template.format(c=difference, r=pointed(draft, stance=stance))


def _and_more(draft: Draft, text: str) -> str:
    if not draft.chance(0.35):
        return text
    draft.acts.add("request")
    if draft.chance(0.5):
        return f"{text}{draft.rng.choice(('. ', ', ', ' - ', '; '))}{draft.say('more')}"
    return joined(draft, f"{text}.", draft.say("open.any", np=noun_phrase(draft, plural=False)))
