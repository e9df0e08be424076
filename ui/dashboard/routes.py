"""The dashboard's routes. An administrator's key opens them: as a password in the browser's own box, or as a bearer."""

import base64
import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from convrec.agent.overview import Day, Overview
from convrec.core.errors import UnknownItemError
from convrec.ui.api.problems import ProblemError
from convrec.ui.api.service import Service, ServiceOf, problems
from convrec.ui.dashboard.plots import HEIGHT, WIDTH, Plot, plot
from convrec.ui.keys import LOCAL, Keys

if TYPE_CHECKING:
    from jinja2 import Template

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_PRIVATE = {"Cache-Control": "no-store", "Content-Security-Policy": _POLICY}


def administrator(request: Request) -> None:
    """Lets administrators pass, and anybody on this machine where no keys are set.

    Raises:
        ProblemError: no key, or not an administrator's.
    """
    keys: Keys = request.app.state.keys
    kind, _, shown = request.headers.get("authorization", "").partition(" ")
    token = {"bearer": shown.strip(), "basic": _password(shown)}.get(kind.lower(), "")
    caller = (keys.caller(token) if token else None) if keys else LOCAL
    if caller is None:
        asking = {"WWW-Authenticate": 'Basic realm="convrec dashboard", charset="UTF-8"'}
        raise ProblemError(401, "An administrator's key is needed, as the password.", headers=asking)
    if not caller.admin:
        raise ProblemError(403, "This takes an administrator's key.")


router = APIRouter(tags=["operation"], dependencies=[Depends(administrator)])
Days = Annotated[int, Query(ge=1, le=366)]


@router.get("/dashboard", response_class=HTMLResponse, responses=problems())
async def page(service: ServiceOf, days: Days = 30) -> Response:
    """Shows how the last days went."""
    seen = await service.run(lambda: service.agent.overview(days))
    titles = [(one, _title(service, one.item_id)) for one in seen.items]
    nouns = service.agent.toolbox.catalogue.schema.nouns
    drawn = _template().render(
        seen=seen, plots=_plots(seen), items=titles, totals=_totals(seen), nouns=nouns, n_days=days, width=WIDTH, height=HEIGHT
    )  # fmt: skip
    return HTMLResponse(drawn, headers=_PRIVATE)


@router.get(
    "/dashboard/days.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}, **problems()}
)
async def days_csv(service: ServiceOf, days: Days = 30) -> Response:
    """Returns the days as CSV."""
    seen = await service.run(lambda: service.agent.overview(days))
    names = [field.name for field in fields(Day)]
    return _csv("days", names, (list(asdict(day).values()) for day in seen.days))


@router.get(
    "/dashboard/items.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}, **problems()}
)
async def items_csv(service: ServiceOf, days: Days = 30) -> Response:
    """Returns the items shown most as CSV."""
    seen = await service.run(lambda: service.agent.overview(days))
    rows = ([one.item_id, _title(service, one.item_id), one.shown, one.taken] for one in seen.items)
    return _csv("items", ["id", "title", "shown", "taken"], rows)


def neutral(cell: object) -> object:
    """Returns a cell that no spreadsheet takes for a formula: a text that begins like one gets an apostrophe before it."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA) else cell


def _csv(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([neutral(cell) for cell in row] for row in rows)
    headers = {**_PRIVATE, "Content-Disposition": f'attachment; filename="convrec-{name}.csv"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _password(shown: str) -> str:
    """Returns the password of a basic authorization; nothing where it is none."""
    try:
        return base64.b64decode(shown.strip(), validate=True).decode().partition(":")[2]
    except ValueError:  # no base64, or no UTF-8 in it
        return ""


def _title(service: Service, item_id: str) -> str:
    try:
        return service.agent.toolbox.catalogue.item(item_id).title
    except UnknownItemError:
        return "(no longer in the catalogue)"


def _plots(seen: Overview) -> list[Plot]:
    days = seen.days
    return [
        plot("Turns", [("", [day.turns for day in days])]),
        plot("Shown items that were taken up", [("", [_share(day.taken, day.shown) for day in days])], share=True),
        plot("Share of the catalogue shown", [("", [_share(day.items, seen.of) if day.turns else None for day in days])], share=True),
        plot("Milliseconds of a turn", [("half of them within", [day.p50_ms if day.turns else None for day in days]), ("95 % within", [day.p95_ms if day.turns else None for day in days])], "ms"),
        plot("Sentences of a model taken out", [("", [day.repairs for day in days])]),
        plot("Turns that did without the model in a step", [("", [day.fallbacks for day in days])]),
    ]  # fmt: skip


def _totals(seen: Overview) -> dict[str, str]:
    shown, taken = (sum(getattr(day, name) for day in seen.days) for name in ("shown", "taken"))
    share = _share(taken, shown)
    return {
        "turns": f"{sum(day.turns for day in seen.days):,}", "items shown": f"{shown:,}",
        "taken up": "none" if share is None else f"{share:.1%}", "of the catalogue": f"{seen.n_items / max(seen.of, 1):.1%}",
    }  # fmt: skip


def _share(part: int, whole: int) -> float | None:
    return min(part / whole, 1.0) if whole else None


@cache
def _template() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).get_template("page.jinja")  # fmt: skip
