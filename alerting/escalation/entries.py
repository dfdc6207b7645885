"""Names in the sections of a routes file: mappings by name, lists of names, and names that must be known."""

from collections.abc import Collection, Iterable

from registry.entries import Entry
from registry.ids import ALLOWED_ID, id_problem
from registry.suggest import did_you_mean, shown


def named(root: Entry, key: str, allowed: str) -> Iterable[tuple[str, Entry]]:
    """Yield the mappings of the mapping at `key` with their names, noting what is none."""
    section = root.mapping(key, allowed)
    for name, value in section.data.items():
        if problem := id_problem(name):
            section.fault(name, f"the name {shown(name)} of {key} {problem}", ALLOWED_ID)
        if not isinstance(value, dict):
            section.fault(name, f"{key}: {name} is {shown(value)}", "a mapping")
            continue
        yield name, Entry(root.marked, (*section.path, name), value, root.faults)


def names_at(entry: Entry, key: str, allowed: str) -> list[str]:
    """Return a list of names, of which there may be one alone without a list; a name twice is a fault."""
    value = entry.data.get(key)
    if value is None:
        return []
    items = value if isinstance(value, list) else [value]
    path = (*entry.path, key)
    found: list[str] = []
    for i, item in enumerate(items):
        at = (*path, i) if isinstance(value, list) else path
        name = entry.marked.raw(at)
        if not name or isinstance(item, dict | list):
            entry.faults.append(entry.marked.fault(at, f"{key}: {shown(item)} is no name", allowed))
        elif name in found:
            entry.faults.append(entry.marked.fault(at, f"{key}: {shown(name)} stands twice", "each once"))
        else:
            found.append(name)
    return found


def check_known(entry: Entry, key: str, names: Iterable[str], known: Collection[str], what: str) -> None:
    """Note each name at `key` that nothing has."""
    for name in names:
        if name not in known:
            allowed = ", ".join(known) or f"none is named: add {what}"
            entry.fault(key, f"unknown {what} {shown(name)}{did_you_mean(name, known)}", allowed)
