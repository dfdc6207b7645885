"""`hazwatch alerts`: the alert lines that the ledger holds, also while the service runs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ledger.errors import LedgerError
from ledger.reader import open_readonly
from registry.faults import InputError
from service.commands.answers import end
from service.settings import load_settings


def command(
    config: Annotated[Path, typer.Option(help="hazwatch.yaml")] = Path("hazwatch.yaml"),
    after: Annotated[int, typer.Option(help="only events with a larger seq")] = 0,
) -> None:
    """Print alert lines (NDJSON), oldest first."""
    settings, faults = load_settings(config)
    if settings is None:
        raise InputError(faults)
    try:
        with open_readonly(settings.state_dir) as ledger:
            for event in ledger.alert_events(after):
                sys.stdout.buffer.write(event.line + b"\n")
    except LedgerError as error:
        end(f"error: {error}")
