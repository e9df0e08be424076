"""Every error that convrec raises on purpose: a sentence for the user, what to do next, a cause for the developer."""


class ConvrecError(Exception):
    """Something that a person can act on.

    `problem` says what is wrong, `fix` what to do about it; `str(error)` is both, as one sentence or two. The cause, where
    there is one, is chained with `raise … from`. `exit_code` is what the command line ends with.
    """

    exit_code = 1

    def __init__(self, problem: str, fix: str = "") -> None:
        self.problem = problem
        self.fix = fix
        super().__init__(f"{problem} {fix}".strip())


class InputError(ConvrecError):
    """What the user brought (a file, an id, an option, a setting) can't be used as it is."""

    exit_code = 2


class PredicateError(InputError):
    """A filter names an unknown field or compares it with a value of the wrong type."""


class UserIdError(InputError):
    """A user or thread id is blank, padded, too long or carries control characters."""


class UnknownItemError(InputError):
    """An item id is not in the catalogue."""


class RejectedRowsError(InputError):
    """More rows were bad than `--max-rejected` allows; nothing was changed."""


class WorkspaceError(ConvrecError):
    """A workspace can't be opened or written: missing, of a newer version, damaged, or the disk refuses."""


class BusyError(WorkspaceError):
    """Another process is writing to the workspace."""


class NotFittedError(ConvrecError):
    """A tool was asked before it was fitted, or cannot be fitted on this catalogue."""


class InterruptedFitError(ConvrecError):
    """`fit` was stopped; what was finished is kept and the next `fit` goes on from there."""


class ModelError(ConvrecError):
    """A language model can't be loaded or asked: a folder is missing or holds none, an adapter is another model's."""


class ContextError(ModelError):
    """A prompt is longer than a language model can read."""


class ModelTimeoutError(ModelError):
    """A language model had no time for an answer."""
