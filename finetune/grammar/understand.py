"""Examples of the task `understand`: a catalogue's schema, what came before, a message, and what the message says."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from convrec.finetune.grammar import pointing, scenarios
from convrec.finetune.grammar.domains import Domain, domains
from convrec.finetune.grammar.draft import Context, Draft, Shown, dumped
from convrec.finetune.grammar.names import Names
from convrec.finetune.grammar.schema import View, draw_value, draw_view
from convrec.finetune.grammar.wording import Wording

Scene = Callable[[Draft], str]
_ANYWHERE: tuple[tuple[Scene, int], ...] = (
    (scenarios.request, 30), (scenarios.hedged, 2), (scenarios.ruling_out, 8), (scenarios.correction, 8), (scenarios.taste, 8), (scenarios.mixed_taste, 3),
    (scenarios.comparative, 4), (scenarios.more, 2), (scenarios.small_talk, 4), (scenarios.profile, 4), (pointing.judging, 7),
    (pointing.judging_then_asking, 5), (pointing.seen_title, 3), (pointing.like_title, 6), (pointing.lookup, 3), (pointing.than_title, 2),
)  # fmt: skip
_SHOWN: tuple[tuple[Scene, int], ...] = (
    (pointing.asking, 7), (pointing.why, 4), (pointing.comparing, 4), (pointing.accepting, 5), (pointing.rejecting, 6), (pointing.seen_shown, 6),
    (pointing.judging_shown, 4), (pointing.than_shown, 5), (scenarios.comparative, 5), (scenarios.ruling_out, 5), (scenarios.correction, 5),
    (scenarios.more, 3), (scenarios.request, 6), (pointing.judging, 2), (pointing.like_title, 2), (pointing.lookup, 1),
)  # fmt: skip


@dataclass(frozen=True)
class Turn:
    """One user turn of an example: the prompt's text and the gold answer."""

    prompt: str
    answer: dict[str, Any]
    message: str
    context: Context


def _item(rng: Random, view: View, names: Names) -> Shown:
    facts = {}
    for facet in rng.sample(view.facets, min(len(view.facets), rng.choice((0, 1, 2, 3)))):
        if facet.spec.role == "year":
            facts[facet.name] = str(rng.randint(1950, view.today))
        elif facet.spec.values or facet.spec.generator:
            facts[facet.name] = draw_value(rng, facet, names).name
    return Shown(names.item_id(rng), names.title(rng), facts)


def _context(rng: Random, view: View, names: Names, wording: Wording) -> Context:
    roll = rng.random()
    if roll < 0.42:
        return Context()
    shown = tuple(_item(rng, view, names) for _ in range(rng.randint(1, 5))) if roll < 0.85 else ()
    focus = rng.choice(shown).id if shown and rng.random() < 0.4 else ""
    asked = ""
    if roll > 0.78:
        facet = rng.choice([facet for facet in view.facets if facet.spec.role != "bool"])
        asked = wording.choose(rng, "ask.back").format(f=facet.name.replace("_", " "))
    earlier = ""
    if rng.random() < 0.3:
        draft = Draft(rng, view, names, wording, Context())
        earlier, _ = draft.finish(scenarios.request(draft))
    return Context(shown, focus, asked, earlier)


def _scene(rng: Random, context: Context) -> Scene:
    if context.asked and rng.random() < 0.75:
        return scenarios.answer
    table = _SHOWN if context.shown and rng.random() < 0.8 else _ANYWHERE
    return rng.choices([scene for scene, _ in table], [weight for _, weight in table])[0]


def _dressed(draft: Draft, text: str) -> str:
    """Returns the text with what people put around a message."""
    rng = draft.rng
    if draft.chance(0.14):
        text = draft.say("lead") + text
    if draft.chance(0.12):
        text = text.rstrip(".") + draft.say("trail")
    if draft.chance(0.09):
        text = draft.say("aside") + text
    if draft.chance(0.07) and not draft.acts & {"greet", "bye", "thank"}:
        draft.acts.add("greet")
        text = f"{draft.say('greet').rstrip('!')}{rng.choice((', ', '! ', '. ', ' '))}{text}"
    if draft.chance(0.3) and not text.endswith(("?", ".", "!", ")")):
        text += rng.choice((".", ".", ".", "!"))
    return text


def write_turn(rng: Random, view: View, names: Names, wording: Wording, context: Context | None = None) -> Turn:
    """Returns one message about the catalogue, with what came before it (drawn too, unless it is given) and what it says."""
    context = _context(rng, view, names, wording) if context is None else context
    draft = Draft(rng, view, names, wording, context)
    text = _dressed(draft, _scene(rng, context)(draft))
    message, answer = draft.finish(text)
    return Turn(f"{context.render()}message: {message}", answer, message, context)


def write_catalogue(rng: Random, names: Names, *, held_out: bool = False) -> View:
    """Returns the schema of a catalogue of any domain of one split."""
    found = domains(held_out=held_out)
    films = [domain for domain in found if domain.name == "films"]
    domain: Domain = rng.choice((*found, *films, *films))
    return draw_view(rng, domain, names)


def understand_example(
    rng: Random, names: Names, wording: Wording, *, held_out: bool = False, turns: int = 0
) -> list[tuple[str, str]]:
    """Returns an example as `(role, text)`: a schema and one to five unrelated messages, each with its answer."""
    view = write_catalogue(rng, names, held_out=held_out)
    messages: list[tuple[str, str]] = [("system", f"understand\n{view.render()}")]
    for _ in range(turns or rng.choice((1, 2, 3, 4, 5))):
        turn = write_turn(rng, view, names, wording)
        messages += [("user", turn.prompt), ("assistant", dumped(turn.answer))]
    return messages
