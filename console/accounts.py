"""Who may use the console: accounts in their own SQLite file, sessions as signed cookies.

A password is kept as an argon2id hash only. A session names the account, its password's generation and when it
ends; a logout is kept until the session would have ended anyway. An account is read anew for each request, so a
change of role, scope or password acts at once.
"""

import asyncio
import os
import secrets
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from itsdangerous import BadSignature, URLSafeSerializer

from console.login_gate import LoginGate
from console.passwords import MAX_CHARS, MIN_CHARS, why_weak
from console.scope import UNLIMITED, Scope
from registry.faults import Fault, InputError

SESSION_LIFETIME_S = 12 * 3600
MAX_NAME_CHARS = 64
SEEN_EVERY_S = 60.0
MAX_SEEN = 10_000
_SECRET_BYTES = 32
_PARALLEL_HASHES = 2
_STEPS = (
    """
    create table if not exists accounts (
      name text primary key, role text not null, hash text not null, generation integer not null,
      area text, enterprise text) strict;
    create table if not exists ended (session text primary key, until_s real not null) strict;
    """,
    """
    alter table accounts add column disabled integer not null default 0;
    alter table accounts add column must_change integer not null default 0;
    create table sessions (
      session text primary key, name text not null, begun_s real not null, until_s real not null,
      seen_s real not null, client text not null) strict;
    create table tokens (
      id text primary key, owner text not null, label text not null, hash text not null, role text not null,
      area text, enterprise text, made_s real not null, until_s real not null, used_s real) strict;
    """,
)
"""Step i makes a file of version i one of version i + 1."""


class Role(StrEnum):
    """What an account may do; each role may do all that the one before may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Tell whether this role may do what the other may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as a request sees it; with `must_change` it may do nothing before it has a new password."""

    name: str
    role: Role
    scope: Scope = UNLIMITED
    must_change: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A login that counts: whose, and the cookie that proves it."""

    account: Account
    cookie: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRefused:
    """A login that does not count; `wait_s` above 0 when there were too many, else the name or password is wrong."""

    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Stored:
    account: Account
    hash: str
    generation: int


def database_path(state_dir: Path) -> Path:
    """Return where the accounts of a state folder are kept."""
    return state_dir / "accounts.db"


def usable(name: str) -> bool:
    """Tell whether an account may have this name; a colon tells a token's deeds, and those at a terminal, from a person's."""
    return 0 < len(name) <= MAX_NAME_CHARS and name.isprintable() and name == name.strip() and ":" not in name


def add_user(  # noqa: PLR0917 - the columns of the account in their order
    path: Path,
    name: str,
    role: Role | str,
    password: str,
    area: str | None = None,
    enterprise: str | None = None,
) -> Account:
    """Add an account to the accounts file at `path`, or give a known one a new role, scope and password.

    Raises `InputError` naming what is allowed. A new password ends all sessions of the account.
    """
    faults = _faults_of(path, name, role, password)
    if faults:
        raise InputError(faults)
    digest = PasswordHasher().hash(password)
    with closing(_open(path)) as db, db:
        db.execute(
            "insert into accounts (name, role, hash, generation, area, enterprise) values (?, ?, ?, 1, ?, ?)"
            " on conflict (name) do update set role = excluded.role, hash = excluded.hash,"
            " generation = generation + 1, area = excluded.area, enterprise = excluded.enterprise,"
            " disabled = 0, must_change = 0",
            (name, Role(role).value, digest, area or None, enterprise or None),
        )
    return Account(name=name, role=Role(role), scope=Scope(area or None, enterprise or None))


def _faults_of(path: Path, name: str, role: Role | str, password: str) -> list[Fault]:
    def fault(message: str, allowed: str) -> Fault:
        return Fault(file=str(path), where=f"user {name!r}", message=message, allowed=allowed)

    faults = []
    if not usable(name):
        allowed = f"1 to {MAX_NAME_CHARS} printable characters without a colon, no space at the ends"
        faults.append(fault("not a usable name", allowed))
    if role not in list(Role):
        faults.append(fault(f"unknown role {str(role)!r}", ", ".join(Role)))
    weak = why_weak(password, name)
    if weak is not None:
        allowed = f"{MIN_CHARS} to {MAX_CHARS} characters, not easily guessed"
        faults.append(fault(f"the password is not good enough: {weak.en}", allowed))
    return faults


class Accounts:
    """Logins and sessions over one state folder; used on the event loop's thread.

    Args:
        state_dir: holds accounts.db and console.key; both are created readable by the owner alone.
        notes_seen: whether it writes down when sessions were used; a second process over the same folder only reads.
        now_s: seconds since 1970; tests pass their own.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        session_s: float = SESSION_LIFETIME_S,
        notes_seen: bool = True,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        state_dir.mkdir(parents=True, exist_ok=True)
        self.path = database_path(state_dir)
        self.session_s = session_s
        self._now_s = now_s
        self._db = _open(self.path)
        self._signer = URLSafeSerializer(_secret(state_dir / "console.key"), salt="hazwatch session")
        self._gate = LoginGate()
        self._hasher = PasswordHasher()
        self._no_account_hash: str | None = None
        self._hashing = asyncio.Semaphore(_PARALLEL_HASHES)
        self._notes_seen = notes_seen
        self._seen_s: dict[str, float] = {}
        self._kept_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the accounts file."""
        self.keep_seen()
        self._db.close()

    async def login(self, name: str, password: str, client: str) -> Session | LoginRefused:
        """Start a session where the password is right."""
        stored = await self._check(name, password, client)
        if isinstance(stored, LoginRefused):
            return stored
        now_s, session = self._now_s(), secrets.token_urlsafe(12)
        until_s = now_s + self.session_s
        with self._db:
            self._db.execute("delete from sessions where until_s < ?", (now_s,))
            self._db.execute(
                "insert into sessions values (?, ?, ?, ?, ?, ?)",
                (session, name, now_s, until_s, now_s, client),
            )
        body = [name, stored.generation, until_s, session]
        return Session(account=stored.account, cookie=str(self._signer.dumps(body)))

    async def check(self, name: str, password: str, client: str) -> Account | LoginRefused:
        """Return whose name and password these are, without a session; failures count as those of a login do."""
        stored = await self._check(name, password, client)
        return stored if isinstance(stored, LoginRefused) else stored.account

    async def _check(self, name: str, password: str, client: str) -> "_Stored | LoginRefused":
        """Check a password; an unknown name takes as long as a wrong password."""
        now_s = self._now_s()
        wait_s = self._gate.wait_s(client, name, now_s)
        if wait_s > 0:
            return LoginRefused(wait_s=wait_s)
        # Counted before the slow check, so that many tries at once do not all pass the gate.
        self._gate.failed(client, name, now_s)
        stored = self._find(name)
        async with self._hashing:
            right = await asyncio.to_thread(self._verify, stored.hash if stored else None, password)
        if stored is None or not right:
            return LoginRefused()
        self._gate.succeeded(client, name)
        return stored

    @property
    def database(self) -> sqlite3.Connection:
        """The accounts file, for those that administer it."""
        return self._db

    def find(self, name: str) -> Account | None:
        """Return an account that may sign in, None where there is none of the name."""
        stored = self._find(name)
        return None if stored is None else stored.account

    def too_many(self, client: str) -> float:
        """Return how long a client must wait before it may prove itself again, seconds; 0 when it may now."""
        return self._gate.wait_s(client, "", self._now_s())

    def failed(self, client: str) -> None:
        """Count what proves nothing, as a failed login of that client."""
        self._gate.failed(client, "", self._now_s())

    def account_of(self, cookie: str | None) -> Account | None:
        """Return whose session a cookie is, None when it is forged, ended or out of date."""
        opened = self._open_cookie(cookie)
        if opened is None:
            return None
        name, generation, _, session = opened
        if self._db.execute("select 1 from ended where session = ?", (session,)).fetchone():
            return None
        stored = self._find(name)
        if stored is None or stored.generation != generation:
            return None
        self._seen(session)
        return stored.account

    def session_of(self, cookie: str | None) -> str | None:
        """Return the name of the session that a cookie proves, None where it proves none."""
        opened = self._open_cookie(cookie)
        return None if opened is None else opened[3]

    def _seen(self, session: str) -> None:
        """Note that a session is used; written once in a while for all, since a stream asks for its account with each frame."""
        if not self._notes_seen:
            return
        now_s = self._now_s()
        self._seen_s[session] = now_s
        if now_s - self._kept_s >= SEEN_EVERY_S or len(self._seen_s) > MAX_SEEN:
            self.keep_seen()

    def keep_seen(self) -> None:
        """Write down when sessions were used last."""
        self._kept_s = self._now_s()
        if self._seen_s:
            with self._db:
                rows = [(at, session) for session, at in self._seen_s.items()]
                self._db.executemany("update sessions set seen_s = ? where session = ?", rows)
            self._seen_s.clear()

    def all(self) -> list[Account]:
        """Return every account, by name."""
        rows = self._db.execute("select name, role, area, enterprise from accounts order by name")
        return [
            Account(name=name, role=Role(role), scope=Scope(area, enterprise))
            for name, role, area, enterprise in rows
        ]

    def logout(self, cookie: str | None) -> None:
        """End the session for good, also for whoever has a copy of its cookie."""
        opened = self._open_cookie(cookie)
        if opened is None:
            return
        _, _, until_s, session = opened
        self.end_session(session, until_s)

    def end_session(self, session: str, until_s: float) -> None:
        """End a session that would end by itself at `until_s`."""
        with self._db:
            self._db.execute("delete from sessions where session = ?", (session,))
            self._db.execute("delete from ended where until_s < ?", (self._now_s(),))
            self._db.execute("insert or ignore into ended values (?, ?)", (session, until_s))

    def _open_cookie(self, cookie: str | None) -> tuple[str, int, float, str] | None:
        if not cookie:
            return None
        try:
            name, generation, until_s, session = self._signer.loads(cookie)
        except BadSignature:
            return None
        return (name, generation, until_s, session) if self._now_s() < until_s else None

    def _find(self, name: str) -> _Stored | None:
        row = self._db.execute(
            "select role, hash, generation, area, enterprise, must_change from accounts"
            " where name = ? and not disabled",
            (name,),
        ).fetchone()
        if row is None:
            return None
        role, digest, generation, area, enterprise, must_change = row
        account = Account(
            name=name, role=Role(role), scope=Scope(area, enterprise), must_change=bool(must_change)
        )
        return _Stored(account, digest, generation)

    def _verify(self, digest: str | None, password: str) -> bool:
        if self._no_account_hash is None:
            self._no_account_hash = self._hasher.hash(secrets.token_urlsafe())
        try:
            return self._hasher.verify(digest or self._no_account_hash, password) and digest is not None
        except (VerificationError, InvalidHashError):
            return False


def _open(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    db = sqlite3.connect(path)
    (version,) = db.execute("pragma user_version").fetchone()
    for number, step in enumerate(_STEPS[version:], start=version + 1):
        db.executescript(f"begin immediate; {step} pragma user_version = {number}; commit;")
    return db


def _secret(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        secret = path.read_bytes()
        if len(secret) < _SECRET_BYTES:
            raise InputError(
                [
                    Fault(
                        file=str(path),
                        where="",
                        message="not a session key",
                        allowed="remove it to make a new one",
                    )
                ]
            ) from None
        return secret
    with os.fdopen(handle, "wb") as file:
        secret = secrets.token_bytes(_SECRET_BYTES)
        file.write(secret)
    return secret
