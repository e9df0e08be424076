"""What a browsing person does when they see a slate: each act returns a remark, or None where the slate gives no cause."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from convrec.evaluation.sessions.browser_changes import Change, changes
from convrec.evaluation.sessions.browser_facts import Mind, closeness, holds
from convrec.evaluation.sessions.browser_habits import Act
from convrec.evaluation.sessions.browser_wishes import Wish, Wording, reference
from convrec.evaluation.sessions.people import Item, Statement


@dataclass(frozen=True)
class Remark:
    """Words with what they mean, as yet without a manner of speech. `wishes` are those that a person may come back to."""

    text: str
    statements: tuple[Statement, ...] = ()
    wishes: tuple[Wish, ...] = ()
    retracted: tuple[Statement, ...] = ()


@dataclass(frozen=True)
class Scene:
    """What a person has before them: what they have in mind, the slate, what they liked, saw and said before."""

    mind: Mind
    slate: tuple[Item, ...]
    wording: Wording
    liked: tuple[Item, ...] = ()
    before: frozenset[str] = frozenset()
    said: tuple[Wish, ...] = ()
    answered: bool = False

    def ref(self, place: int, rng: random.Random) -> str:
        """Returns the words that point to the item at a place of the slate."""
        return reference(self.slate, place, self.wording.phrases, self.mind, rng)

    def by_closeness(self) -> list[int]:
        """Returns the places of the slate, that of the item nearest to what is wanted first."""
        near = {place: self.near(place) for place in range(len(self.slate))}
        return sorted(near, key=lambda place: -near[place])

    def near(self, place: int) -> float:
        """Returns how close the item at a place comes, 0 to 1."""
        return closeness(self.slate[place].facts, self.mind.facts, self.wording.schema)

    def likeable(self) -> list[Item]:
        """Returns what they liked and may name."""
        return [item for item in self.liked if self.mind.secrets.allows(item.title) and len(item.title) <= 60]


def remark_on(change: Change, text: str, *others: Statement) -> Remark:
    """Returns a remark that asks for a change."""
    return Remark(text, (*others, change.statement), (change.wish,) if change.wish else ())


def wished(wish: Wish, what: str, hard: bool, scene: Scene, rng: random.Random) -> Remark:
    """Returns a remark that says a wish by the templates named, as a demand or a leaning."""
    wish = replace(wish, statement=replace(wish.statement, hard=hard))
    text = scene.wording.say(f"{what}_{wish.kind}", rng, it=wish.text)
    return Remark(text, (wish.statement,), (wish,))


def toward(item: Item) -> Statement:
    """Returns the leaning towards an item."""
    return Statement("item", item.id, 1, hard=False)


def away(item: Item) -> Statement:
    """Returns that an item is ruled out."""
    return Statement("item", item.id, -1)


def critique(scene: Scene, rng: random.Random) -> Remark | None:
    """Asks for something other than a shown item in one or two respects."""
    if not scene.slate:
        return None
    if len(scene.slate) > 1 and rng.random() < 0.2:
        return _critique_all(scene, rng)
    near = scene.by_closeness()
    place = near[0] if rng.random() < 0.6 else rng.choice(near)
    found = changes([scene.slate[place]], scene.mind, scene.wording, rng)
    if not found:
        return None
    change = rng.choice(found)
    if change.relative and rng.random() < 0.6:
        hard = rng.random() < 0.15
        said = "must_compare" if hard else "compared_to"
        text = scene.wording.say(said, rng, change=change.text, ref=scene.ref(place, rng))
        return Remark(text, (replace(change.statement, hard=hard),))
    return _changed(scene, place, change, found, rng)


def _critique_all(scene: Scene, rng: random.Random) -> Remark | None:
    found = [change for change in changes(scene.slate, scene.mind, scene.wording, rng) if change.relative]
    if not found:
        return None
    change = rng.choice(found)
    return remark_on(change, scene.wording.say("compared_to_all", rng, change=change.text))


def _changed(scene: Scene, place: int, change: Change, found: list[Change], rng: random.Random) -> Remark:
    """Returns "the second one but less crime and more comedy"."""
    facet = change.statement.facet
    ends = change.statement.polarity if change.wish and change.wish.plain else 0
    pairs = [c for c in found if c.statement.facet == facet and c.statement.polarity == -ends] if ends else []
    others = pairs or [c for c in found if c.statement.facet != facet]
    chosen = [change] + ([rng.choice(others)] if others and rng.random() < 0.35 else [])
    chosen.sort(key=lambda part: "not " in part.text)  # "not thai and korean" would rule out both
    words = " and ".join(part.text for part in chosen)
    text = scene.wording.say("change_of", rng, ref=scene.ref(place, rng), change=words)
    statements = (toward(scene.slate[place]), *(part.statement for part in chosen))
    return Remark(text, statements, tuple(part.wish for part in chosen if part.wish))


def refuse(scene: Scene, rng: random.Random) -> Remark | None:
    """Rejects the slate or one item of it, with the reason where there is one that can be named."""
    if not scene.slate:
        return None
    whole = len(scene.slate) == 1 or rng.random() < 0.6
    places = list(range(len(scene.slate))) if whole else [rng.choice(scene.by_closeness()[1:])]
    items = [scene.slate[place] for place in places]
    found = [change for change in changes(items, scene.mind, scene.wording, rng) if change.fault]
    gone = tuple(away(item) for item in items)
    if not found:
        return Remark(scene.wording.say("refuse_blank", rng), gone) if whole and len(items) > 1 else None
    change = rng.choice(found)
    what = "refuse_only" if len(scene.slate) == 1 else "refuse_all" if whole else "refuse_one"
    slots = {"why": change.fault} | ({"ref": scene.ref(places[0], rng)} if what == "refuse_one" else {})
    return remark_on(change, scene.wording.say(what, rng, **slots), *gone)


def praise(scene: Scene, rng: random.Random) -> Remark | None:
    """Says which shown item comes closest, half the time with what would make it better."""
    near = scene.by_closeness()
    if not near or scene.near(near[0]) < 0.2:
        return None
    item, ref = scene.slate[near[0]], scene.ref(near[0], rng)
    found = [c for c in changes([item], scene.mind, scene.wording, rng) if _gentle(c)]
    if found and rng.random() < 0.5:
        change = rng.choice(found)
        return remark_on(change, scene.wording.say("praise_but", rng, ref=ref, change=change.text), toward(item))
    return Remark(scene.wording.say("praise", rng, ref=ref), (toward(item),))


def _gentle(change: Change) -> bool:
    """Returns whether a change fits into praise: no demand, nothing ruled out but "less" of a kind."""
    return not change.statement.hard and "not " not in change.text


def compare(scene: Scene, rng: random.Random) -> Remark | None:
    """Prefers one of two shown items to the other, for what it has of what is wanted and the other has not."""
    if len(scene.slate) < 2:
        return None
    first, second = sorted(rng.sample(range(len(scene.slate)), 2), key=lambda place: -scene.near(place))
    better, worse = scene.slate[first], scene.slate[second]
    if scene.near(first) - scene.near(second) < 0.05:
        return None
    refs = {"ref": scene.ref(first, rng), "other": scene.ref(second, rng)}
    schema = scene.wording.schema
    reasons = [
        wish
        for field in schema.of_type("category", "tags", "bool")
        for wish in scene.wording.wishes(scene.mind, field)
        if holds(wish.statement, better, schema) and not holds(wish.statement, worse, schema)
    ]
    if not reasons or rng.random() < 0.3:
        return Remark(scene.wording.say("compare", rng, **refs), (toward(better),))
    wish = rng.choice(reasons)
    text = scene.wording.say(f"compare_{wish.kind}", rng, it=wish.text, **refs)
    return Remark(text, (toward(better), wish.statement), (wish,))


def recognise(scene: Scene, rng: random.Random) -> Remark | None:
    """Knows a shown item: one that they liked before, or one that they claim to have had."""
    if not scene.slate:
        return None
    liked = {item.id for item in scene.liked}
    dear = [place for place, item in enumerate(scene.slate) if item.id in liked]
    if dear:
        place = rng.choice(dear)
        return Remark(scene.wording.say("known_liked", rng, ref=scene.ref(place, rng)), (toward(scene.slate[place]),))
    place = rng.randrange(len(scene.slate))
    verb = scene.wording.phrases.verb(scene.wording.schema)
    text = scene.wording.say("known_one", rng, ref=scene.ref(place, rng), verb=verb)
    return Remark(text, (away(scene.slate[place]),))


def wander(scene: Scene, rng: random.Random) -> Remark | None:
    """Brings up something new: a wish, something to avoid, or what they liked."""
    liked = scene.likeable()
    if liked and rng.random() < 0.15:
        item = rng.choice(liked)
        title = " ".join(item.title.split())
        return Remark(scene.wording.say("liked_again", rng, title=title), (toward(item),))
    if rng.random() < 0.15 and (unwanted := _unwanted(scene, rng)):
        hard = rng.random() < 0.5
        return wished(unwanted, "never" if hard else "less", hard, scene, rng)
    wish = scene.wording.any_wish(scene.mind, rng, scene.said)
    if wish is None:
        return None
    hard = rng.random() < 0.2
    if wish.statement.polarity < 0:
        return wished(wish, "never" if hard else "less", hard, scene, rng)
    return wished(wish, "must" if hard else "wish", hard, scene, rng)


def _unwanted(scene: Scene, rng: random.Random) -> Wish | None:
    """Returns a wish against a common value of a field, one that is seen on the slate if there is one."""
    schema = scene.wording.schema
    fields = [field for field in schema.of_type("category", "tags") if scene.mind.values(field)]
    found = [scene.wording.value(field, value, -1) for field in fields for value in scene.mind.others(field)]
    seen = [wish for wish in found if any(not holds(wish.statement, item, schema) for item in scene.slate)]
    return rng.choice(seen or found) if found else None


def more(scene: Scene, rng: random.Random) -> Remark | None:
    """Asks for others."""
    return Remark(scene.wording.say("more", rng))


def complain(scene: Scene, rng: random.Random) -> Remark | None:
    """Complains: of an empty slate, a repeated item, an ignored wish, or in general."""
    if not scene.slate:
        return None if scene.answered else Remark(scene.wording.say("complain_nothing", rng))
    again = [place for place, item in enumerate(scene.slate) if item.id in scene.before]
    if again:
        place = rng.choice(again)
        text = scene.wording.say("complain_repeat", rng, ref=scene.ref(place, rng))
        return Remark(text, (away(scene.slate[place]),))
    schema = scene.wording.schema
    ignored = [
        wish
        for wish in scene.said
        if wish.statement.true and not any(holds(wish.statement, item, schema) for item in scene.slate)
    ]
    if ignored:
        wish = rng.choice(ignored)
        return Remark(scene.wording.say("complain_ignored", rng, wish=wish.named), (wish.statement,))
    return Remark(scene.wording.say("complain", rng))


ACTS: Mapping[Act, Callable[[Scene, random.Random], Remark | None]] = {
    "critique": critique,
    "refuse": refuse,
    "praise": praise,
    "compare": compare,
    "recognise": recognise,
    "wander": wander,
    "more": more,
    "complain": complain,
}
