"""Tokens with which programs use the web API in a person's name: shown once, kept as a hash, ended at once.

A secret of 256 random bits needs no slow hash: nobody guesses it, and who reads the file does not find it.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from console.accounts import Account, Accounts, Role
from console.people import People, PeopleRefused
from console.scope import Scope

PREFIX = "hzw"
MAX_TOKENS = 50
"""Of one owner."""
MAX_DAYS = 366
USED_EVERY_S = 60.0
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """A token that lasts; times in seconds since 1970."""

    id: str
    owner: str
    label: str
    role: Role
    scope: Scope
    made_s: float
    until_s: float
    used_s: float | None


class Tokens:
    """The tokens of an accounts file."""

    def __init__(self, accounts: Accounts, people: People, now_s: Callable[[], float] = time.time) -> None:
        self._accounts = accounts
        self._people = people
        self._db = accounts.database
        self._now_s = now_s
        self._used_s: dict[str, float] = {}

    def make(self, owner: Account, label: str, role: Role, scope: Scope, days: int) -> tuple[str, str]:
        """Make a token that may no more than its owner; return its id and what the program must send."""
        if not owner.role.covers(role) or not owner.scope.covers(scope):
            raise PeopleRefused("not_yours")
        if len([row for row in self._rows() if row.owner == owner.name]) >= MAX_TOKENS:
            raise PeopleRefused("too_many_tokens")
        name, secret, now_s = secrets.token_hex(8), secrets.token_urlsafe(_SECRET_BYTES), self._now_s()
        with self._db:
            self._db.execute("delete from tokens where until_s < ?", (now_s,))
            self._db.execute(
                "insert into tokens values (?, ?, ?, ?, ?, ?, ?, ?, ?, null)",
                (
                    name,
                    owner.name,
                    label,
                    _hash(secret),
                    role.value,
                    scope.area,
                    scope.enterprise,
                    now_s,
                    now_s + days * 86_400,
                ),
            )
        return name, f"{PREFIX}_{name}_{secret}"

    def account_of(self, token: str) -> Account | None:
        """Return whose token it is, with the token's role and scope; None where it is none, or its owner may less by now."""
        prefix, _, rest = token.partition("_")
        name, _, secret = rest.partition("_")
        row = self._db.execute(
            "select owner, label, hash, role, area, enterprise from tokens where id = ? and until_s > ?",
            (name, self._now_s()),
        ).fetchone()
        if prefix != PREFIX or row is None:
            return None
        owner, label, digest, role, area, enterprise = row
        if not hmac.compare_digest(digest, _hash(secret)):
            return None
        behind = self._accounts.find(owner)
        scope = Scope(area, enterprise)
        if (
            behind is None
            or behind.must_change
            or not behind.role.covers(Role(role))
            or not behind.scope.covers(scope)
        ):
            return None
        self._note_used(name)
        return Account(name=f"{owner}:{label}", role=Role(role), scope=scope)

    def rows(self, account: Account) -> list[TokenRow]:
        """Return one's own tokens, and those of the accounts that one administers."""
        seen = {row.name for row in self._people.rows(account)} | {account.name}
        return [row for row in self._rows() if row.owner in seen]

    def revoke(self, account: Account, token: str) -> TokenRow:
        """End a token that the account may see, at once."""
        for row in self.rows(account):
            if row.id == token:
                with self._db:
                    self._db.execute("delete from tokens where id = ?", (token,))
                return row
        raise PeopleRefused("not_found")

    def _rows(self) -> list[TokenRow]:
        found = self._db.execute(
            "select id, owner, label, role, area, enterprise, made_s, until_s, used_s from tokens"
            " where until_s > ? order by made_s desc",
            (self._now_s(),),
        ).fetchall()
        return [
            TokenRow(
                id=one,
                owner=owner,
                label=label,
                role=Role(role),
                scope=Scope(area, enterprise),
                made_s=made,
                until_s=until,
                used_s=used,
            )
            for one, owner, label, role, area, enterprise, made, until, used in found
        ]

    def _note_used(self, name: str) -> None:
        now_s = self._now_s()
        if now_s - self._used_s.get(name, 0.0) >= USED_EVERY_S:
            self._used_s[name] = now_s
            with self._db:
                self._db.execute("update tokens set used_s = ? where id = ?", (now_s, name))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
