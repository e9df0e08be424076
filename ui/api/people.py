"""What is known of people, over HTTP: to see, edit, take away and forget; their conversations; their clicks."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from convrec.agent.agent import Agent
from convrec.core.ids import checked_id
from convrec.ui.api.problems import ProblemError
from convrec.ui.api.service import CallerOf, ServiceOf, UserOf, decoded, problems
from convrec.ui.api.shapes import FeedbackBody, ProfilePatch

router = APIRouter(tags=["people"])


@router.post("/v1/feedback", status_code=204, responses=problems(404))
async def feedback(body: FeedbackBody, service: ServiceOf, caller: CallerOf) -> Response:
    """Stores a click; a like, a dislike or "seen" changes the very next slate."""
    user_id = caller.user_id(body.user_id)
    click = body.model_dump(include={"item_id", "event", "thread_id", "turn"})
    await service.run(lambda: service.agent.feedback(user_id=user_id, **click))
    return Response(status_code=204)


@router.get("/v1/users/{user_id:path}/profile", responses=problems())
async def profile(user: UserOf, service: ServiceOf) -> dict[str, Any]:
    """Shows what is remembered about a user."""
    return await service.run(lambda: _profile(service.agent, user))


@router.patch("/v1/users/{user_id:path}/profile", responses=problems(404))
async def edit_profile(body: ProfilePatch, user: UserOf, service: ServiceOf) -> dict[str, Any]:
    """Changes what is remembered about a user, all of it or nothing."""

    def edited() -> dict[str, Any]:
        service.agent.edit_profile(user, add=body.add, update=body.update, remove=body.remove)
        return _profile(service.agent, user)

    return await service.run(edited)


@router.get("/v1/users/{user_id:path}/export", responses=problems())
async def export(user: UserOf, service: ServiceOf) -> dict[str, Any]:
    """Returns everything stored about a user."""
    return await service.run(lambda: service.agent.export(user))


@router.get("/v1/users/{user_id:path}/threads", responses=problems())
async def threads(user: UserOf, service: ServiceOf) -> dict[str, Any]:
    """Lists a user's conversations, the latest first."""
    found = await service.run(lambda: service.agent.threads(user))
    return {"user_id": user, "threads": [vars(thread) for thread in found]}


@router.get("/v1/users/{user_id:path}/threads/{thread_id}", responses=problems(404))
async def thread(thread_id: str, user: UserOf, service: ServiceOf) -> dict[str, Any]:
    """Returns a conversation's turns, in order."""
    name = checked_id(decoded(thread_id), "thread id")
    turns = await service.run(
        lambda: [
            {"turn": t.turn, "created": t.created, "text": t.text, "reply": t.reply.model_dump(mode="json")}
            for t in service.agent.thread(user, name)
        ]
    )
    if not turns:
        raise ProblemError(404, "There is no such conversation.")
    return {"user_id": user, "thread_id": name, "turns": turns}


@router.delete("/v1/users/{user_id:path}/threads/{thread_id}", responses=problems(404))
async def delete_thread(thread_id: str, user: UserOf, service: ServiceOf) -> dict[str, Any]:
    """Deletes a conversation; what it taught the profile stays."""
    name = checked_id(decoded(thread_id), "thread id")
    deleted = await service.run(lambda: service.agent.delete_thread(user, name))
    if not deleted["turns"]:
        raise ProblemError(404, "There is no such conversation.")
    return {"user_id": user, "thread_id": name, "deleted": deleted}


@router.delete("/v1/users/{user_id:path}", responses=problems())
async def forget(user: UserOf, service: ServiceOf) -> dict[str, Any]:
    """Forgets a user: everything about them is deleted, which a second look verifies."""
    receipt = await service.run(lambda: service.agent.forget(user))
    return {"user_id": receipt.user_id, "deleted": dict(receipt.deleted), "verified": receipt.verified}


def _profile(agent: Agent, user_id: str) -> dict[str, Any]:
    entries = [entry.model_dump(mode="json") for entry in agent.profile(user_id)]
    return {"user_id": user_id, "paused": agent.memory_paused(user_id), "entries": entries}
