"""`hazwatch run`: the service."""

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.faults import InputError
from service.commands.answers import NO_SERVER, cause_of, end, say
from service.logs import configure_logs
from service.settings import load_settings
from service.warm import use_compile_cache, warm_up

if TYPE_CHECKING:
    from service.plan import Loaded


def command(
    config: Annotated[Path, typer.Option(help="hazwatch.yaml")] = Path("hazwatch.yaml"),
) -> None:
    """Run the service until SIGTERM or Ctrl-C, which drain and snapshot; SIGHUP loads the settings anew."""
    settings, faults = load_settings(config)
    if settings is None:
        raise InputError(faults)
    configure_logs(settings.log.level, settings.log.format)
    settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    use_compile_cache(settings.state_dir / "cache" / "numba")
    from service.plan import load  # noqa: PLC0415 - imports numba, whose cache has its place only now

    loaded = load(config)
    for warning in loaded.warnings:
        say(f"warning: {warning}")
    warm_up()
    serve(config, loaded)


def serve(config: Path, loaded: "Loaded") -> None:
    """Run the service of loaded settings until a signal ends it; SIGHUP loads them anew."""
    from console.server import ListenError  # noqa: PLC0415 - as in `command`
    from ledger.errors import LedgerError  # noqa: PLC0415 - as in `command`
    from service.reload import Reloading  # noqa: PLC0415 - as in `command`
    from store.series import StoreError  # noqa: PLC0415 - as in `command`

    async def main() -> None:
        reloading = Reloading(config, loaded)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, reloading.stop)
        loop.add_signal_handler(signal.SIGHUP, reloading.reload)
        await reloading.run()

    try:
        asyncio.run(main())
    except* (LedgerError, ListenError) as group:
        end(f"error: {cause_of(group)}")
    except* StoreError as group:
        end(f"error: the time-series store cannot be opened: {cause_of(group)}", NO_SERVER)
