from collections.abc import Iterator

import pytest

from registry.sensors import SensorRegistry
from tests.servers.influx import Influx, influx
from tests.servers.victoria import Victoria, victoria
from tests.store.batches import site


@pytest.fixture(scope="session")
def registry() -> SensorRegistry:
    return site()


@pytest.fixture(scope="module")
def influx_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    with influx(tmp_path_factory.mktemp("influx")) as server:
        yield server


@pytest.fixture(scope="module")
def victoria_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victoria]:
    with victoria(tmp_path_factory.mktemp("victoria")) as server:
        yield server
