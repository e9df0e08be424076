"""What a server writes to its log, a line a request: for people, or as JSON for machines. Never what somebody said, and never a key."""

import logging
import traceback
from types import TracebackType
from typing import Any, Literal

from pythonjsonlogger.json import JsonFormatter

Style = Literal["text", "json"]
_OPEN = ("convrec.access", "convrec.server")
_LEADING = ("timestamp", "level", "logger", "message")
_Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class LineFormatter(JsonFormatter):
    """Formats a record with all that it was given, on one line. Of an exception it tells type and places, since its words may be a person's."""

    def __init__(self, style: Style) -> None:
        super().__init__("{asctime}{levelname}{name}{message}", style="{", json_ensure_ascii=False,
            rename_fields={"asctime": "timestamp", "levelname": "level", "name": "logger"})  # fmt: skip
        self.default_msec_format = "%s.%03d"
        self._style_of_lines = style

    def formatException(self, ei: _Raised) -> str:  # noqa: N802  (logging's name)
        """Returns an exception's type and where it was raised."""
        kind, _, trace = ei
        if kind is None:
            return ""
        places = " < ".join(
            f"{place.name} ({place.filename.rpartition('/')[2]}:{place.lineno})"
            for place in reversed(traceback.extract_tb(trace))
        )
        return f"{kind.__name__} in {places}"

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        """Returns the record as a JSON object, or as words with `key=value` after them."""
        if self._style_of_lines == "json":
            return super().jsonify_log_record(log_data)
        head = " ".join(str(log_data.get(name, "")) for name in _LEADING)
        return " ".join([head, *(f"{name}={value}" for name, value in log_data.items() if name not in _LEADING)])


def configure(style: Style) -> None:
    """Writes what this process logs to its standard error: requests, and warnings of everything else."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter(style))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in _OPEN:
        logging.getLogger(name).setLevel(logging.INFO)
