"""The parts of hazwatch.yaml that have keys of their own: what each key is, and what is allowed."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from alerting.times_file import DEFAULT_ZONE
from ingest.mapped import MappedJson, TimeUnit, mapping_faults

_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_LISTEN = re.compile(r"(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}", re.ASCII)
_HTTP = re.compile(r"https?://[^/\s@]+(/\S*)?")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_TILES = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?/[^\s\"'<>\\;,]*", re.ASCII)
_LAST_PORT = 65_535


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MappedSettings(_Part):
    """Where a gateway's own JSON holds name, time and value; see docs/wire.md."""

    topic: str = Field(description="MQTT topic filter of these messages")
    name: str = Field(description="path to the sensor's name")
    value: str = Field(description="path to the value")
    time: str | None = Field(None, description="path to the time; without it the receive time counts")
    time_unit: TimeUnit = Field(TimeUnit.MS, description="what the time counts in")
    quality: str | None = Field(None, description="path to the quality")
    enterprise: str = Field("", description="enterprise id, or topic[n]")

    def mapping(self) -> MappedJson:
        """Return the mapping as the decoder takes it."""
        return MappedJson(**self.model_dump())

    @model_validator(mode="after")
    def _without_faults(self) -> Self:
        faults = mapping_faults(self.mapping())
        if faults:
            raise ValueError("; ".join(faults))
        return self


class MqttPart(_Part):
    """The broker that gateways publish to."""

    url: str = Field("mqtt://127.0.0.1:1883", description="mqtt:// or mqtts://, host and port")
    topics: tuple[str, ...] = Field(
        ("hazwatch/v1/#",), min_length=1, description="topic filters to subscribe to"
    )
    username: str | None = Field(None, description="user name at the broker")
    password_file: Path | None = Field(None, description="file that holds the password")
    password: SecretStr | None = Field(None, description="the password; only as a variable")
    ca: Path | None = Field(None, description="CA certificates to trust, PEM")
    cert: Path | None = Field(None, description="client certificate, PEM")
    key: Path | None = Field(None, description="the client certificate's key, PEM")
    client_id: str = Field(
        "hazwatch", min_length=1, max_length=64, description="names the persistent session"
    )
    receive_maximum: int = Field(
        60_000, ge=1, le=65_535, description="messages in flight that the broker may send unacknowledged"
    )
    keepalive_s: int = Field(30, ge=5, le=3600, description="MQTT keep-alive")
    session_expiry_s: int = Field(
        86_400,
        ge=0,
        le=4_294_967_295,
        description="how long the broker keeps messages for us while we are away",
    )


class StorePart(_Part):
    """Where readings, scores and alerts are kept."""

    kind: Literal["duckdb", "influx", "none"] = Field(
        "duckdb", description="embedded file, an InfluxDB v2 write API, or nothing"
    )
    path: Path | None = Field(
        None, description="duckdb: the file; default is readings.duckdb in the state folder"
    )
    url: str | None = Field(None, description="influx: http:// or https:// address")
    org: str = Field("hazwatch", description="influx: organisation")
    bucket: str = Field("hazwatch", description="influx: bucket (database)")
    token_file: Path | None = Field(None, description="influx: file that holds the token")
    token: SecretStr | None = Field(None, description="influx: the token; only as a variable")
    flavour: Literal["influx2", "influx1", "victoria"] | None = Field(
        None, description="influx: which server it is, for reading back; found out when not given"
    )
    gzip: bool = Field(True, description="influx: compress what is sent")
    queue_mb: _Positive = Field(64, description="memory for what waits to be written")
    spool_mb: _Positive = Field(2048, description="disk for what waits while the server is away")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "influx" and not self.url:
            raise ValueError("url is needed for kind influx")
        if self.url is not None and not _HTTP.fullmatch(self.url):
            raise ValueError(
                f"url: {self.url!r} is no address (allowed: http://host:port or https://host:port)"
            )
        return self


class ConsolePart(_Part):
    """The web console and the probes; `console: false` switches both off."""

    listen: str = Field(
        "127.0.0.1:8080", description="address and port; IPv6 in brackets, port 0 takes a free one"
    )
    cert: Path | None = Field(None, description="TLS certificate chain, PEM; needs `key`")
    key: Path | None = Field(None, description="its key, PEM")

    @field_validator("listen")
    @classmethod
    def _address(cls, value: str) -> str:
        if not _LISTEN.fullmatch(value) or int(value.rpartition(":")[2]) > _LAST_PORT:
            raise ValueError(
                f"{value!r} is no address and port (allowed: 127.0.0.1:8080, [::1]:8080, port 0 to {_LAST_PORT})"
            )
        return value

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.cert is None) != (self.key is None):
            raise ValueError("cert and key belong together (allowed: both, or neither)")
        return self

    @property
    def host(self) -> str:
        """The address without brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port; 0 takes a free one."""
        return int(self.listen.rpartition(":")[2])


class TilesPart(_Part):
    """A server of map tiles for the console's map. Pages then fetch from it: requests leave this machine."""

    url: str = Field(description="http:// or https:// address with {z}, {x} and {y}")
    attribution: str = Field("", max_length=200, description="whose map it is, shown on it")
    gcj02: bool = Field(False, description="the tiles are shifted by GCJ-02; positions are shifted with them")
    max_zoom: int = Field(18, ge=1, le=24, description="deepest level that the server has")

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not _TILES.fullmatch(value) or not all(name in value for name in ("{z}", "{x}", "{y}")):
            raise ValueError(
                f"{value!r} is no address of tiles (allowed: https://host/{{z}}/{{x}}/{{y}}.png, host without * or user)"
            )
        return value


class JournalPart(_Part):
    """How much of the past stays ready for replay."""

    keep_h: _Positive = Field(72, description="hours of messages kept")
    max_mb: _Positive = Field(20_000, description="disk for them; the oldest go first")
    snapshot_s: _Positive = Field(60, description="time between snapshots")
    min_free_mb: _Positive = Field(500, description="free disk below which hazwatch alarms for itself")


class ReportsPart(_Part):
    """How reports are cut into days and shifts."""

    time_zone: str = Field(DEFAULT_ZONE, description="zone of days, months and of the times shown")
    shift_starts: tuple[str, ...] = Field(
        ("00:00", "08:00", "16:00"),
        min_length=1,
        max_length=24,
        description="when shifts begin, where routes.yaml has no schedule",
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{value!r} is no time zone (allowed: as Asia/Shanghai)") from None
        return value

    @field_validator("shift_starts")
    @classmethod
    def _rising(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        wrong = next((one for one in value if not _CLOCK.fullmatch(one)), None)
        if wrong is not None:
            raise ValueError(f"{wrong!r} is no time of day (allowed: 00:00 to 23:59)")
        if list(value) != sorted(set(value)):
            raise ValueError("the times do not rise (allowed: as 00:00, 08:00, 16:00)")
        return value

    @property
    def starts_min(self) -> tuple[int, ...]:
        """When shifts begin, in minutes past midnight."""
        return tuple(int(one[:2]) * 60 + int(one[3:]) for one in self.shift_starts)


class LogPart(_Part):
    """hazwatch's own log, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level shown")
    format: Literal["auto", "console", "json"] = Field(
        "auto", description="auto is console on a terminal, else json"
    )


PARTS: Mapping[str, type[BaseModel]] = {
    "mqtt": MqttPart,
    "mapped": MappedSettings,
    "store": StorePart,
    "console": ConsolePart,
    "tiles": TilesPart,
    "journal": JournalPart,
    "reports": ReportsPart,
    "log": LogPart,
}
"""The keys that have keys of their own, in the order of the settings reference."""
