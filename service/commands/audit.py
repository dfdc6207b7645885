"""`hazwatch audit`: whether what people did stands in the log as it was written."""

from pathlib import Path
from typing import Annotated

import typer

from ledger.audit import Anchor, verify_file
from ledger.errors import LedgerError
from registry.faults import InputError
from service.commands.answers import end, say
from service.settings import load_settings

app = typer.Typer(help="The audit log.", no_args_is_help=True)

_HOW = {
    "gap": "it is missing",
    "changed": "it, or the row before it, is not what was written",
    "cut": "the log ends before the anchor",
    "rewritten": "the log was written anew since the anchor was taken",
}
_HASH_CHARS = 64


@app.callback()
def audit() -> None:
    """The audit log."""


@app.command()
def verify(
    config: Annotated[Path, typer.Option(help="hazwatch.yaml")] = Path("hazwatch.yaml"),
    anchor: Annotated[
        str | None, typer.Option(help="NUMBER:HASH as an earlier run printed it; the log must go on from it")
    ] = None,
) -> None:
    """Verify every row of the audit log, while the service runs or not; print how far it goes as an anchor for later."""
    settings, faults = load_settings(config)
    if settings is None:
        raise InputError(faults)
    given = None if anchor is None else _anchor(anchor)
    try:
        fault, head = verify_file(settings.state_dir, given)
    except LedgerError as error:
        end(f"error: {error}")
    if fault is not None:
        end(f"error: {settings.state_dir / 'audit.db'}: row {fault.n}: {_HOW[fault.how]}")
    say(f"{head.n} rows, all as they were written; anchor {head.told}")


def _anchor(text: str) -> Anchor:
    number, _, digest = text.partition(":")
    if not number.isdecimal() or len(digest) != _HASH_CHARS:
        end(f"error: --anchor {text!r} is not NUMBER:HASH, a number and {_HASH_CHARS} hexadecimal digits")
    return Anchor(int(number), digest)
