"""`hazwatch user`: console accounts."""

import json
import sys
import time
from getpass import getpass, getuser
from pathlib import Path
from typing import Annotated

import typer

from console.accounts import Role, add_user, database_path
from ledger.audit import AuditLog, Deed
from registry.faults import InputError
from service.commands.answers import end, say
from service.settings import load_settings

app = typer.Typer(help="Console accounts.", no_args_is_help=True)


@app.callback()
def accounts() -> None:
    """Console accounts."""


@app.command()
def add(  # noqa: PLR0917 - one parameter an option
    name: Annotated[str, typer.Argument(help="who signs in")],
    role: Annotated[Role, typer.Option(help="what the account may do")],
    area: Annotated[str | None, typer.Option(help="sees only this area, by its code")] = None,
    enterprise: Annotated[str | None, typer.Option(help="sees only this enterprise, by its id")] = None,
    config: Annotated[Path, typer.Option(help="hazwatch.yaml")] = Path("hazwatch.yaml"),
    password_file: Annotated[Path | None, typer.Option(help="reads the password from a file")] = None,
) -> None:
    """Add an account; asks for its password, or reads one line from standard input where that is no terminal."""
    settings, faults = load_settings(config)
    if settings is None:
        raise InputError(faults)
    settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    add_user(database_path(settings.state_dir), name, role, _password(password_file), area, enterprise)
    given = {"role": role.value, "area": area, "enterprise": enterprise}
    deed = Deed(
        now_ns=time.time_ns(),
        who=f"local:{getuser()}",
        action="set_account",
        subject=name,
        reason="hazwatch user add",
        detail=json.dumps({key: value for key, value in given.items() if value}),
    )
    with AuditLog(settings.state_dir) as log:
        log.note(deed)
    say(f"added {name} ({role})")


def _password(file: Path | None) -> str:
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            end(f"error: {file}: {error}")
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass("password: ")
    if getpass("again: ") != first:
        end("error: the two are not the same")
    return first
