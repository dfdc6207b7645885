"""`hazwatch user`: console accounts."""

import asyncio
import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from getpass import getpass, getuser
from pathlib import Path
from typing import Annotated

import typer

from console.accounts import Account, Accounts, Role, add_user, database_path
from console.people import AccountRow, People, PeopleRefused
from console.problems import PROBLEMS
from console.scope import UNLIMITED, Scope
from ledger.audit import AuditLog, Deed
from ledger.errors import LedgerError
from registry.faults import InputError
from service.commands.answers import end, say
from service.settings import load_settings

app = typer.Typer(help="Console accounts.", no_args_is_help=True)

AName = Annotated[str, typer.Argument(help="who signs in")]
ARole = Annotated[Role, typer.Option(help="what the account may do")]
AnArea = Annotated[str | None, typer.Option(help="sees only this area, by its code")]
AnEnterprise = Annotated[str | None, typer.Option(help="sees only this enterprise, by its id")]
AReason = Annotated[str, typer.Option(help="why; it stands in the audit log")]
AConfig = Annotated[Path, typer.Option(help="hazwatch.yaml")]
CONFIG = Path("hazwatch.yaml")


@app.callback()
def accounts() -> None:
    """Console accounts."""


@app.command()
def add(  # noqa: PLR0917 - one parameter an option
    name: AName,
    role: ARole,
    area: AnArea = None,
    enterprise: AnEnterprise = None,
    config: AConfig = CONFIG,
    password_file: Annotated[Path | None, typer.Option(help="reads the password from a file")] = None,
) -> None:
    """Add an account; asks for its password, or reads one line from standard input where that is no terminal."""
    state_dir = _state_dir(config)
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    password = _password(password_file)
    with _told(state_dir), AuditLog(state_dir) as log:
        add_user(database_path(state_dir), name, role, password, area, enterprise)
        _note(log, "set_account", name, "hazwatch user add", detail=_grant(role, area, enterprise))
    say(f"added {name} ({role})")


@app.command("list")
def list_(config: AConfig = CONFIG) -> None:
    """Print the accounts as lines of name, role, area, enterprise and state, with tabs between."""
    with _desk(config) as desk:
        for row in desk.people.rows(desk.admin):
            fields = (row.name, row.role, row.scope.area or "-", row.scope.enterprise or "-", _state(row))
            sys.stdout.write("\t".join(fields) + "\n")


@app.command()
def role(  # noqa: PLR0917 - one parameter an option
    name: AName,
    role: ARole,
    reason: AReason,
    area: AnArea = None,
    enterprise: AnEnterprise = None,
    config: AConfig = CONFIG,
) -> None:
    """Give an account another role and scope, which act at once; without --area and --enterprise it sees everything."""
    scope = Scope(area or None, enterprise or None)
    with _desk(config) as desk, desk.noting("set_account", name, reason, _grant(role, area, enterprise)):
        desk.people.change(desk.admin, name, role, scope)
    say(f"{name} is {role}")


@app.command()
def disable(name: AName, reason: AReason, config: AConfig = CONFIG) -> None:
    """Let an account sign in no more; its sessions and tokens end at once, and its name stays taken."""
    with _desk(config) as desk, desk.noting("disable_account", name, reason):
        desk.people.disable(desk.admin, name, disabled=True)
    say(f"{name} is disabled")


@app.command()
def enable(name: AName, reason: AReason, config: AConfig = CONFIG) -> None:
    """Let a disabled account sign in again, with the password that it had."""
    with _desk(config) as desk, desk.noting("enable_account", name, reason):
        desk.people.disable(desk.admin, name, disabled=False)
    say(f"{name} is enabled")


@app.command()
def password(name: AName, reason: AReason, config: AConfig = CONFIG) -> None:
    """Print a password for one login of an account, after which it must have another; its sessions end at once."""
    with _desk(config) as desk, desk.noting("one_time_password", name, reason):
        made = asyncio.run(desk.people.reset_password(desk.admin, name))
    sys.stdout.write(f"{made}\n")


@dataclass(frozen=True, slots=True)
class _Desk:
    """The accounts of a state folder and the log, in the hands of whoever may write there."""

    people: People
    log: AuditLog

    @property
    def admin(self) -> Account:
        return Account(name=_who(), role=Role.ADMIN, scope=UNLIMITED)

    @contextmanager
    def noting(
        self, action: str, name: str, reason: str, detail: dict[str, str] | None = None
    ) -> Iterator[None]:
        """Note what is done inside, or that it was refused, which ends the command."""
        try:
            yield
        except PeopleRefused as error:
            _note(self.log, action, name, reason, outcome=error.code, detail=detail)
            end(f"error: user {name!r}: {(error.text or PROBLEMS[error.code][1]).en}")
        _note(self.log, action, name, reason, detail=detail)


@contextmanager
def _desk(config: Path) -> Iterator[_Desk]:
    state_dir = _state_dir(config)
    if not database_path(state_dir).is_file():
        end(f"error: {database_path(state_dir)}: there are no accounts yet; hazwatch user add makes one")
    with _told(state_dir), Accounts(state_dir) as held, AuditLog(state_dir) as log:
        yield _Desk(People(held), log)


@contextmanager
def _told(state_dir: Path) -> Iterator[None]:
    """End the command with a message where a file cannot be read or written."""
    try:
        yield
    except sqlite3.Error as error:
        end(f"error: {database_path(state_dir)}: {error}")
    except LedgerError as error:
        end(f"error: {error}")


def _state_dir(config: Path) -> Path:
    settings, faults = load_settings(config)
    if settings is None:
        raise InputError(faults)
    return settings.state_dir


def _who() -> str:
    return f"local:{getuser()}"


def _note(  # noqa: PLR0917 - the fields of a row
    log: AuditLog,
    action: str,
    name: str,
    reason: str,
    outcome: str = "done",
    detail: dict[str, str] | None = None,
) -> None:
    log.note(
        Deed(
            now_ns=time.time_ns(),
            who=_who(),
            action=action,
            subject=name,
            reason=reason,
            outcome=outcome,
            detail=json.dumps(detail, ensure_ascii=False) if detail else "",
            enterprise=(detail or {}).get("enterprise"),
            area=(detail or {}).get("area"),
        )
    )


def _grant(role: Role, area: str | None, enterprise: str | None) -> dict[str, str]:
    given = {"role": role.value, "area": area, "enterprise": enterprise}
    return {key: value for key, value in given.items() if value}


def _state(row: AccountRow) -> str:
    if row.disabled:
        return "disabled"
    return "new password due" if row.must_change else "active"


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
