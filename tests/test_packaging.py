"""What is installed, and under which names.

In a checkout these tests ask hatchling what the wheel would hold; installed from a wheel (scripts/test runs them
so, outside the tree) they look at what is really there.
"""

import json
import os
import subprocess
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution, packages_distributions
from pathlib import Path, PurePosixPath

import pytest

ROOMS = ("registry", "ingest", "detectors", "alerting", "ledger", "store", "sim", "console", "service")
OUTSIDE = ("tests", "bench", "configs", "docs", "scripts", "node_modules")
CHECKOUT = Path(__file__).resolve().parent.parent


def _installed() -> Distribution | None:
    """Return hazwatch as installed from a wheel; None where it is editable or not installed."""
    try:
        found = distribution("hazwatch")
    except PackageNotFoundError:
        return None
    origin = json.loads(found.read_text("direct_url.json") or "{}")
    return None if origin.get("dir_info", {}).get("editable") else found


@cache
def _wheel_files() -> frozenset[str]:
    """Return the paths in the wheel, relative to site-packages, without its metadata."""
    installed = _installed()
    if installed is None:
        from hatchling.builders.wheel import WheelBuilder  # noqa: PLC0415 - not there where the wheel is installed

        return frozenset(
            file.distribution_path
            for file in WheelBuilder(str(CHECKOUT)).recurse_included_files()
            if file.distribution_path is not None
        )
    paths = [PurePosixPath(str(file)) for file in installed.files or ()]
    return frozenset(
        str(path)
        for path in paths
        if not path.parts[0].endswith(".dist-info") and ".." not in path.parts and path.suffix != ".pyc"
    )


def _tracked_files() -> list[str]:
    """Return what git tracks, from the list that the wheel leg hands over, or from git itself."""
    listed = os.environ.get("HAZWATCH_TRACKED")
    if listed:
        return Path(listed).read_text().splitlines()
    asked = subprocess.run(["git", "ls-files"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return asked.stdout.splitlines()


def test_only_the_rooms_are_packed() -> None:
    assert {path.split("/")[0] for path in _wheel_files()} == set(ROOMS)


@pytest.mark.parametrize("name", OUTSIDE)
def test_nothing_that_stands_beside_the_rooms_is_packed(name: str) -> None:
    # service/bench is the command `hazwatch bench`, not the folder bench/ beside the rooms
    packed = [path for path in _wheel_files() if not path.startswith("service/bench/")]
    assert not [path for path in packed if name in path.split("/")]


def test_the_sources_of_the_page_are_not_packed() -> None:
    assert not [path for path in _wheel_files() if path.startswith("console/page/")]


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_typed(room: str) -> None:
    assert f"{room}/py.typed" in _wheel_files()


def test_every_tracked_file_of_a_room_is_packed() -> None:
    tracked = {
        path
        for path in _tracked_files()
        if path.split("/")[0] in ROOMS and not path.startswith("console/page/")
    }
    assert tracked, "git tracks the rooms"
    assert sorted(tracked - _wheel_files()) == []


def test_the_page_is_packed_wherever_its_sources_are() -> None:
    has_page = any(path.startswith("console/page/") for path in _tracked_files())
    built = (CHECKOUT / "console/static").is_dir() or _installed() is not None
    if has_page and built:
        assert "console/static/index.html" in _wheel_files()


def test_no_other_distribution_has_a_room_of_the_same_name() -> None:
    owners = packages_distributions()
    strangers = {room: set(owners.get(room, ())) - {"hazwatch"} for room in ROOMS}
    assert not {room: names for room, names in strangers.items() if names}


def test_installed_from_a_wheel_every_room_belongs_to_hazwatch() -> None:
    if _installed() is None:
        pytest.skip("not installed from a wheel: the wheel leg of scripts/test checks it")
    owners = packages_distributions()
    assert {room: set(owners[room]) for room in ROOMS} == {room: {"hazwatch"} for room in ROOMS}


def test_the_command_is_the_only_script() -> None:
    installed = _installed()
    if installed is None:
        pytest.skip("not installed from a wheel: the wheel leg of scripts/test checks it")
    assert [(entry.name, entry.value) for entry in installed.entry_points] == [
        ("hazwatch", "service.main:main")
    ]
