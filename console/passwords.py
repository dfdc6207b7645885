"""Which passwords are good enough: long, and not what is tried first (NIST SP 800-63B, 5.1.1.2: no rules of composition)."""

import secrets

from registry.plant import Text

MIN_CHARS = 12
MAX_CHARS = 1024
_ONE_TIME_CHARS = 16
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what looks alike: i, l, o, 0, 1."""
_TRIED_FIRST = frozenset(
    {
        "passwordpassword",
        "password1234",
        "password12345",
        "123456789012",
        "1234567890123",
        "12345678901234",
        "123456123456",
        "123123123123",
        "qwertyuiop12",
        "qwertyuiopasdf",
        "qwertyuiop[]",
        "1q2w3e4r5t6y",
        "administrator",
        "adminadminadmin",
        "admin1234567",
        "hazwatchhazwatch",
        "changemechangeme",
        "iloveyou1234",
        "letmeinletmein",
        "woaini123456",
        "a123456789012",
        "abcdefghijkl",
    }
)


def why_weak(password: str, name: str) -> Text | None:
    """Return why a password is not good enough for the account of this name, None where it is."""
    if len(password) < MIN_CHARS:
        return Text(f"至少 {MIN_CHARS} 个字符", f"at least {MIN_CHARS} characters")
    if len(password) > MAX_CHARS:
        return Text(f"至多 {MAX_CHARS} 个字符", f"at most {MAX_CHARS} characters")
    folded = password.casefold()
    if folded in _TRIED_FIRST or len(set(folded)) <= 2:  # noqa: PLR2004 - one or two characters again and again
        return Text("此密码过于常见，最先被猜", "a password that is tried first")
    if name and folded.replace(name.casefold(), "") != folded and len(folded) < MIN_CHARS + len(name):
        return Text("密码不能由用户名组成", "a password made of the name")
    return None


def one_time() -> str:
    """Return a password for one login, easy to read out."""
    return "".join(secrets.choice(_READABLE) for _ in range(_ONE_TIME_CHARS))
