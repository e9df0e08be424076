"""The script that puts the chat on a page, and what that script needs to know of the catalogue."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from convrec.agent.wording import called, is_kind, is_person, year_field
from convrec.catalogue.schema import Field, Schema
from convrec.ui.api.service import ServiceOf, document, problems
from convrec.ui.chat.openers import openers

router = APIRouter(tags=["widget"])
Part = Literal["kind", "person", "year", "fact", "text", "picture", "link"]
_PLACE = '"/* widget.css */"'
_NOT_SHOWN = ("title", "source_title")
_BY_TYPE: dict[str, Part] = {"text": "text", "image": "picture", "url": "link"}


class CardField(BaseModel):
    """A fact of an item and which part of its card it is; a price is told with its currency."""

    model_config = ConfigDict(frozen=True)

    name: str
    label: str
    part: Part
    currency: str = ""
    unit: str = ""


class Shown(BaseModel):
    """What a card shows of this catalogue's items, its words for them, and messages to begin with."""

    model_config = ConfigDict(frozen=True)

    noun: str
    nouns: str
    openers: tuple[str, ...]
    fields: tuple[CardField, ...]


@router.get("/widget.js", include_in_schema=False)
async def script(request: Request) -> Response:
    """Returns the widget; it may be put on any page, and holds nothing of anybody's."""
    body, tag = _script()
    headers = {"ETag": tag, "Cache-Control": "public, max-age=300", "Cross-Origin-Resource-Policy": "cross-origin"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="text/javascript; charset=utf-8", headers=headers)


@router.get("/v1/widget", response_model=Shown, responses=problems())
async def shown(service: ServiceOf) -> Response:
    """Tells what the widget needs to draw cards and a welcome."""
    catalogue = service.agent.toolbox.catalogue
    schema = catalogue.schema
    found = await service.run(lambda: tuple(openers(catalogue)))
    return document(Shown(noun=schema.noun, nouns=schema.nouns, openers=found, fields=card_fields(schema)))


def card_fields(schema: Schema) -> tuple[CardField, ...]:
    """Returns the fields that cards show, in the schema's order."""
    year = year_field(schema)
    return tuple(
        CardField(
            name=field.name, label=called(field), part=_part(field, year), currency=field.currency, unit=field.unit
        )
        for field in schema.fields
        if field.name not in _NOT_SHOWN
    )


def _part(field: Field, year: Field | None) -> Part:
    if field == year:
        return "year"
    if is_kind(field):
        return "kind"
    return "person" if is_person(field) else _BY_TYPE.get(field.type, "fact")


@cache
def _script() -> tuple[bytes, str]:
    """Returns the script with its style in it, and its tag."""
    here = Path(__file__).parent
    code, style = ((here / name).read_text(encoding="utf-8") for name in ("widget.js", "widget.css"))
    body = code.replace(_PLACE, json.dumps(style), 1).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:16]}"'
