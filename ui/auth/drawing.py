"""The pages around the chat, drawn: small HTML documents without a script."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

_HERE = Path(__file__).parent


def page(
    template: str, title: str, *, status: int = 200, failure: str = "", headers: dict[str, str] | None = None, **values: Any
) -> HTMLResponse:  # fmt: skip
    """Returns a page that runs no script, loads nothing, sends its forms to this server alone and stands in nobody's frame."""
    html = drawn(template, title=title, failure=failure, style=Markup(_style()), **values)  # noqa: S704  (our own file)
    return HTMLResponse(html, status, {**_headers(), **(headers or {})})


def drawn(template: str, /, **values: Any) -> str:
    """Returns a template's HTML; whatever is put in is escaped."""
    return _environment().get_template(f"{template}.jinja").render(**values)


@cache
def _style() -> str:
    return (_HERE / "auth.css").read_text(encoding="utf-8")


@cache
def _headers() -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    return {"content-security-policy": policy, "cache-control": "no-store", "referrer-policy": "same-origin"}


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(_HERE)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
