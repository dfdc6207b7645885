"""Typed settings: hazwatch.yaml, with every key also as a HAZWATCH_ variable.

``HAZWATCH_MQTT__URL`` is ``mqtt.url``. Paths are relative to the settings file. Secrets come only from a ``…_file`` or a
variable, never from the file itself.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import (
    BaseModel,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from detectors.clock import Clock
from registry.faults import Fault, errors_in
from registry.marks import Marked, load_marked
from service.settings_parts import (
    PARTS,
    ConsolePart,
    JournalPart,
    LogPart,
    MappedSettings,
    MqttPart,
    ReportsPart,
    StorePart,
    TilesPart,
)

ENV_PREFIX = "HAZWATCH_"
_M = TypeVar("_M", bound=BaseModel)


class Settings(BaseSettings):
    """Everything that hazwatch.yaml may say."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    plant: Path | None = Field(None, description="areas, enterprises, hazard sources, equipment")
    points: Path = Field(description="the sensor table, CSV or XLSX")
    detectors: Path | None = Field(None, description="profiles by sensor type; overrides the packaged ones")
    tuned: Path | None = Field(
        None, description="thresholds that `hazwatch tune` wrote; laid over `detectors`"
    )
    routes: Path | None = Field(None, description="receivers and routing; without it alerts go to the log")
    grades: Path | None = Field(None, description="the table of grades; without it the packaged one")
    alarms: Path | None = Field(
        None, description="latching, shelving, re-alarm, causes; without it the packaged ones"
    )
    mqtt: MqttPart = MqttPart()
    mapped: tuple[MappedSettings, ...] = Field((), description="formats of gateways that exist already")
    store: StorePart = StorePart()
    state_dir: Path = Field(Path("state"), description="journal, snapshots, outbox, accounts, compile cache")
    clock: Clock = Field(
        Clock.WALL, description="wall: receive time (live); event: newest event time (recordings)"
    )
    console: ConsolePart | None = ConsolePart()
    tiles: TilesPart | None = None
    journal: JournalPart = JournalPart()
    reports: ReportsPart = ReportsPart()
    log: LogPart = LogPart()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the interface's own argument
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no .env files: a secret must not lie about
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - secrets have their own …_file keys
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """A variable goes before the file."""
        return env_settings, init_settings

    @field_validator("console", mode="before")
    @classmethod
    def _switched_off(cls, value: Any) -> Any:
        return None if value is False else value


_SECRETS = (("mqtt", "password"), ("store", "token"))


def load_settings(path: Path) -> tuple[Settings | None, list[Fault]]:
    """Read hazwatch.yaml and the variables; return the settings with absolute paths, or every fault."""
    settings, faults = read_settings(path)
    return None if errors_in(faults) else settings, faults


def read_settings(path: Path) -> tuple[Settings | None, list[Fault]]:
    """Return also settings that have faults, without the keys at fault, so that the files they name can be checked."""
    marked = load_marked(path)
    faults = [*marked.faults, *_unknown_variables()]
    if marked.data is None and errors_in(faults):
        return None, faults
    data = marked.data if marked.data is not None else {}
    if not isinstance(data, dict):
        return None, [*faults, marked.fault((), "the settings are not a mapping of keys", "key: value lines")]
    for part, secret in _SECRETS:
        if isinstance(data.get(part), dict) and secret in data[part]:
            faults.append(
                marked.fault(
                    (part, secret), "a secret must not stand in this file",
                    f"{secret}_file, or the variable {ENV_PREFIX}{part.upper()}__{secret.upper()}",
                )
            )  # fmt: skip
    # Told here and kept from pydantic, which takes keys with a leading underscore as orders to itself.
    faults += marked.unknown_keys((), data, tuple(Settings.model_fields))
    known = {key: value for key, value in data.items() if key in Settings.model_fields}
    try:
        settings = Settings(**known)
    except ValidationError as error:
        faults += [_fault(marked, detail) for detail in error.errors()]
        at_fault = {detail["loc"][0] for detail in error.errors()}
        try:
            settings = Settings(**{key: value for key, value in known.items() if key not in at_fault})
        except ValidationError:
            return None, faults
    except SettingsError as error:
        return None, [*faults, *_not_json(error)]
    return _absolute(settings, path.resolve().parent), faults


_IN_WORDS: Mapping[str, str] = {
    "model_type": "keys of its own are wanted here",
    "path_type": "a path is wanted here",
    "tuple_type": "a list is wanted here",
    "missing": "this key is needed",
}
"""By pydantic's name of the fault, where its own words speak of Python."""


def _fault(marked: Marked, detail: Any) -> Fault:
    loc = tuple(detail["loc"])
    name = ".".join(str(part) for part in loc)
    message = f"{name}: {_IN_WORDS.get(detail['type'], detail['msg'].removeprefix('Value error, '))}"
    allowed = ""
    if detail["type"] == "extra_forbidden":
        message, allowed = f"unknown key {name}", ", ".join(_keys_at(loc[:-1]))
    variable = variable_of(*loc)
    if variable in os.environ:
        return Fault(file=f"variable {variable}", where="", message=message, allowed=allowed)
    return marked.fault(loc, message, allowed)


def _keys_at(loc: tuple[str | int, ...]) -> list[str]:
    model = PARTS.get(str(loc[0]), Settings) if loc else Settings
    return [key for key in model.model_fields if key not in {"password", "token"}]


def variable_of(*loc: str | int) -> str:
    """Return the name of the variable that has the value of a key."""
    return ENV_PREFIX + "__".join(str(part) for part in loc).upper()


def _variables() -> Iterator[tuple[str, ...]]:
    """Yield the key path of every variable that there can be."""
    for name in Settings.model_fields:
        yield (name,)
        if name != "mapped":
            yield from ((name, key) for key in PARTS[name].model_fields) if name in PARTS else ()


def _unknown_variables() -> list[Fault]:
    """Warn of variables with our prefix that are no key: a misspelt one would else be passed over in silence."""
    known = {variable_of(*loc) for loc in _variables()}
    return [
        Fault(
            file=f"variable {name}", where="", message="no key has this name; it is not used", level="warning"
        )
        for name in sorted(os.environ)
        if name.upper().startswith(ENV_PREFIX) and name.upper() not in known and not _is_nested(name)
    ]


def _is_nested(variable: str) -> bool:
    """Say whether a part of the settings has the variable, which then says itself what is wrong with it."""
    return variable.upper().startswith(tuple(variable_of(part, "") for part in PARTS))


def _not_json(error: SettingsError) -> list[Fault]:
    """Return a fault for each variable of a list or of a whole part that is not JSON."""
    lists = {variable_of(part) for part in PARTS} | {
        variable_of("mqtt", "topics"),
        variable_of("reports", "shift_starts"),
    }
    faults = []
    for name in sorted(lists & set(os.environ)):
        try:
            json.loads(os.environ[name])
        except ValueError as cause:
            message = f"the value is not JSON: {cause}"
            faults.append(
                Fault(file=f"variable {name}", where="", message=message, allowed='JSON, such as ["a/#"]')
            )
    return faults or [Fault(file="variables", where="", message=str(error))]


def _absolute(settings: Settings, base: Path) -> Settings:
    """Return the settings with every path made absolute against the settings file's folder."""

    def fixed(model: _M) -> _M:
        changes: dict[str, Any] = {}
        for name in type(model).model_fields:
            value = getattr(model, name)
            if isinstance(value, Path):
                changes[name] = base / value
            elif isinstance(value, BaseModel):
                changes[name] = fixed(value)
        return model.model_copy(update=changes)

    return fixed(settings)


def secret(value: SecretStr | None, file: Path | None, what: str) -> tuple[str | None, list[Fault]]:
    """Return a secret from its variable or its file (without the line's end), None where neither is given."""
    if value is not None:
        return value.get_secret_value(), []
    if file is None:
        return None, []
    try:
        text = file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        return None, [Fault(file=str(file), where="", message=f"the file of {what} cannot be read: {error}")]
    if not text:
        return None, [Fault(file=str(file), where="", message=f"the file of {what} is empty")]
    return text, []
