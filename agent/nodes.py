"""The seven nodes of a turn, pure between `recall` and `remember`: each takes the graph's state and returns what it adds."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from langgraph.runtime import Runtime

from convrec.agent.compact.asked import asked_fields
from convrec.agent.compact.message import Message
from convrec.agent.controller import explore
from convrec.agent.departed import heard_of_those_there, held_of_those_there, planned_of_those_there
from convrec.agent.elicitation import picked
from convrec.agent.grounding import ground as ground_slate
from convrec.agent.lookback import about_memory, without_last
from convrec.agent.memory.learning import Learner, Origin, Patch, unlearn
from convrec.agent.planner import DROP, FORGET, TOLD, presented, wants_quiet
from convrec.agent.planner import decide as decide_plan
from convrec.agent.refusals import refusal
from convrec.agent.releases import dropped, let_go, unsaid, withdrawn, without
from convrec.agent.request import Wanted, spoken_of, wanted
from convrec.agent.responses import guard_of
from convrec.agent.responses import respond as respond_in_words
from convrec.agent.state import REPLY, DialogueState, Plan, Slate, TurnState
from convrec.agent.stores.records import Commit, Feedback, Vector
from convrec.agent.turn import Turn
from convrec.agent.wishes import absorb
from convrec.agent.yielding import giving_way
from convrec.core.profile import ProfileEntry
from convrec.core.reply import CandidatesEvent, PlanEvent, Reply
from convrec.core.understanding import Understanding

_AGAIN = re.compile(r"(?:^|[.!,] )(?:and|what about|how about) [^.!?,]+\?$", re.IGNORECASE)  # asks the same of another
SEARCHING = ("greet", "other")  # small talk that ends in a question drawn from the catalogue


def recall(state: TurnState, runtime: Runtime[Turn]) -> TurnState:
    """Takes the thread's state and the user's profile from the ledger, which is the truth; the checkpoint is not trusted."""
    runtime.context.emit = runtime.stream_writer
    ledger, user_id, thread_id = runtime.context.house.ledger, state["user_id"], state["thread_id"]
    held = ledger.state(user_id, thread_id)
    held = runtime.context.led if runtime.context.led is not None and not held.turn else held
    clicks = ledger.feedback(user_id, thread_id)
    runtime.context.paused = ledger.paused(user_id)
    runtime.context.known = ledger.profile(user_id)
    profile = () if runtime.context.paused else runtime.context.house.memory.unexpired(runtime.context.known)
    state_now = held_of_those_there(clicked_away(held, clicks), runtime.context.house.toolbox.catalogue)
    return {"state": state_now, "profile": profile}


def clicked_away(state: DialogueState, clicks: Sequence[Feedback]) -> DialogueState:
    """Returns the state with the items put aside that buttons marked as disliked or seen in this thread."""
    rejected = {click.item_id for click in clicks if click.event == "dislike"} - set(state.rejected)
    seen = {click.item_id for click in clicks if click.event == "seen"} - set(state.seen)
    return state.model_copy(
        update={"rejected": (*state.rejected, *sorted(rejected)), "seen": (*state.seen, *sorted(seen))}
    )


def understand(state: TurnState, runtime: Runtime[Turn]) -> TurnState:
    """Understands the message, unless it is refused; an answer by its place among the options ("the second") as that option."""
    text, before = state["text"], state["state"]
    if refusal(text) is not None:
        return {"understanding": Understanding(acts=("other",))}
    option = picked(before.question, text) if before.question is not None else None
    turn = runtime.context
    heard = turn.house.engine.understand(option or text, before)
    turn.hearing = None if turn.paused else turn.house.memory.hear(text)  # begun now: the plan waits for no word of it
    if (
        turn.model is not None
        and option is None
        and (before.question is None or before.question.facet not in (DROP, FORGET))
    ):
        heard, step = turn.model.understand(text, before, heard)
        if step is not None:
            turn.watch(step)
    if option is not None:
        whole = tuple(p.model_copy(update={"span": (0, len(text))}) for p in heard.preferences)
        heard = heard.model_copy(update={"preferences": whole})
    return {"understanding": heard_of_those_there(heard, turn.house.toolbox.catalogue)}


def decide(state: TurnState, runtime: Runtime[Turn]) -> TurnState:
    """Lets the message change what the thread holds, and makes the plan; one that is refused changes nothing."""
    turn, house, before, heard = runtime.context, runtime.context.house, state["state"], state["understanding"]
    plan = _apart_from_wishes(state, turn)
    if plan is not None:
        _announce(plan, turn)
        before = without_last(before) if plan.note == "unsay" else before
        return {"state": before.model_copy(update={"turn": before.turn + 1, "question": None}), "plan": plan}
    schema = house.toolbox.catalogue.schema
    asked_to_drop = before.question is not None and before.question.facet == DROP and "ask_item" not in heard.acts
    let_go_of = dropped(before, state["text"]) if asked_to_drop else ()
    freed = without(before, let_go_of) if let_go_of else None
    before = before if freed is not None or "edit_profile" in heard.acts else withdrawn(before, state["text"])
    back, heard = unsaid(heard, state["text"]) if "edit_profile" not in heard.acts else ((), heard)
    if back:
        freed = let_go(before, back)
    elif freed is not None:
        heard = Understanding(acts=("answer",), query=heard.query)
    catalogue = house.toolbox.catalogue
    after = absorb(
        freed or before, heard, state["text"], before.turn + 1, schema, lambda p: bool(catalogue.mask(p).any())
    )
    again = before.told if _AGAIN.search(state["text"].strip()) else ()
    asked = asked_fields(_untitled(state["text"], heard), schema, catalogue) or again
    after = held_of_those_there(after, catalogue)
    plan = planned_of_those_there(decide_plan(heard, before, state["text"], asked), catalogue)
    plan = presented(plan, before, catalogue.item(plan.about[0]).title, state["text"]) if plan.about else plan
    if (freed is not None and asked_to_drop) or before is not state["state"]:
        left = freed.constraints if freed is not None else before.constraints
        gone = tuple(c.label for c in state["state"].constraints if c not in left)
        plan = plan.model_copy(update={"let_go": gone})
    if plan.note == "unknown_title":
        kept = tuple(h for h in after.held if h.preference.facet != "text" or h.turn < after.turn)
        after = after.model_copy(update={"held": kept})  # the name of something that is not here is no taste
    if plan.action == "edit" and plan.note == "unlearn":
        turn.patch = unlearn(state["profile"], heard.preferences)
        after = let_go(before.model_copy(update={"turn": after.turn}), heard.preferences)
    elif turn.hearing is not None:
        origin = Origin(state["thread_id"], after.turn, house.clock.now(), state["text"])
        turn.learner = Learner(state["profile"], origin, house.new_id)
        turn.learner.tastes(heard)
        turn.patch = Patch(turn.learner.patch.entries, unlearn(state["profile"], back).removed)
    if plan.action == "chat" and plan.note in (*SEARCHING, TOLD):
        _learn_facts(turn)
        told = any(entry.about for entry in turn.patch.entries)
        plan = plan.model_copy(update={"note": "noted"}) if told else plan
    _announce(plan, turn)
    profile = _patched(state, turn.patch)
    return {
        "state": after.model_copy(update={"question": None, "quiet": wants_quiet(state["text"], before.quiet)}),
        "plan": plan,
        "profile": profile,
        "understanding": heard,
    }


def _announce(plan: Plan, turn: Turn) -> None:
    """Tells whoever follows the stream what the turn will do."""
    detail = plan.model_dump(mode="json", exclude={"action"}, exclude_defaults=True)
    turn.emit(PlanEvent(action=plan.action, detail=detail))


def _learn_facts(turn: Turn) -> None:
    """Adds the facts that the message tells of its writer to what is learned; they take the longest to hear, and rank nothing."""
    if turn.hearing is not None and turn.learner is not None:
        turn.learner.facts(turn.hearing.facts)
        turn.patch, turn.learner = replace(turn.patch, entries=turn.learner.patch.entries), None


def _untitled(text: str, heard: Understanding) -> Message:
    """Returns the message without the titles that it names, whose words ask for nothing: "is Harbour Kitchen open?"."""
    message = Message(text)
    named = [reference.span for reference in heard.references if reference.kind == "title"]
    return message.masking([message.tokens_of(span) for span in named])


def _apart_from_wishes(state: TurnState, turn: Turn) -> Plan | None:
    """Returns the plan for a message that is refused or about the memory: it changes no wish."""
    refused = refusal(state["text"])
    return about_memory(state, turn) if refused is None else Plan(action="refuse", note=refused)


def _patched(state: TurnState, patch: Patch) -> tuple[ProfileEntry, ...]:
    written = {entry.id: entry for entry in patch.entries}
    kept = [written.pop(e.id, e) for e in state["profile"] if e.id not in patch.removed]
    return tuple(e for e in (*kept, *written.values()) if e.superseded_by is None)


def act(state: TurnState, runtime: Runtime[Turn]) -> TurnState:
    """Runs the tools, when the plan needs them; candidates stay in the turn's workspace."""
    turn, house, plan = runtime.context, runtime.context.house, state["plan"]
    if not searches(plan):
        return {}
    held = state["state"]
    turn.wanted = _wanted(state, held, turn)
    gone = () if plan.named else giving_way(house.toolbox, turn.wanted, held)
    if gone:
        held = without(held, gone)
        turn.wanted = _wanted(state, held, turn)
        plan = plan.model_copy(update={"let_go": (*plan.let_go, *(c.label for c in gone))})
    choose = turn.model.chooser(house.settings.policy) if turn.model is not None else None
    turn.explored = explore(house.toolbox, turn.wanted.request, house.settings.policy, turn.watch, choose)
    if turn.model is not None and not plan.named and turn.wanted.request.order is None:
        turn.explored = turn.model.ranked(turn.explored)
    turn.emit(CandidatesEvent(n=turn.explored.found.n_allowed, of=len(house.toolbox.catalogue)))
    return {"state": held, "plan": plan}


def _wanted(state: TurnState, held: DialogueState, turn: Turn) -> Wanted:
    house = turn.house
    found = wanted(
        held, state["profile"], house.toolbox.catalogue, house.clock.now(),
        named=state["plan"].named, spoken_of=spoken_of(state["understanding"], held, state["text"]), half_life_days=house.settings.memory.half_life_days, k=house.settings.retrieval.candidates,
    )  # fmt: skip
    return replace(found, request=replace(found.request, **turn.dials.model_dump()))


def searches(plan: Plan) -> bool:
    """Tells whether the plan needs candidates."""
    return plan.action in ("recommend", "ask") or (plan.action == "chat" and plan.note in SEARCHING)


def ground(state: TurnState, runtime: Runtime[Turn]) -> TurnState:
    """Makes the slate from the candidates."""
    turn, house = runtime.context, runtime.context.house
    if turn.explored is None or turn.wanted is None:
        return {"slate": Slate()}
    slate = ground_slate(
        house.toolbox,
        turn.explored,
        turn.wanted,
        state["state"],
        state["plan"],
        house.settings.policy,
        state["thread_id"],
        house.asking,
    )
    return {"slate": slate}


def respond(state: TurnState, runtime: Runtime[Turn]) -> TurnState:
    """Words the reply."""
    turn, house = runtime.context, runtime.context.house
    said = respond_in_words(state, turn)
    held = _summarised(state, turn)
    reply = Reply(
        text=said.text, items=said.items, question=said.question, understanding=state["understanding"], trace=tuple(turn.steps),
        user_id=state["user_id"], thread_id=state["thread_id"], turn=state["state"].turn, ms=round(turn.ms, 3),
        versions=house.toolbox.versions, suggestions=said.suggestions, **_of_model(turn),
    )  # fmt: skip
    after = carried_on(held, reply, said.about, said.spoken)
    told = state["plan"].fields if state["plan"].action == "answer" else ()
    return {"reply": reply, "state": after.model_copy(update={"told": told})}


def _summarised(state: TurnState, turn: Turn) -> DialogueState:
    """Returns the thread's state with its older turns summarised, where a model goes on with a long one; what is to be unlearned is in no summary."""
    held, plan = state["state"], state["plan"]
    if turn.model is None or plan.action == "forget":
        return held
    if plan.action == "edit" and plan.note == "unlearn":
        return held.model_copy(update={"summary": "", "summarised": held.turn})
    turns = lambda: turn.house.ledger.turns(state["user_id"], state["thread_id"])  # noqa: E731
    return turn.model.summarised(held, turns, guard_of(state, turn))


def _of_model(turn: Turn) -> dict[str, Any]:
    """Returns what a reply says of the model: which engine it came from, what was done without it, what it cost."""
    if turn.model is None:
        return {}
    return {"engine": turn.model.name, "fallback": turn.model.budget.fallback, "usage": turn.model.budget.usage}


def carried_on(state: DialogueState, reply: Reply, about: tuple[str, ...], spoken: tuple[str, ...]) -> DialogueState:
    """Returns the thread's state after the reply: what was shown, asked and said."""
    shown = tuple(item.id for item in reply.items)
    asked = reply.question.facet if reply.question else None
    return state.model_copy(update={
        "slates": (*state.slates, shown)[-50:] if shown else state.slates,
        "focus": (*(i for i in state.focus if i not in about and not shown), *about)[-8:],
        "question": reply.question,
        "questions_in_row": state.questions_in_row + 1 if asked else 0,
        "asked": tuple(dict.fromkeys((*state.asked, asked))) if asked else state.asked,
        "said": (*state.said, *spoken)[-60:],
        "reply": reply.text[-REPLY:],
    })  # fmt: skip


def remember(state: TurnState, runtime: Runtime[Turn]) -> TurnState:
    """Commits the turn whole; only then may the reply be sent."""
    turn, house = runtime.context, runtime.context.house
    if state["plan"].action == "forget" and state["plan"].note == "confirmed":
        turn.forgotten = True  # nothing is written; the agent deletes what there is, this thread's checkpoint included
        return {"dialogue": DialogueState().model_dump(mode="json")}
    _learn_facts(turn)
    commit = Commit(
        text=state["text"],
        reply=state["reply"],
        state=state["state"],
        request_id=state["request_id"],
        generation=turn.generation,
        entries=turn.patch.entries,
        removed_entries=turn.patch.removed,
        created=house.clock.now(),
        vectors=_vectors(state, turn),
        pausing=turn.pausing,
        known=turn.known,
    )
    house.ledger.commit(commit)
    return {"dialogue": state["state"].model_dump(mode="json")}


def _vectors(state: TurnState, turn: Turn) -> tuple[Vector, ...]:
    """Returns the meanings by which what was said and learned is found again; none while nothing is to be remembered."""
    if turn.paused:
        return ()
    memory = turn.house.memory
    hearing = turn.hearing or memory.hear(state["text"])
    return (*memory.vectors(turn.patch.entries), *memory.of_turn(state["thread_id"], state["state"].turn, hearing))
