"""The repository as a stranger meets it: its files speak of the project alone, and agree with each other."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
READMES = ("README.md", "README.zh.md")
LOCKS = ("requirements.txt", "requirements-build.txt", "requirements-dev.txt")

# Written so that this file does not match itself.
REGISTRY_HOSTS = re.compile(
    "|".join(
        re.escape(".".join(labels))
        for labels in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("registry", "npmjs", "org"),
            ("registry", "yarnpkg", "com"),
            ("npmmirror", "com"),
            ("deb", "debian", "org"),
            ("archive", "ubuntu", "com"),
            ("proxy", "golang", "org"),
            ("mirrors", "aliyun", "com"),
            ("tuna", "tsinghua", "edu", "cn"),
        )
    )
)
MACHINE_PATHS = re.compile(
    r"(?<![\w.}$)-])/" + r"(?:work|root|home|Users)/\w|(?<!\w)/" + r"opt/(?:pypi|wheels)"
)
INDEX_LINES = re.compile(r"^\s*(?:-i|--(?:extra-)?index-url|--find-links|-f)\b|://", re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@cache
def _tracked() -> tuple[Path, ...]:
    """Return the files that git tracks or would track, without pictures and other binaries."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return tuple(
        ROOT / name for name in listed if (ROOT / name).is_file() and b"\0" not in _head(ROOT / name)
    )


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(8192)


def _matches(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in _tracked():
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    return found


def _markdown() -> list[Path]:
    return [path for path in _tracked() if path.suffix == ".md"]


def _prose(path: Path) -> str:
    """Return a page without its code blocks."""
    return re.sub(r"^```.*?^```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)


def _commands(path: Path) -> list[str]:
    """Return a page's shell blocks, in order."""
    return re.findall(r"^```sh\n(.*?)^```", path.read_text(), flags=re.MULTILINE | re.DOTALL)


def test_no_registry_is_named() -> None:
    assert _matches(REGISTRY_HOSTS) == []


def test_no_path_of_a_machine_is_named() -> None:
    assert _matches(MACHINE_PATHS) == []


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_pins_every_package_by_hash_and_names_no_index(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not INDEX_LINES.search(text)
    entries = re.split(r"\n(?=\S)", text.strip())
    assert [
        entry for entry in entries if "==" not in entry.split("\n")[0] or "--hash=sha256:" not in entry
    ] == []


def _pins(name: str) -> dict[str, list[str]]:
    pins: dict[str, list[str]] = {}
    for package, version in re.findall(r"^([\w.-]+)==([^ ;\\]+)", (ROOT / name).read_text(), re.MULTILINE):
        pins.setdefault(canonicalize_name(package), []).append(version)
    return pins


def _settings() -> dict[str, list[str]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = settings["project"]["dependencies"]
    build = settings["build-system"]["requires"]
    return {
        "requirements.txt": runtime,
        "requirements-build.txt": build,
        "requirements-dev.txt": [*runtime, *build, *settings["project"]["optional-dependencies"]["dev"]],
    }


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_has_what_pyproject_asks_for(name: str) -> None:
    pins = _pins(name)
    for line in _settings()[name]:
        wanted = Requirement(line)
        versions = pins.get(canonicalize_name(wanted.name), [])
        assert versions, f"{name} lacks {wanted}: run scripts/lock"
        assert all(version in wanted.specifier for version in versions), f"{name}: {wanted}: run scripts/lock"


def test_the_locks_agree() -> None:
    everything = _pins("requirements-dev.txt")
    for name in ("requirements.txt", "requirements-build.txt"):
        assert {package: everything.get(package) for package in _pins(name)} == _pins(name)


@pytest.mark.parametrize("name", READMES)
def test_a_readme_names_the_two_commands(name: str) -> None:
    first = _commands(ROOT / name)[0].splitlines()
    assert first[0].startswith("git clone ")
    assert first[1:] == ["scripts/demo"]


def test_both_readmes_have_the_same_headings_commands_and_tables() -> None:
    english, chinese = ((ROOT / name) for name in READMES)

    def shape(path: Path) -> list[str]:
        return re.findall(r"^(#+ |\| `[^`]+`|!\[|- )", _prose(path), re.MULTILINE)

    assert shape(english) == shape(chinese)
    assert _commands(english) == _commands(chinese)


def test_links_lead_to_files() -> None:
    broken = []
    for page in _markdown():
        for target in LINK.findall(_prose(page)):
            if "://" in target or target.startswith(("#", "mailto:")):
                continue
            if not (page.parent / target.split("#")[0]).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_scripts_can_be_run() -> None:
    for name in ("scripts/check", "scripts/test", "scripts/demo", "scripts/lock", ".ci/run"):
        path = ROOT / name
        assert path.stat().st_mode & 0o111, name
        assert path.read_text().startswith("#!/usr/bin/env bash\n"), name


@pytest.mark.skipif(
    importlib.util.find_spec("service.main") is None, reason="the command line is not there yet"
)
def test_the_example_site_has_no_faults(tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(ROOT / "configs/site", site)
    (site / "secrets").mkdir()
    for name in ("mqtt", "influx"):
        (site / "secrets" / name).write_text("secret\n")
    make_ca = "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=test -keyout ca.key -out ca.crt"
    subprocess.run(make_ca.split(), cwd=site, capture_output=True, check=True)
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            "from service.main import main; main()",
            "check-config",
            str(site / "hazwatch.yaml"),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT), "HAZWATCH_STATE_DIR": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
