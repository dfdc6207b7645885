"""A broker as given on the command line."""

from dataclasses import replace
from pathlib import Path

from ingest.mqtt import MqttSettings, settings_faults
from registry.faults import InputError
from service.commands.answers import COMMAND_LINE
from service.settings import secret


def connection(  # noqa: PLR0917 - the options in their order
    url: str,
    username: str | None,
    password_file: Path | None,
    ca: Path | None,
    cert: Path | None,
    key: Path | None,
) -> MqttSettings:
    """Return the settings of a connection.

    Raises:
        InputError: they do not hold, or the password cannot be read.
    """
    password, faults = secret(None, password_file, "the MQTT password")
    settings = MqttSettings(
        url=url, username=username, password=password, ca=ca, cert=cert, key=key, client_id="", clean=True
    )
    faults += [replace(fault, file=COMMAND_LINE) for fault in settings_faults(settings)]
    if faults:
        raise InputError(faults)
    return settings
