"""`hazwatch check-config`: every fault of every file, or a summary."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from service.commands.answers import say
from service.terminal import terminal
from service.warm import use_compile_cache, user_cache


def command(config: Annotated[Path, typer.Argument(help="hazwatch.yaml")]) -> None:
    """Check hazwatch.yaml and every file that it names."""
    use_compile_cache(user_cache())
    from service.plan import load  # noqa: PLC0415 - imports numba, whose cache has its place only now

    loaded = load(config)
    for warning in loaded.warnings:
        say(f"warning: {warning}")
    plan = loaded.plan
    plant = plan.registry.plant
    console = terminal()
    console.print(
        f"{len(plan.registry)} sensors, {len(plant.sources)} hazard sources, {len(plant.enterprises)} enterprises, "
        f"{len(plan.routes.receivers)} receivers: no faults, {len(loaded.warnings)} warnings"
    )
    types = Table("type", "sensors", title="sensors by type / 按类型")
    for kind, count in sorted(Counter(spec.type.value for spec in plan.registry.specs).items()):
        types.add_row(kind, str(count))
    console.print(types)
    if plant.sources:
        sources = Table(
            "source", "enterprise", "S", "R", "grade", title="hazard sources (GB 18218-2018) / 重大危险源"
        )
        for source in plant.sources.values():
            grade = source.grade.roman if source.grade else "-"
            sources.add_row(
                f"{source.id} {source.name.zh}",
                source.enterprise,
                f"{source.s:.3g}",
                f"{source.r:.4g}",
                grade,
            )
        console.print(sources)
