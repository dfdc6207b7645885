"""Nothing that the console notes or shows by a key lacks words on the page."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import get_args

import msgspec

from alerting.commands import Command
from alerting.events import Event, Kind, State
from alerting.methods import ABOUT
from alerting.phrases import PHRASES
from console.asking import NOT_NOTED, NOTED_AS, QUESTIONS
from console.problems import PROBLEMS
from detectors.findings import Method
from detectors.settings import Methods
from registry.sensors import LIMIT_NAMES, SensorType
from tests.console.test_api import Site, on_site

ROOT = Path(__file__).parents[2]


def test_the_page_has_a_word_for_each_deed(tmp_path: Path) -> None:
    named = words_of("people", "actionOf")
    commands = {str(one.__struct_config__.tag) for one in get_args(Command)} - {"system_condition"}
    assert commands <= named

    async def scenario(s: Site) -> None:
        told = (await s.get("/api/v1/openapi.json")).json()["paths"]
        routes = {
            operation["operationId"].split("_api_v1_")[0]
            for path, operations in told.items()
            for method, operation in operations.items()
            if method == "post" and path not in QUESTIONS
        }
        harmless = {"login", "logout", "remove", "remove_filter"}
        assert {NOTED_AS.get(name, name) for name in routes - harmless} <= named

    on_site(tmp_path, scenario)


def test_the_page_has_words_for_all_that_a_deed_is_noted_with() -> None:
    fields = {
        field.name
        for one in get_args(Command)
        if one.__struct_config__.tag != "system_condition"
        for field in msgspec.structs.fields(one)
    }
    noted_with, actions = noted_in_the_code()
    assert noted_with >= {"from_ms", "format", "source", "days", "version", "was"}
    told_otherwise = {"by", "role", "area", "enterprise", "days", "id", "was", "is", "before"}
    told_otherwise |= {"replaces"}  # as what it replaced
    assert (fields | noted_with) - told_otherwise <= words_of("audit", "keyOf")
    assert actions >= {"start", "open_replay", "set_account"}
    assert actions <= words_of("people", "actionOf")


def test_the_page_has_words_for_all_that_comes_of_a_deed() -> None:
    codes = set(PROBLEMS) | {
        code.value
        for call in calls_in_the_code()
        if name_of(call.func).endswith("Refused")
        for code in [*call.args[:1], *(one.value for one in call.keywords if one.arg == "code")]
        if isinstance(code, ast.Constant) and isinstance(code.value, str)
    }
    codes |= {"done", "refused", "not_sent", *_outcomes_of_a_test()}
    assert codes >= {"moved_on", "no_such_silence", "bad_interval", "ledger", "just_tried"}
    assert codes - NOT_NOTED <= words_of("audit", "outcomeOf")


def test_every_detector_kind_and_setting_has_words() -> None:
    assert set(PHRASES) == set(ABOUT) == set(Method)
    assert all(one.label.zh and one.label.en for method, one in PHRASES.items() if method != Method.LIMIT)
    assert all(one.seen.zh and one.seen.en for one in PHRASES.values())
    assert {one.name for one in fields(Methods)} == words_of("detectors", "settingOf")
    for table, shown in {
        "kind": Kind,
        "state": State,
        "event": Event,
        "sensorType": SensorType,
        "limitName": LIMIT_NAMES,
    }.items():
        assert set(shown) == words_of("../lib/en", f"  {table}"), table


def words_of(file: str, table: str) -> set[str]:
    """Return the keys of a table of the page's English words; that both languages have the same the compiler checks."""
    words = (ROOT / f"console/page/src/words/{file}.ts").read_text("utf-8")
    body = words.split(f"{table}: {{")[1].split("},")[0]
    return set(re.findall(r'(?:^|, )\s*(\w+): ["(]', body, re.MULTILINE))


def noted_in_the_code() -> tuple[set[str], set[str]]:
    """Return the keys of all details that are written out where a deed is noted, and the actions."""
    keys, actions = set[str](), set[str]()
    for function in (
        one
        for tree in trees()
        for one in ast.walk(tree)
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    ):
        calls = [one for one in ast.walk(function) if isinstance(one, ast.Call)]
        notes = [one for one in calls if name_of(one.func) in {"note", "_note", "refused"}]
        given = [part for one in notes for part in [*one.args, *(keyword.value for keyword in one.keywords)]]
        actions |= {
            part.value
            for one in notes
            for part in one.args[:2]
            if isinstance(part, ast.Constant)
            and isinstance(part.value, str)
            and re.fullmatch("[a-z]+(_[a-z]+)*", part.value)
        }
        names = {part.id for part in given if isinstance(part, ast.Name)}
        given += [
            one.value
            for one in ast.walk(function)
            if isinstance(one, ast.Assign) and {name_of(target) for target in one.targets} & names
        ]
        dicts = [one for part in given for one in ast.walk(part) if isinstance(one, ast.Dict)]
        keys |= {
            key.value
            for one in dicts
            for key in one.keys
            if isinstance(key, ast.Constant) and isinstance(key.value, str)
        }
    return keys, actions - {"hazwatch"}


def _outcomes_of_a_test() -> set[str]:
    return {
        keyword.value.value
        for call in calls_in_the_code()
        if name_of(call.func) == "Tried"
        for keyword in call.keywords
        if keyword.arg == "refused"
        and isinstance(keyword.value, ast.Constant)
        and isinstance(keyword.value.value, str)
    }


def calls_in_the_code() -> Iterator[ast.Call]:
    return (one for tree in trees() for one in ast.walk(tree) if isinstance(one, ast.Call))


@cache
def trees() -> list[ast.Module]:
    """Return the files that note something or refuse it, parsed."""
    texts = (
        file.read_text("utf-8")
        for room in ("alerting", "console", "service")
        for file in sorted((ROOT / room).rglob("*.py"))
    )
    return [ast.parse(text) for text in texts if re.search(r"note\(|efused\(|Tried\(", text)]


def name_of(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
