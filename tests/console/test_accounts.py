"""Accounts, sessions and the login gate, on a clock of the test."""

import asyncio
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest

from console.accounts import Accounts, LoginRefused, Role, Session, add_user, database_path
from console.login_gate import LoginGate
from console.scope import Scope
from registry.faults import InputError

PASSWORD = "correct horse"


@dataclass
class Clock:
    now_s: float = 1_764_000_000.0

    def __call__(self) -> float:
        return self.now_s


def login(
    accounts: Accounts, name: str, password: str = PASSWORD, client: str = "127.0.0.1"
) -> Session | LoginRefused:
    return asyncio.run(accounts.login(name, password, client))


def session(accounts: Accounts, name: str) -> Session:
    outcome = login(accounts, name)
    assert isinstance(outcome, Session)
    return outcome


def test_login_session_logout(tmp_path: Path) -> None:
    add_user(database_path(tmp_path), "li", "operator", PASSWORD, None, "bh-lpg")
    with Accounts(tmp_path) as accounts:
        held = session(accounts, "li")
        assert held.account.role is Role.OPERATOR
        assert accounts.account_of(held.cookie) == held.account
        assert held.account.scope == Scope(enterprise="bh-lpg")
        accounts.logout(held.cookie)
        assert accounts.account_of(held.cookie) is None
    with Accounts(tmp_path) as again:
        assert again.account_of(held.cookie) is None, "a logout outlives a restart"
        assert again.account_of(session(again, "li").cookie) is not None, "and so does the key"


@pytest.mark.parametrize("cookie", [None, "", "x", "W10.x", "\x00", "é"])
def test_a_forged_cookie_is_nobody(tmp_path: Path, cookie: str | None) -> None:
    with Accounts(tmp_path) as accounts:
        assert accounts.account_of(cookie) is None
        accounts.logout(cookie)


def test_a_session_ends(tmp_path: Path) -> None:
    clock = Clock()
    add_user(database_path(tmp_path), "li", "viewer", PASSWORD)
    with Accounts(tmp_path, session_s=60, now_s=clock) as accounts:
        held = session(accounts, "li")
        clock.now_s += 59
        assert accounts.account_of(held.cookie)
        clock.now_s += 1
        assert accounts.account_of(held.cookie) is None


def test_when_sessions_were_used_is_written_once_in_a_while_for_all(tmp_path: Path) -> None:
    clock = Clock()
    add_user(database_path(tmp_path), "li", "viewer", PASSWORD)
    with Accounts(tmp_path, now_s=clock) as accounts:
        held = session(accounts, "li")
        assert accounts.account_of(held.cookie)
        before = accounts.database.total_changes
        for _ in range(59):
            clock.now_s += 1
            assert accounts.account_of(held.cookie)
        assert accounts.database.total_changes == before
        accounts.keep_seen()
        assert accounts.database.execute("select seen_s from sessions").fetchall() == [(clock.now_s,)]


def test_a_new_password_ends_sessions_and_a_new_role_acts_at_once(tmp_path: Path) -> None:
    path = database_path(tmp_path)
    add_user(path, "li", "viewer", PASSWORD)
    with Accounts(tmp_path) as accounts:
        held = session(accounts, "li")
        add_user(path, "li", "admin", "another horse")
        assert accounts.account_of(held.cookie) is None
        assert isinstance(login(accounts, "li"), LoginRefused)


def test_files_are_the_owners_alone_and_hold_no_password(tmp_path: Path) -> None:
    add_user(database_path(tmp_path), "li", "viewer", PASSWORD)
    with Accounts(tmp_path):
        for name in ("accounts.db", "console.key"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert PASSWORD.encode() not in (tmp_path / "accounts.db").read_bytes()


def test_a_broken_key_is_told(tmp_path: Path) -> None:
    (tmp_path / "console.key").write_bytes(b"short")
    with pytest.raises(InputError, match=r"console\.key: not a session key"):
        Accounts(tmp_path)


def test_what_is_wrong_with_an_account_is_told_all_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        add_user(tmp_path / "accounts.db", " ", "king", "short")
    assert [fault.message for fault in caught.value.faults] == [
        "not a usable name",
        "unknown role 'king'",
        "the password is not good enough: at least 12 characters",
    ]
    assert not (tmp_path / "accounts.db").exists()


def test_an_unknown_name_costs_a_hash_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_user(database_path(tmp_path), "li", "viewer", PASSWORD)
    with Accounts(tmp_path) as accounts:
        verified: list[str | None] = []
        real = accounts._verify

        def verify(digest: str | None, password: str) -> bool:
            verified.append(digest)
            return real(digest, password)

        monkeypatch.setattr(accounts, "_verify", verify)
        assert login(accounts, "nobody") == LoginRefused()
        assert verified == [None]
        accounts._no_account_hash = accounts._hasher.hash(PASSWORD)
        assert login(accounts, "nobody") == LoginRefused(), "not even when it would fit"


def test_too_many_failures_wait_for_that_client_and_name_only(tmp_path: Path) -> None:
    clock = Clock()
    add_user(database_path(tmp_path), "li", "viewer", PASSWORD)
    with Accounts(tmp_path, now_s=clock) as accounts:
        for _ in range(5):
            assert login(accounts, "li", "wrong", "10.0.0.1") == LoginRefused()
        refused = login(accounts, "li", PASSWORD, "10.0.0.1")
        assert isinstance(refused, LoginRefused)
        assert 0 < refused.wait_s <= 300
        assert isinstance(login(accounts, "li", PASSWORD, "10.0.0.2"), Session)
        clock.now_s += 301
        assert isinstance(login(accounts, "li", PASSWORD, "10.0.0.1"), Session)


def test_many_tries_at_once_do_not_all_pass_the_gate(tmp_path: Path) -> None:
    async def rush(accounts: Accounts) -> list[Session | LoginRefused]:
        return await asyncio.gather(*(accounts.login("li", "wrong", "c") for _ in range(8)))

    with Accounts(tmp_path) as accounts:
        outcomes = asyncio.run(rush(accounts))
    assert sum(isinstance(o, LoginRefused) and o.wait_s > 0 for o in outcomes) == 3


def test_logins_that_succeed_do_not_fill_the_gate() -> None:
    gate = LoginGate()
    for i in range(50):
        assert gate.wait_s("c", f"user {i}", 0) == 0
        gate.failed("c", f"user {i}", 0)
        gate.succeeded("c", f"user {i}")


def test_the_gate_is_bounded_and_slides() -> None:
    gate = LoginGate(per_name=2, per_client=3, window_s=10)
    gate.failed("c", "a", 0)
    gate.failed("c", "a", 4)
    assert gate.wait_s("c", "a", 5) == 5
    assert gate.wait_s("c", "b", 5) == 0
    gate.failed("c", "b", 5)
    assert gate.wait_s("c", "z", 6) == 4, "the client as a whole"
    assert gate.wait_s("c", "a", 10) == 0
    for i in range(30_000):
        gate.failed(f"client {i}", "a", 20)
    assert len(gate._failures) <= 10_000
