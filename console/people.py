"""Administration of accounts: who may change whom, and the changes themselves."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from argon2 import PasswordHasher

from console.accounts import Account, Accounts, LoginRefused, Role, usable
from console.passwords import one_time, why_weak
from console.scope import UNLIMITED, Scope
from registry.plant import Text

MAX_ACCOUNTS = 2000


class PeopleRefused(Exception):  # noqa: N818 - it names the answer, not a failure of the program
    """Nothing was changed; `code` is for programs, the text for people where the code alone does not say it."""

    def __init__(self, code: str, text: Text | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """An account as administrators see it; `seen_s` is when a session of it was used last."""

    name: str
    role: Role
    scope: Scope
    disabled: bool
    must_change: bool
    sessions: int
    seen_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """A session that lasts; times in seconds since 1970."""

    id: str
    name: str
    begun_s: float
    until_s: float
    seen_s: float
    client: str


def may_administer(admin: Account, scope: Scope) -> bool:
    """Tell whether an administrator's scope covers that of an account."""
    return admin.role is Role.ADMIN and admin.scope.covers(scope)


class People:
    """Changes accounts of an accounts file; each change is one transaction and acts at once."""

    def __init__(self, accounts: Accounts, now_s: Callable[[], float] = time.time) -> None:
        self._accounts = accounts
        self._db = accounts.database
        self._now_s = now_s
        self._hasher = PasswordHasher()

    def rows(self, admin: Account) -> list[AccountRow]:
        """Return the accounts that this one administers, by name."""
        self._accounts.keep_seen()
        found = self._db.execute(
            "select a.name, a.role, a.area, a.enterprise, a.disabled, a.must_change, count(s.session), max(s.seen_s)"
            " from accounts a left join sessions s on s.name = a.name and s.until_s > ?"
            " group by a.name order by a.name limit ?",
            (self._now_s(), MAX_ACCOUNTS),
        ).fetchall()
        rows = [
            AccountRow(
                name=name,
                role=Role(role),
                scope=Scope(area, enterprise),
                disabled=bool(disabled),
                must_change=bool(must_change),
                sessions=sessions,
                seen_s=seen_s,
            )
            for name, role, area, enterprise, disabled, must_change, sessions, seen_s in found
        ]
        return [row for row in rows if may_administer(admin, row.scope)]

    def row(self, admin: Account, name: str) -> AccountRow:
        """Return one account; raises `PeopleRefused` where the administrator does not see it."""
        for row in self.rows(admin):
            if row.name == name:
                return row
        raise PeopleRefused("not_found")

    async def add(self, admin: Account, name: str, role: Role, scope: Scope) -> str:
        """Add an account; return its one-time password."""
        if not usable(name):
            raise PeopleRefused("bad_name")
        self._check_grants(admin, scope)
        password = one_time()
        digest = await self._hash(password)
        with self._db:
            done = self._db.execute(
                "insert or ignore into accounts (name, role, hash, generation, area, enterprise, must_change)"
                " values (?, ?, ?, 1, ?, ?, 1)",
                (name, role.value, digest, scope.area, scope.enterprise),
            )
        if not done.rowcount:
            raise PeopleRefused("account_exists")
        return password

    def change(self, admin: Account, name: str, role: Role, scope: Scope) -> AccountRow:
        """Give an account another role and scope; return what it was."""
        before = self._changeable(admin, name)
        self._check_grants(admin, scope)
        if role is not Role.ADMIN or scope != UNLIMITED:
            self._check_not_last(before)
        with self._db:
            self._db.execute(
                "update accounts set role = ?, area = ?, enterprise = ? where name = ?",
                (role.value, scope.area, scope.enterprise, name),
            )
        return before

    def disable(self, admin: Account, name: str, *, disabled: bool) -> None:
        """Let an account sign in no more, which ends its sessions and tokens, or again; nobody else ever gets its name."""
        before = self._changeable(admin, name)
        if disabled:
            self._check_not_last(before)
        with self._db:
            self._db.execute(
                "update accounts set disabled = ?, generation = generation + 1 where name = ?",
                (disabled, name),
            )
            self._db.execute("delete from sessions where name = ?", (name,))
            if disabled:
                self._db.execute("delete from tokens where owner = ?", (name,))

    async def reset_password(self, admin: Account, name: str) -> str:
        """Return a one-time password for an account; its sessions end."""
        self._changeable(admin, name)
        password = one_time()
        await self._set_password(name, password, must_change=True)
        return password

    async def change_own(self, account: Account, old: str, new: str, client: str) -> None:
        """Give an account the password that its owner wants; its sessions end."""
        if isinstance(await self._accounts.check(account.name, old, client), LoginRefused):
            raise PeopleRefused("wrong_login")
        weak = why_weak(new, account.name)
        if weak is None and old == new:
            weak = Text("新密码与旧密码相同", "the new password is the old one")
        if weak is not None:
            raise PeopleRefused("weak_password", weak)
        await self._set_password(account.name, new, must_change=False)

    def sessions(self, account: Account) -> list[SessionRow]:
        """Return one's own sessions, and those of the accounts that one administers; the newest first."""
        seen = {row.name for row in self.rows(account)} | {account.name}
        found = self._db.execute(
            "select session, name, begun_s, until_s, seen_s, client from sessions where until_s > ?"
            " order by seen_s desc limit ?",
            (self._now_s(), MAX_ACCOUNTS),
        ).fetchall()
        rows = [
            SessionRow(id=one, name=name, begun_s=begun, until_s=until, seen_s=at, client=client)
            for one, name, begun, until, at, client in found
        ]
        return [row for row in rows if row.name in seen]

    def end_session(self, account: Account, session: str) -> SessionRow:
        """End a session that the account may see."""
        for row in self.sessions(account):
            if row.id == session:
                self._accounts.end_session(row.id, row.until_s)
                return row
        raise PeopleRefused("not_found")

    async def _set_password(self, name: str, password: str, *, must_change: bool) -> None:
        digest = await self._hash(password)
        with self._db:
            self._db.execute(
                "update accounts set hash = ?, must_change = ?, generation = generation + 1 where name = ?",
                (digest, must_change, name),
            )
            self._db.execute("delete from sessions where name = ?", (name,))

    async def _hash(self, password: str) -> str:
        return await asyncio.to_thread(self._hasher.hash, password)

    def _changeable(self, admin: Account, name: str) -> AccountRow:
        if name == admin.name:
            raise PeopleRefused("own_account")
        return self.row(admin, name)

    def _check_grants(self, admin: Account, scope: Scope) -> None:
        """Refuse to grant what the administrator has not himself: roles end with his own, so that the scope decides."""
        if not may_administer(admin, scope):
            raise PeopleRefused("not_yours")

    def _check_not_last(self, before: AccountRow) -> None:
        """Refuse to leave nobody who may administer everything."""
        if before.role is not Role.ADMIN or before.scope != UNLIMITED or before.disabled:
            return
        (others,) = self._db.execute(
            "select count(*) from accounts where role = 'admin' and not disabled and area is null"
            " and enterprise is null and name != ?",
            (before.name,),
        ).fetchone()
        if not others:
            raise PeopleRefused("last_admin")
