"""Signing in, up and out, and changing one's password, over HTTP."""

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from convrec.agent.stores.records import Forgotten
from convrec.core.errors import BusyError, ConvrecError, InputError
from convrec.core.settings import Auth
from convrec.ui.auth.crossing import is_crossing
from convrec.ui.auth.drawing import page
from convrec.ui.auth.guessing import Guessing
from convrec.ui.auth.names import SHORTEST, user_id_of
from convrec.ui.auth.oidc import OidcError, Provider
from convrec.ui.auth.passwords import Passwords
from convrec.ui.auth.proxy import UnprovenError
from convrec.ui.auth.visitors import FLOW, GUEST, Visitor, Visitors, cookie, drop_cookie, set_cookie

if TYPE_CHECKING:
    from convrec.agent.agent import Agent
    from convrec.agent.stores.accounts import Account

CALLBACK = "/sign-in/oidc/callback"
_FLOW_S = 600
_MOST_FORM_BYTES = 20_000
_WRONG = "The name or the password is not right."
_log = logging.getLogger(__name__)


class SignIn:
    """The routes by which people come and go."""

    def __init__(
        self, agent: "Agent", settings: Auth, visitors: Visitors, passwords: Passwords, guessing: Guessing, provider: Provider | None = None
    ) -> None:  # fmt: skip
        self._agent, self._settings, self._visitors = agent, settings, visitors
        self._passwords, self._guessing, self._provider = passwords, guessing, provider

    @property
    def routes(self) -> list[Route]:
        """The routes that the settings open."""
        found = [
            Route("/sign-in", self._form), Route("/sign-in/guest", self._question), Route("/sign-in/guest", _from_here(self._answer), methods=["POST"]),
            Route("/sign-out", _from_here(self._out), methods=["POST"]),
        ]  # fmt: skip
        if self._settings.accounts != "off":
            found += [
                Route("/sign-in", _from_here(self._in), methods=["POST"]), Route("/password", self._old_form),
                Route("/password", _from_here(self._change), methods=["POST"]),
            ]  # fmt: skip
        if self._settings.accounts == "open":
            found += [Route("/sign-up", self._new_form), Route("/sign-up", _from_here(self._up), methods=["POST"])]
        if self._provider is not None:
            found += [Route("/sign-in/oidc", self._leave), Route(CALLBACK, self._return)]
        return found

    async def _form(self, request: Request) -> Response:
        return self._asked()

    def _asked(self, failure: str = "", status: int = 200, name: str = "", headers: dict[str, str] | None = None) -> Response:  # fmt: skip
        return page(
            "sign_in", "Sign in", failure=failure, status=status, headers=headers, name=name, accounts=self._settings.accounts,
            provider=self._provider.name if self._provider else "", guests=self._settings.guests,
        )  # fmt: skip

    async def _in(self, request: Request) -> Response:
        form = await _form(request)
        name, password = _field(form, "name"), _field(form, "password")
        if wait := self._guessing.wait_s(_counted(name), _address(request)):
            return self._asked(*_too_often(name), headers={"Retry-After": str(wait)})
        return await run_in_threadpool(self._opened, request, name, password)

    def _opened(self, request: Request, name: str, password: str) -> Response:
        generation = self._generation(name)
        account = self._passwords.opened(name, password)
        if account is None:
            return self._asked(_WRONG, 401, name)
        try:
            response = self._signed_in(request, account.user_id, account.name, generation, account.password)
        except Forgotten:
            return self._asked(_WRONG, 401, name)
        self._guessing.succeeded(_counted(name))
        return response

    def _generation(self, name: str) -> int:
        try:
            return self._agent.generation(user_id_of(name))
        except InputError:
            return 0

    async def _new_form(self, request: Request) -> Response:
        return _new()

    async def _up(self, request: Request) -> Response:
        form = await _form(request)
        name, password = _field(form, "name"), _field(form, "password")
        if wait := self._guessing.wait_at(_address(request)):
            return _new(*_too_often(name), headers={"Retry-After": str(wait)})
        return await run_in_threadpool(self._made, request, name, password)

    def _made(self, request: Request, name: str, password: str) -> Response:
        try:
            generation = self._agent.generation(user_id_of(name))
            account = self._passwords.add(name, password)
            return self._signed_in(request, account.user_id, account.name, generation, account.password)
        except InputError as error:
            return _new(str(error), 422, name)
        except Forgotten:
            return _new("That did not work out.", 503, name)

    async def _old_form(self, request: Request) -> Response:
        account = await run_in_threadpool(self._own, request)
        return _changing(name=account.name) if account is not None else RedirectResponse("/sign-in", 303)

    def _own(self, request: Request) -> "Account | None":
        """Returns the account that the browser is signed in to; None for a guest, and for somebody whose password is kept elsewhere."""
        visitor = self._known(request)
        return self._agent.accounts.find(visitor.user_id) if visitor is not None and visitor.way == "session" else None

    async def _change(self, request: Request) -> Response:
        form = await _form(request)
        account = await run_in_threadpool(self._own, request)
        if account is None:
            return RedirectResponse("/sign-in", 303)
        if wait := self._guessing.wait_s(account.user_id, _address(request)):
            return _changing(*_too_often(account.name), headers={"Retry-After": str(wait)})
        return await run_in_threadpool(self._changed, request, account.name, _field(form, "old"), _field(form, "new"))

    def _changed(self, request: Request, name: str, old: str, new: str) -> Response:
        generation = self._generation(name)
        account = self._passwords.opened(name, old)
        if account is None:
            return _changing("That is not your password.", 401, name)
        try:
            hashed = self._passwords.change(name, new)
            response = page("message", "It is changed", onward="/", onward_words="To the chat")
            self._visitors.sign_in(request, response, account.user_id, account.name, generation, hashed)
        except InputError as error:
            return _changing(str(error), 422, name)
        except Forgotten:
            return _changing("That did not work out.", 503, name)
        self._guessing.succeeded(account.user_id)
        return response

    def _signed_in(self, request: Request, user_id: str, name: str, generation: int, password: str | None = None) -> Response:  # fmt: skip
        """Returns the way on into the chat, by the question whether the guest of this browser is the same person."""
        guest = self._visitors.guest(request)
        response = RedirectResponse("/sign-in/guest" if guest and self._held(guest) else "/", 303)
        self._visitors.sign_in(request, response, user_id, name, generation, password)
        return response

    def _held(self, guest: str) -> str:
        """Returns what is kept of a guest, in words; nothing where nothing is."""
        counts = {"conversation": len(self._agent.threads(guest)), "remembered thing": len(self._agent.profile(guest))}
        return " and ".join(f"{n} {thing}{'s' if n > 1 else ''}" for thing, n in counts.items() if n)

    async def _question(self, request: Request) -> Response:
        return await run_in_threadpool(self._asked_of_guest, request)

    def _asked_of_guest(self, request: Request) -> Response:
        visitor, guest = self._known(request), self._visitors.guest(request)
        held = self._held(guest) if guest else ""
        if visitor is None or not held:
            return RedirectResponse("/", 303)
        return page("question", "Was that you?", name=visitor.name, held=held)

    async def _answer(self, request: Request) -> Response:
        form = await _form(request)
        return await run_in_threadpool(self._answered, request, _field(form, "mine") == "yes")

    def _answered(self, request: Request, mine: bool) -> Response:
        visitor, guest = self._known(request), self._visitors.guest(request)
        response = RedirectResponse("/", 303)
        if visitor is not None and guest and mine:
            self._agent.merge(guest, visitor.user_id)
            drop_cookie(request, response, GUEST)
        return response

    def _known(self, request: Request) -> Visitor | None:
        """Returns who is signed in; None for guests and anybody unknown."""
        try:
            visitor = self._visitors.of(request)
        except UnprovenError:
            return None
        return visitor if visitor is not None and visitor.way != "guest" else None

    async def _out(self, request: Request) -> Response:
        response = RedirectResponse("/" if self._settings.guests else "/sign-in", 303)
        await run_in_threadpool(self._visitors.sign_out, request, response)
        return response

    async def _leave(self, request: Request) -> Response:
        assert self._provider is not None
        if wait := self._guessing.wait_at(_address(request)):
            return self._asked(*_too_often(""), headers={"Retry-After": str(wait)})
        try:
            address, token = await self._provider.begin(str(request.base_url.replace(path=CALLBACK)))
        except OidcError as error:
            _log.warning("the provider can't be used: %s", error)
            return self._asked(str(error), 503)
        response = RedirectResponse(address, 303)
        set_cookie(request, response, FLOW, token, _FLOW_S)
        return response

    async def _return(self, request: Request) -> Response:
        assert self._provider is not None
        try:
            subject = await self._provider.finish(cookie(request, FLOW), dict(request.query_params))
            generation = await run_in_threadpool(self._agent.generation, subject.user_id)
            response = await run_in_threadpool(self._signed_in, request, subject.user_id, subject.name, generation)
        except (OidcError, Forgotten) as error:
            _log.warning("somebody was not signed in: %s", error, exc_info=error.__cause__)
            response = self._asked(str(error) or "That did not work out. Begin again.", 401)
        drop_cookie(request, response, FLOW)
        return response


def _from_here(route: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Returns the route for what this server's own pages send; what another site's page sends, or is too long, changes nothing."""

    async def guarded(request: Request) -> Response:
        if is_crossing(request):
            return page("message", "Not from here", failure="This was sent by another site's page, and nothing was done.", status=403, onward="/", onward_words="To the chat")  # fmt: skip
        length = request.headers.get("content-length", "")
        if not length.isdigit() or int(length) > _MOST_FORM_BYTES:
            return page("message", "Too long", failure="This form can't be that long.", status=413, onward="/", onward_words="To the chat")  # fmt: skip
        try:
            return await route(request)
        except BusyError as error:
            return page("message", "One moment", failure=str(error), status=503, headers={"Retry-After": "5"}, onward="/", onward_words="To the chat")  # fmt: skip
        except ConvrecError as error:
            return page("message", "That did not work", failure=str(error), status=503, onward="/", onward_words="To the chat")  # fmt: skip

    return guarded


def _new(failure: str = "", status: int = 200, name: str = "", headers: dict[str, str] | None = None) -> Response:
    return page("sign_up", "Make an account", failure=failure, status=status, headers=headers, name=name, shortest=SHORTEST)  # fmt: skip


def _changing(failure: str = "", status: int = 200, name: str = "", headers: dict[str, str] | None = None) -> Response:
    return page("password", "Another password", failure=failure, status=status, headers=headers, name=name, shortest=SHORTEST)  # fmt: skip


def _too_often(name: str) -> tuple[str, int, str]:
    return "That was tried too often. Wait a few minutes.", 429, name


async def _form(request: Request) -> FormData:
    return await request.form(max_files=0, max_fields=10)


def _field(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return "" if isinstance(value, UploadFile) else value


def _counted(name: str) -> str:
    """Returns what tries for a name are counted under."""
    try:
        return user_id_of(name)
    except InputError:
        return "no name"


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"
