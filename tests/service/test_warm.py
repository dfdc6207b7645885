"""Compiling in a process of its own: done once, and left to the loader where it fails."""

from pathlib import Path

import pytest

from service import warm


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    seen: list[str] = []
    monkeypatch.setattr(warm, "_load", lambda: seen.append("loaded"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    return seen


def test_the_cache_is_filled_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loads: list[str]) -> None:
    monkeypatch.setattr("sys.executable", "/bin/true")
    warm.warm_up()
    assert [path.name[:9] for path in tmp_path.iterdir()] == ["compiled-"]
    monkeypatch.setattr("sys.executable", "/bin/false")
    warm.warm_up()
    assert loads == ["loaded", "loaded"]


def test_where_that_fails_the_loader_compiles_by_himself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loads: list[str]
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    warm.warm_up()
    assert list(tmp_path.iterdir()) == []
    assert loads == ["loaded"]


def test_a_missing_interpreter_is_no_traceback(monkeypatch: pytest.MonkeyPatch, loads: list[str]) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    warm.warm_up()
    assert loads == ["loaded"]
