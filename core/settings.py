"""`convrec.toml`: every setting of a workspace, validated, each overridable by `CONVREC_<SECTION>_<KEY>`."""

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from convrec.core.errors import InputError
from convrec.core.predicate import Predicate


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Models(_Section):
    """Which models are used where."""

    encoder: str = Field("all-MiniLM-L6-v2", description="the text encoder: the shipped one's name, or a folder")


Step = Literal["understand", "plan", "explain"]
Manner = Literal["listwise", "pointwise", "pairwise"]


class Llm(_Section):
    """The language model beside the compact engine, where there is one: a server's, or one that transformers loads."""

    base_url: str = Field(
        "", description="an OpenAI-compatible server's address, as http://localhost:11434/v1; several, tried in order, with commas between them",
    )  # fmt: skip
    model: str = Field(
        "", description="the model's name at the server; without a server, a folder that transformers loads"
    )
    api_key_env: str = Field("OPENAI_API_KEY", description="the environment variable that holds the server's key")
    adapter: str = Field("", description="a LoRA adapter: its name at the server, or a folder")
    timeout_s: float = Field(
        30.0, gt=0, le=600, description="seconds that a turn waits for the model, all calls together"
    )
    max_calls_per_turn: int = Field(
        4, ge=1, le=50, description="requests to the model a turn, repairs and retries included"
    )
    steps: tuple[Step, ...] = Field(
        ("understand", "plan", "explain"), description="what the model serves, of understand, plan, explain"
    )
    rank: Manner | Literal["off"] = Field(
        "off", description="whether and how the model orders the ten best, which rarely pays: measure it first"
    )
    demonstrations: Literal["off", "own", "all"] = Field(
        "off", description="whether turns that went well are kept and shown to the model as examples: never, each person's own to them, or anyone's to everybody, so that one person's words stand before the model in another's turn",
    )  # fmt: skip
    price_in: float = Field(0.0, ge=0, description="what a million tokens sent cost, in any currency")
    price_out: float = Field(0.0, ge=0, description="what a million tokens received cost, in the same currency")

    @field_validator("steps", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        """Reads steps that come from the environment, as `understand,explain`."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("base_url")
    @classmethod
    def _addresses(cls, value: str) -> str:
        """Refuses what is no address, without repeating it, for it may be a key in the wrong place."""
        if any(not part.strip().startswith(("http://", "https://")) for part in value.split(",") if part.strip()):
            raise ValueError(
                "it is no address: write one like http://localhost:11434/v1, several with commas between them"
            )
        return value

    @property
    def urls(self) -> tuple[str, ...]:
        """Returns the servers' addresses in the order in which they are tried."""
        return tuple(part.strip() for part in self.base_url.split(",") if part.strip())

    @property
    def configured(self) -> bool:
        """Tells whether there is a model at all."""
        return bool(self.base_url or self.model)


class Policy(_Section):
    """How the agent leads a conversation."""

    explore: Literal["auto", "always", "never"] = Field(
        "auto",
        description="whether to explore attributes in several rounds: by a model where one plans (auto), by code too (always), never",
    )
    max_rounds: int = Field(3, ge=1, le=10, description="retrieval rounds a turn")
    max_questions: int = Field(2, ge=0, description="questions in a row before items are shown whatever is unknown")
    slate_size: int = Field(4, ge=1, le=50, description="items shown in a reply")


class Vectors(_Section):
    """Where item vectors lie."""

    url: str = Field(
        "", pattern=r"^(https?://\S+)?$", description="a Chroma server's address, as http://localhost:8000; embedded where blank"
    )  # fmt: skip


class Retrieval(_Section):
    """How candidates are found."""

    candidates: int = Field(200, ge=10, description="how many items each tool may nominate")
    diversity: float = Field(0.2, ge=0.0, le=1.0, description="0 ranks by score alone, 1 by difference alone (MMR)")
    exploration: float = Field(
        0.0, ge=0.0, le=1.0, description="how far a list leaves what many know; needs popularity to be fitted"
    )
    balance: float = Field(
        0.0, ge=0.0, le=1.0, description="how strictly a list keeps the proportions of a person's several tastes"
    )


RuleKind = Literal["filter", "pin", "bury", "boost"]
_KINDS: tuple[RuleKind, ...] = ("filter", "pin", "bury", "boost")


def _ids_or_items(value: Any) -> str:
    return "ids" if isinstance(value, list | tuple) else "items"


Some = Annotated[
    Annotated[tuple[str, ...], Tag("ids")] | Annotated[Predicate, Tag("items")], Discriminator(_ids_or_items)
]
"""Some items of a catalogue: their ids, or what they satisfy."""


class Rule(_Section):
    """A business rule: one of `filter`, `pin`, `bury` and `boost`. None of them can break what a person demands or has put aside."""

    filter: Predicate | None = Field(None, description="what every item offered must satisfy, always")
    pin: tuple[str, ...] = Field((), description="ids of items that stand first, in this order, where they fit")
    bury: Some | None = Field(None, description="ids, or which items lose in rank")
    boost: Some | None = Field(None, description="ids, or which items gain in rank")
    amount: float = Field(
        0.2, gt=0.0, le=1.0, description="what is lost or gained, as a share of the distance from the best to the worst candidate"
    )  # fmt: skip
    when: Predicate | None = Field(None, description="only where such items alone are demanded or wished for")
    name: str = Field("", max_length=60, description="how contributions name the rule; its kind and number by default")
    say: str = Field("", max_length=120, description="the reason that is given; words of the rule's kind by default")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [kind for kind in _KINDS if getattr(self, kind)]
        if len(given) != 1:
            raise ValueError(f"a rule has one of {', '.join(_KINDS)}, and this one has {' and '.join(given) or 'none'}")
        if self.filter is not None and self.when is not None:
            raise ValueError("a filter is always on and takes no `when`")
        return self

    @property
    def kind(self) -> RuleKind:
        """Returns which of the four it is."""
        return next(kind for kind in _KINDS if getattr(self, kind))


class Ranking(_Section):
    """What the house wants beside what people want."""

    rules: tuple[Rule, ...] = Field((), description="business rules: `[[ranking.rules]]`, one after the other")

    @field_validator("rules", mode="before")
    @classmethod
    def _written(cls, value: Any) -> Any:
        """Reads rules that come from the environment, as JSON."""
        return json.loads(value) if isinstance(value, str) else value


class Fit(_Section):
    """How tools are trained."""

    seed: int = Field(0, description="the seed of every fit")
    max_regression: float = Field(
        0.1, ge=0.0, le=1.0, description="the relative loss of held-out quality past which a fit is not published"
    )
    max_tokens: int = Field(128, ge=8, le=256, description="tokens of an item's card that the encoder reads")
    watch_every_s: float = Field(60.0, gt=0, description="seconds between two looks of `convrec fit --watch`")
    watch_share: float = Field(
        0.02,
        ge=0,
        le=1,
        description="the share of interactions, dialogues or items' texts that are new at which `--watch` fits again",
    )


class Memory(_Section):
    """What is remembered."""

    half_life_days: float = Field(180.0, gt=0, description="days after which a lasting taste weighs half")
    keep_checkpoints: int = Field(2, ge=1, description="checkpoints kept a thread")


class State(_Section):
    """Where threads, profiles and feedback live."""

    url: str = Field(
        "sqlite:///state.sqlite",
        description="the state database, a SQLite file (a relative path is inside the workspace) or postgresql://USER@HOST/DATABASE",
    )


class Server(_Section):
    """How the HTTP server treats those who ask."""

    max_body_bytes: int = Field(8_000_000, ge=1_000, description="a longer request body is refused")
    body_timeout_s: float = Field(10.0, gt=0, le=600, description="seconds for a request to arrive whole")
    turn_timeout_s: float = Field(60.0, gt=0, le=600, description="seconds that a request waits for its answer")
    concurrency: int = Field(4, ge=1, le=256, description="answers worked on side by side, a worker")
    queue: int = Field(32, ge=0, le=10_000, description="requests that wait, a worker; more are sent away for a moment")
    requests_per_minute: int = Field(600, ge=0, description="requests that a key has a minute; 0 for no limit")
    cors_origins: tuple[str, ...] = Field(
        (), description="origins whose pages may ask, as https://shop.example; none by default"
    )
    log: Literal["text", "json"] = Field(
        "text", description="how requests are logged, a line each: for people, or as JSON for machines"
    )
    trace_text: bool = Field(
        False, description="whether OpenTelemetry's spans hold what people say, are answered and what was looked for; else none of it"
    )  # fmt: skip
    shutdown_s: float = Field(30.0, ge=0, le=600, description="seconds that turns under way have to end at a shutdown")

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        """Reads origins that come from the environment, with commas between them."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class Auth(_Section):
    """Who comes to the chat page of `convrec serve`, and how they show who they are."""

    accounts: Literal["off", "invited", "open"] = Field(
        "off", description="accounts with a password: none, those that `convrec account add` makes, or anybody's"
    )
    guests: bool = Field(True, description="whether one may talk without being signed in, known by a cookie alone")
    oidc_issuer: str = Field(
        "", pattern=r"^(https://\S+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/\S*)?)?$", description="an OpenID Connect provider's issuer, as https://login.example.org",
    )  # fmt: skip
    oidc_client_id: str = Field("", description="what the provider knows convrec as")
    oidc_client_secret_env: str = Field(
        "CONVREC_OIDC_SECRET", description="the environment variable that holds the client's secret; none for a public client"
    )  # fmt: skip
    proxy_header: str = Field(
        "",
        pattern=r"^[A-Za-z0-9-]*$",
        description="the header in which a trusted proxy says and signs who is signed in",
    )
    proxy_secret_env: str = Field(
        "CONVREC_PROXY_SECRET", description="the environment variable that holds what the proxy signs with"
    )
    session_hours: float = Field(168.0, gt=0, le=8_760, description="hours after which one has to sign in again")

    @property
    def doors(self) -> tuple[str, ...]:
        """Returns the ways to sign in that are open."""
        ways = {"accounts": self.accounts != "off", "oidc": bool(self.oidc_issuer), "proxy": bool(self.proxy_header)}
        return tuple(way for way, is_open in ways.items() if is_open)

    @model_validator(mode="after")
    def _lets_somebody_in(self) -> Self:
        if bool(self.oidc_issuer) != bool(self.oidc_client_id):
            raise ValueError("oidc_issuer and oidc_client_id go together")
        if not self.guests and not self.doors:
            raise ValueError("nobody can come in: let guests in, or set accounts, oidc_issuer or proxy_header")
        return self


class Settings(_Section):
    """All settings of a workspace."""

    models: Models = Models()
    llm: Llm = Llm()
    policy: Policy = Policy()
    vectors: Vectors = Vectors()
    retrieval: Retrieval = Retrieval()
    ranking: Ranking = Ranking()
    fit: Fit = Fit()
    memory: Memory = Memory()
    state: State = State()
    server: Server = Server()
    auth: Auth = Auth()


def load_settings(path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Returns the settings of a `convrec.toml` (defaults when there is no file), the environment's overrides laid on top.

    Raises:
        InputError: the file is no TOML, has an unknown key, or a value of the wrong type; it names the key.
    """
    try:
        document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid TOML: {error}.", "Mend the line it names.") from error
    for section, model in Settings.model_fields.items():
        for key in getattr(model.annotation, "model_fields", {}):
            value = environment.get(f"CONVREC_{section}_{key}".upper())
            if value is not None:
                document.setdefault(section, {})[key] = value
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"The setting `{key}` in {path} is not right: {first['msg'].removeprefix('Value error, ')}.",
            "Correct or remove it.",
        ) from error
