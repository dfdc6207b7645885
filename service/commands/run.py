"""`hazwatch run`: the service."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated, Any

import typer

from registry.faults import InputError
from service.commands.answers import NO_SERVER, end, say
from service.logs import configure_logs
from service.settings import load_settings
from service.warm import use_compile_cache, warm_up


def command(
    config: Annotated[Path, typer.Option(help="hazwatch.yaml")] = Path("hazwatch.yaml"),
) -> None:
    """Run the service until SIGTERM or Ctrl-C, which drain and snapshot."""
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
    serve(loaded)


def serve(loaded: Any) -> None:
    """Run the service of loaded settings until a signal ends it."""
    from console.server import ListenError  # noqa: PLC0415 - as in `command`

    from ledger.errors import LedgerError  # noqa: PLC0415
    from service.app import Service  # noqa: PLC0415
    from store.series import StoreError  # noqa: PLC0415

    async def main() -> None:
        service = Service(loaded)
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, service.stop)
        await service.run()

    try:
        asyncio.run(main())
    except (LedgerError, ListenError) as error:
        end(f"error: {error}")
    except StoreError as error:
        end(f"error: the time-series store cannot be opened: {error}", NO_SERVER)
