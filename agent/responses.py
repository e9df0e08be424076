"""What each plan says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from convrec.agent.answers import comparison, fact_answer, no_fact, why
from convrec.agent.checking.titles import TitleGuard
from convrec.agent.compact.language import language_of
from convrec.agent.compact.unmeasured import unfiltered, unmeasured
from convrec.agent.grounding import offered
from convrec.agent.lines import lines
from convrec.agent.llm.composer import Composer
from convrec.agent.llm.failures import ModelFailure
from convrec.agent.messages import Voice, phrase
from convrec.agent.openers import Occasion, shortfall
from convrec.agent.planner import DROP, FORGET, UNKNOWN_FACT, is_named
from convrec.agent.request import preference_predicate
from convrec.agent.state import Plan, TurnState
from convrec.agent.turn import House, Turn
from convrec.agent.wording import called, demand, is_kind, joined_by, listed, year_field
from convrec.catalogue.schema import Field
from convrec.core.predicate import Comparison, every, fields_of
from convrec.core.profile import ProfileEntry
from convrec.core.reply import Question, ReplyItem, TraceStep
from convrec.core.understanding import Preference

_TALK = ("greet", "hello", "no_new_wish", "noted", "told_of_oneself", "nothing_then", "thank", "bye")
_READ = 20_000  # characters of a message that are read


@dataclass
class Said:
    """The words of a reply and what rides with them. `about` are the items talked about beside those shown."""

    paragraphs: list[str] = field(default_factory=list)
    items: tuple[ReplyItem, ...] = ()
    question: Question | None = None
    about: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    spoken: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The reply's final text."""
        return "\n\n".join(part for part in self.paragraphs if part)


def respond(state: TurnState, turn: Turn) -> Said:
    """Returns the words for the turn's plan."""
    house = turn.house
    voice = Voice(f"{house.seed}/{state['state'].turn}/{state['text']}", state["state"].said)
    said = Said()
    if len(state["text"]) > _READ:
        said.paragraphs.append(voice.say("too_long"))
    if state["plan"].action != "refuse" and language_of(state["text"]) not in ("en", "unknown"):
        said.paragraphs.append(voice.say("other_language"))
    _BY_ACTION[state["plan"].action](said, state, turn, voice)
    said.spoken = tuple(voice.spoken)
    return said


def guard_of(state: TurnState, turn: Turn) -> TitleGuard:
    """Returns the guard that knows the titles which this thread has named or shown, this turn's slate among them."""
    held = state["state"]
    known = {*held.mentioned, *held.ever_shown, *(item.id for item in state["slate"].items), *state["plan"].about}
    catalogue = turn.house.toolbox.catalogue
    rows = (catalogue.row(item) for item in known)
    return TitleGuard(turn.house.checker, {catalogue.titles[row] for row in rows if row is not None})


def _recommend(said: Said, state: TurnState, turn: Turn, voice: Voice) -> None:
    house, slate, wanted = turn.house, state["slate"], turn.wanted
    demands = wanted.demands if wanted else ()
    if state["plan"].about:
        _facts(said, state["plan"], house, guard_of(state, turn), voice)
    before = _acknowledged(state, house, voice)
    if slate.exhausted:
        said.paragraphs += [*before, voice.say("exhausted", **house.realiser.noun_slots())]
        return
    if not slate.items:
        said.paragraphs.append(" ".join([*before, house.realiser.nothing(demands, slate.least, voice)]))
        if slate.least:
            said.question = house.realiser.which_to_drop(slate.least, DROP, voice)
            said.paragraphs.append(said.question.text)
        return
    _show(said, before, state, turn, voice)
    said.about = tuple(item.id for item in slate.items if item.id in state["plan"].named)
    _close(said, state, turn, voice)


def _show(said: Said, before: list[str], state: TurnState, turn: Turn, voice: Voice) -> None:
    """Adds the slate, after the words that stand `before` its opener."""
    slate, house, named = state["slate"], turn.house, state["plan"].named
    assert turn.wanted is not None  # where there is a slate, something was looked for
    at = Occasion(house.toolbox.catalogue, slate, slate.items, turn.wanted, state["state"])
    said.items = slate.items
    if turn.model is not None and turn.model.serves("explain") and not named and _spoken(said, before, at, state, turn):
        said.paragraphs.append(shortfall(at, voice))
        return
    since = state["plan"].since
    recalled = voice.say(state["plan"].note, day=day_words(datetime.fromisoformat(since))) if since else ""
    first, *rest = house.realiser.slate(at, named, guard_of(state, turn), voice, recalled)
    said.paragraphs += [" ".join([*before, first]), *rest]


def _spoken(said: Said, before: list[str], at: Occasion, state: TurnState, turn: Turn) -> bool:
    """Lets the model word the slate, and shows each sentence as soon as it is checked; False where nothing of it could be shown."""
    assert turn.model is not None
    guard, schema, held = guard_of(state, turn), at.catalogue.schema, state["state"]
    templated: list[str] = []  # items that code words, for the model did not or may not

    def line(item: ReplyItem, number: int) -> str:
        templated.append(item.id)
        return lines([item], number, (), schema, guard)

    check = turn.model.engine.claims.begin(
        [item.id for item in at.shown],
        known=(*held.mentioned, *held.ever_shown),
        said=" ".join([state["text"], *(constraint.label for constraint in held.constraints)]),
    )
    composer = Composer(
        at.shown,
        line,
        check.sentence,
        schema,
        turn.model.engine.secrets,
    )
    lead = "\n\n".join(part for part in (*said.paragraphs, " ".join(before)) if part)
    told = ""
    try:
        for piece in turn.model.speak(state["text"], at, composer):
            if not told and lead:
                told = lead + (" " if before else "\n\n")
                turn.say(told)
            turn.say(piece)
            told += piece
    except ModelFailure:
        return False
    finally:
        passed = composer.checked - composer.cut
        turn.watch(TraceStep(tool="claims", arguments={"lines": len(templated)}, n_in=composer.checked, n_out=passed))
    said.paragraphs = [told]
    return True


def _close(said: Said, state: TurnState, turn: Turn, voice: Voice) -> None:
    """Ends a slate with the question worth asking, or, the first time, with a word on what can be said next."""
    if state["slate"].question is not None:
        said.question = turn.house.realiser.ask(state["slate"].question, voice)
        said.paragraphs.append(said.question.text)
    elif not state["state"].slates:
        said.paragraphs.append(voice.say("closing_more"))
    pays = {"suggest_why": True, "suggest_compare": len(said.items) > 1, "suggest_older": _has_older(said, turn)}
    said.suggestions = tuple(phrase(name) for name in pays if pays[name])


def _has_older(said: Said, turn: Turn) -> bool:
    """Tells whether there is something older than all that is shown, which meets the other demands."""
    toolbox, wanted = turn.house.toolbox, turn.wanted
    year = year_field(toolbox.catalogue.schema)
    shown = [fact for item in said.items if year is not None and (fact := item.facts.get(year.name)) is not None]
    if year is None or wanted is None or not shown:
        return False
    others = (demand for demand in wanted.demands if year.name not in fields_of(demand))
    older = every(*others, Comparison(field=year.name, op="lt", value=min(shown)))
    left = toolbox.rules.offered(offered(toolbox, wanted))
    return bool((toolbox.catalogue.mask(older) & left).any())


def _acknowledged(state: TurnState, house: House, voice: Voice) -> list[str]:
    """Returns a word on what was just put aside, let go, or not found."""
    plan = state["plan"]
    said = _put_aside(state, voice)
    if plan.let_go:
        said.append(voice.say("let_go", value=listed(plan.let_go)))
    if plan.note == "unknown_title":
        said.append(voice.say("unknown_title", **house.realiser.noun_slots()))
    if not plan.named and (what := unmeasured(state["text"], house.toolbox.catalogue.schema)):
        said.append(voice.say(f"unmeasured_{what}"))
    elif not plan.named and (kept := unfiltered(state["text"], house.toolbox.catalogue)) and not _wished(state, kept):
        said.append(voice.say("unfiltered", facet=called(kept)))
    return said


def _wished(state: TurnState, about: Field) -> bool:
    """Tells whether the message wishes for a value of the field."""
    return any(p.facet == about.name for p in state["understanding"].preferences)


def _put_aside(state: TurnState, voice: Voice) -> list[str]:
    acts = state["understanding"].acts
    if "already_seen" in acts:
        return [voice.say("seen")]
    heard, shown = state["understanding"], state["state"].ever_shown
    named = {item for r in heard.references if r.kind == "title" for item in r.item_ids}
    items = [p for p in heard.preferences if p.facet == "item" and p.polarity < 0]
    disliked = [
        p.value for p in items if p.item_id in shown or (p.item_id in named and is_named(p.value, state["text"]))
    ]
    if disliked:
        return [voice.say("disliked", value=listed([f"**{title}**" for title in disliked[:3]]))]
    return [voice.say("rejected")] if items or "reject" in acts else []


def _facts(said: Said, plan: Plan, house: House, guard: TitleGuard, voice: Voice) -> None:
    catalogue = house.toolbox.catalogue
    for item in (catalogue.item(item_id) for item_id in plan.about[:4]):
        unknown = plan.note == UNKNOWN_FACT
        said.paragraphs.append(
            no_fact(item, catalogue, voice) if unknown else fact_answer(item, plan.fields, catalogue, guard, voice)
        )
    said.about = plan.about[:4]


def _answer(said: Said, state: TurnState, turn: Turn, voice: Voice) -> None:
    if turn.told:
        said.paragraphs += [
            voice.say("told", day=day_words(one.created), memory=f"“{one.quote}”") for one in turn.told[:1]
        ]
        return
    if not state["plan"].about:
        said.paragraphs.append(voice.say("which_one", **turn.house.realiser.noun_slots()))
        return
    _facts(said, state["plan"], turn.house, guard_of(state, turn), voice)


def _compare(said: Said, state: TurnState, turn: Turn, voice: Voice) -> None:
    catalogue, about = turn.house.toolbox.catalogue, state["plan"].about
    if len(about) < 2:
        said.paragraphs.append(voice.say("compare_too_few"))
        return
    turn.watch(TraceStep(tool="compare", arguments={"items": list(about)}, n_in=len(about), n_out=len(about)))
    said.paragraphs.append(comparison([catalogue.item(item) for item in about], catalogue, voice))
    said.about = about


def _explain(said: Said, state: TurnState, turn: Turn, voice: Voice) -> None:
    """Tells the reasons computed when the item was shown, which stand in the ledger, and the facts that are asked for beside."""
    if state["plan"].fields:
        _facts(said, state["plan"], turn.house, guard_of(state, turn), voice)
    turns = turn.house.ledger.showing(state["user_id"], state["thread_id"], state["plan"].about)
    shown = {item.id: item for t in turns for item in t.reply.items}
    asked = [item for item in state["plan"].about if item in shown]
    said.paragraphs += [why(shown[item], guard_of(state, turn), voice) for item in asked] or [voice.say("why_nothing")]
    said.about = tuple(asked) or said.about


def _edit(said: Said, state: TurnState, turn: Turn, voice: Voice) -> None:
    house, note, heard = turn.house, state["plan"].note, state["understanding"]
    if note in ("pause", "resume"):
        said.paragraphs.append(voice.say(f"memory_{note}d"))
    elif state["plan"].forgotten:
        gone = [entry for entry in state["profile"] if entry.id in state["plan"].forgotten]
        said.paragraphs.append(voice.say("unlearned", value="; ".join(_entry_words(entry, house) for entry in gone)))
    elif note == "unlearn":
        values = [_value_words(p, house) for p in heard.preferences]
        said.paragraphs.append(
            voice.say("unlearned", value="; ".join(values)) if values else voice.say("unlearned_nothing")
        )
    elif note == "remember":
        said.paragraphs.append(
            voice.say("remembered", value="; ".join(_taste_words(p, house) for p in heard.preferences))
        )
    else:
        if turn.paused:
            said.paragraphs.append(voice.say("memory_paused"))
            return
        lines = [f"- {_entry_words(entry, house)}" for entry in state["profile"]]
        said.paragraphs.append("\n".join([voice.say("profile"), *lines]) if lines else voice.say("profile_empty"))


def _value_words(preference: Preference, house: House) -> str:
    if preference.facet == "item":
        return f"**{preference.value}**"
    if preference.facet == "text":
        return preference.value
    schema = house.toolbox.catalogue.schema
    bounds = preference_predicate(preference, schema) if schema.field(preference.facet).measured else None
    return demand(bounds, schema) if bounds is not None else joined_by(schema.field(preference.facet), preference.value)


def _entry_words(entry: ProfileEntry, house: House) -> str:
    if entry.about:
        return f"{entry.about}: {phrase('no_longer', value=entry.value) if entry.polarity < 0 else entry.value}"
    taste = Preference(
        facet=entry.facet, value=entry.value, item_id=entry.item_id, polarity=entry.polarity, strength=entry.strength
    )
    return _taste_words(taste, house)


def _taste_words(taste: Preference, house: House) -> str:
    """Returns a taste in words: `you like Western`, `you like films directed by Jane Campion`, `never Horror`."""
    said = _value_words(taste, house)
    if taste.facet not in ("item", "text") and not is_kind(house.toolbox.catalogue.schema.field(taste.facet)):
        said = f"{house.toolbox.catalogue.schema.nouns} {said}"
    firm = taste.strength == "hard" and taste.facet != "item"
    name = ("only" if firm else "likes") if taste.polarity > 0 else ("never" if firm else "dislikes")
    return phrase(name, taste=said)


def _forget(said: Said, state: TurnState, turn: Turn, voice: Voice) -> None:
    if state["plan"].note == "confirmed":
        said.paragraphs.append(voice.say("forget_done"))
        return
    text = voice.say("forget_ask")
    said.question = Question(facet=FORGET, text=text, options=(phrase("yes"), phrase("no")))
    said.paragraphs.append(text)


def _chat(said: Said, state: TurnState, turn: Turn, voice: Voice) -> None:
    note, house = state["plan"].note, turn.house
    slots = house.realiser.noun_slots()
    if note == "accept":
        taken = [item for item in state["state"].accepted if item not in state["state"].rejected][-1:]
        title = f"**{house.toolbox.catalogue.item(taken[0]).title}**" if taken else ""
        said.paragraphs.append(voice.say("accept", title=title) if taken else voice.say("accept_all"))
        said.about = tuple(taken)
        return
    asked, shown = state["slate"].question, note == "other" and state["slate"].items
    name = "hello" if note == "greet" and asked is not None else "no_new_wish" if shown else note
    if note == "noted":
        slots["value"] = listed(
            [
                f"{entry.about} – {entry.value}"
                for entry in turn.patch.entries
                if entry.about and not entry.superseded_by
            ]
        )
    text = voice.say(name if name in _TALK else "dont_follow", **slots)
    if shown:
        _show(said, [text], state, turn, voice)
    else:
        said.paragraphs.append(text)
    if asked is not None:
        said.question = house.realiser.ask(asked, voice)
        said.paragraphs.append(said.question.text)


def day_words(moment: datetime) -> str:
    """Returns a day in words: `24 November 2026`."""
    return f"{moment.day} {moment:%B %Y}"


def _refuse(said: Said, state: TurnState, turn: Turn, voice: Voice) -> None:
    why_not = voice.say(f"refuse_{state['plan'].note}")
    said.paragraphs.append(f"{why_not} {voice.say('refuse_offer', **turn.house.realiser.noun_slots())}")


_BY_ACTION: Mapping[str, Callable[[Said, TurnState, Turn, Voice], None]] = {
    "recommend": _recommend, "ask": _recommend, "answer": _answer, "compare": _compare, "explain": _explain,
    "edit": _edit, "forget": _forget, "chat": _chat, "refuse": _refuse,
}  # fmt: skip
