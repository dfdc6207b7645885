"""The settings reference, written from the typed settings: ``python -m service.settings_doc > docs/settings.md``."""

import sys
import types
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from service.settings import Settings, variable_of
from service.settings_parts import PARTS

_HEAD = """\
# Settings

<!-- Written by `python -m service.settings_doc` from service/settings.py; a test compares. -->

`hazwatch.yaml` names everything that a site is made of. Every key can be given as a variable too, which goes before the
file. `hazwatch check-config hazwatch.yaml` tells every fault of every file at once, with file, line and what is allowed;
nothing starts on a bad file.

- Paths are relative to the settings file, whether they stand in it or in a variable.
- A variable's name is `HAZWATCH_`, the part, two underscores, the key: `HAZWATCH_MQTT__URL`. Lists, and whole parts, are
  JSON: `HAZWATCH_MQTT__TOPICS='["a/#", "b/#"]'`. A variable with our prefix that is no key is a warning.
- Secrets never stand in the file. They come from a `…_file`, which holds nothing else (a line's end at its end does not
  count), or from their variable, which goes before the file.

## The other files

| key | file | described in |
|---|---|---|
| `plant` | areas, enterprises, hazard sources, equipment | [plant.md](plant.md) |
| `points` | the sensor table | [plant.md](plant.md#pointscsv) |
| `detectors` | profiles by sensor type and for single sensors | [detectors.md](detectors.md) |
| `routes` | receivers and the routing tree | [alerts.md](alerts.md#routing) |
| `tuned` | thresholds that `hazwatch tune` wrote, laid over `detectors` | [tuning.md](tuning.md) |
| `grades` | the table of grades | [alerts.md](alerts.md#grades) |
| `alarms` | latching, shelving, re-alarm, chattering, causes, planned works | [lifecycle.md](lifecycle.md#the-alarms-file) |

What gateways may send, and how `mapped` reads what others send, is in [wire.md](wire.md); what the store holds, in
[store.md](store.md). An example is [configs/site](../configs/site/hazwatch.yaml).
"""
_COLUMNS = "| key | type | default | meaning | variable |\n|---|---|---|---|---|\n"


def page() -> str:
    """Return the whole page."""
    parts = [_HEAD, "\n## Top level\n\n", _COLUMNS, *_rows(Settings, ())]
    for name, model in PARTS.items():
        parts += [
            f"\n## {name}\n\n",
            f"{(model.__doc__ or '').strip().replace('docs/wire.md', '[wire.md](wire.md#mapped-json)')}\n\n",
        ]
        if name == "mapped":
            parts += [
                "A list, each with these keys.\n\n",
                "| key | type | default | meaning |\n|---|---|---|---|\n",
            ]
            parts += _rows(model, None)
        else:
            parts += [_COLUMNS, *_rows(model, (name,))]
    return "".join(parts)


def _rows(model: type[BaseModel], loc: tuple[str, ...] | None) -> Iterator[str]:
    """Yield a row for each key of a part; without a `loc` the keys have no variable of their own."""
    for name, field in model.model_fields.items():
        if loc == () and name in PARTS:
            meaning = f"see [below](#{name})"
            yield f"| `{name}` | {'list' if name == 'mapped' else 'keys'} | | {meaning} | `{variable_of(name)}` |\n"
            continue
        cells = [f"`{name}`", kind_of(field), _default(field), _escaped(field.description or "")]
        if loc is not None:
            cells.append(f"`{variable_of(*loc, name)}`")
        yield f"| {' | '.join(cells)} |\n"


def kind_of(field: FieldInfo) -> str:
    """Return what a key takes, in words, with its bounds."""
    words = _kind(field.annotation)
    lo = next((f"from {m.ge}" for m in field.metadata if isinstance(m, Ge)), "")
    above = next((f"above {m.gt}" for m in field.metadata if isinstance(m, Gt)), "")
    hi = next((f"to {m.le}" for m in field.metadata if isinstance(m, Le)), "")
    bounds = " ".join(word for word in (lo, above, hi) if word)
    return f"{words} {bounds}".rstrip()


_WORDS = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    SecretStr: "text",
}


def _kind(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin in {Union, types.UnionType}:
        (inner,) = (arg for arg in get_args(annotation) if arg is not types.NoneType)
        return _kind(inner)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if origin is tuple:
        return f"list of {_kind(get_args(annotation)[0])}s"
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return ", ".join(f"`{member}`" for member in annotation)
    return _WORDS[annotation]


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "**needed**"
    if field.default is None or field.default == "":
        return ""
    if isinstance(field.default, tuple):
        return ", ".join(f"`{value}`" for value in field.default)
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
