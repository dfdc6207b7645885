"""The pages that the page itself names, so that a test of every page leaves out none that is added."""

import re

from console.app import STATIC_DIR
from tests.console.site import LPG

PAGE_DIR = STATIC_DIR.parent / "page"
ONE_OF = {"alert": "#/alert/a000000000000001", "source": f"#/source/{LPG}/tank-farm"}
"""A valid address of each page of one thing."""


def _named(table: str) -> list[str]:
    source = (PAGE_DIR / "src/lib/page.svelte.ts").read_text(encoding="utf-8")
    listed = re.search(rf"const {table} = \[(.*?)\]", source, re.DOTALL)
    assert listed
    return re.findall(r'"(\w+)"', listed[1])


def addresses() -> dict[str, str]:
    """Every page's address by its name, those of the navigation first."""
    of_one = {name: ONE_OF[name] for name in _named("OF_ONE")}
    return {name: f"#/{name}" for name in _named("PAGES")} | of_one | {"wall": "#/wall"}
