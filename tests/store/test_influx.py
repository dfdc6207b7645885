"""The write and read paths against a small server of our own that answers as told."""

import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

from registry.sensors import SensorRegistry
from store.influx import InfluxSettings, InfluxStore, salvage
from store.reading import Flavour, probe
from store.series import StoreError, encoded
from tests.servers.process import free_ports
from tests.store.batches import START_NS, batch


class Asked(NamedTuple):
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


Answer = tuple[int, dict[str, str], bytes]


class FakeServer:
    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Answer] = lambda _: (204, {}, b"")
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                url = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked = Asked(self.command, url.path, parse_qs(url.query), dict(self.headers), body)
                fake.asked.append(asked)
                status, headers, answer = fake.answer(asked)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST  # noqa: N815 - the name that http.server looks for

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    server = FakeServer()
    thread = threading.Thread(target=server.server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.server.shutdown()
    thread.join()
    server.server.server_close()


def store_of(
    url: str, registry: SensorRegistry, *, gzipped: bool = False, post_bytes: int = 4 << 20
) -> InfluxStore:
    return InfluxStore(
        InfluxSettings(
            url=url, org="o r", bucket="b", token="secret", gzip=gzipped, timeout_s=5, post_bytes=post_bytes
        ),
        registry,
    )


@pytest.mark.parametrize("gzipped", [False, True])
def test_what_goes_over_the_wire(fake: FakeServer, registry: SensorRegistry, gzipped: bool) -> None:
    store = store_of(fake.url, registry, gzipped=gzipped)
    store.write([batch(1), batch(2)])
    (asked,) = fake.asked
    assert (asked.method, asked.path) == ("POST", "/api/v2/write")
    assert asked.query == {"org": ["o r"], "bucket": ["b"], "precision": ["ns"]}
    assert asked.headers["Authorization"] == "Token secret"
    body = gzip.decompress(asked.body) if gzipped else asked.body
    assert body == store.encode(batch(1)) + store.encode(batch(2))
    store.close()


def test_large_writes_are_cut_between_lines(fake: FakeServer, registry: SensorRegistry) -> None:
    store = store_of(fake.url, registry, post_bytes=500)
    store.write([batch(1)])
    assert len(fake.asked) > 3
    assert all(asked.body.endswith(b"\n") for asked in fake.asked)
    assert b"".join(asked.body for asked in fake.asked) == store.encode(batch(1))
    store.close()


@pytest.mark.parametrize(
    ("status", "headers", "retry", "after_s"),
    [
        (400, {}, False, None),
        (422, {}, False, None),
        (401, {}, True, None),
        (404, {}, True, None),
        (429, {"Retry-After": "7"}, True, 7.0),
        (500, {}, True, None),
        (503, {"Retry-After": "soon"}, True, None),
    ],
)
def test_what_an_answer_means(
    fake: FakeServer,
    registry: SensorRegistry,
    *,
    status: int,
    headers: dict[str, str],
    retry: bool,
    after_s: float | None,
) -> None:
    fake.answer = lambda _: (status, headers, b'{"message":"because of this"}')
    store = store_of(fake.url, registry)
    with pytest.raises(StoreError, match="because of this") as caught:
        store._post(b"a b=1 1\n")
    assert (caught.value.retry, caught.value.retry_after_s) == (retry, after_s)
    store.close()


def test_nobody_there_is_worth_another_try(registry: SensorRegistry) -> None:
    (port,) = free_ports(1)
    store = store_of(f"http://127.0.0.1:{port}", registry)
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        store.write([batch(1)])
    assert caught.value.retry
    with pytest.raises(StoreError, match="cannot be reached"):
        store.read("e1/LT-101", 0, 1, 1)
    store.close()


def test_the_good_lines_beside_bad_ones_are_stored(fake: FakeServer, registry: SensorRegistry) -> None:
    kept: list[bytes] = []

    def answer(asked: Asked) -> Answer:
        lines = asked.body.splitlines()
        if any(b"PT" in line and b"readings" in line for line in lines):
            return 400, {}, b'{"error":"field type conflict"}'
        kept.extend(lines)
        return 204, {}, b""

    fake.answer = answer
    store = store_of(fake.url, registry)
    rejections = store.send(encoded(store, [batch(1), batch(2)]))
    bad = [line for b in (batch(1), batch(2)) for line in store.encode(b).splitlines()]
    assert sorted(kept) == sorted(line for line in bad if not (b"PT" in line and b"readings" in line))
    assert [r.rows for r in rejections] == [1] * 10
    assert all("field type conflict" in r.reason and b"PT" in r.excerpt for r in rejections)
    store.close()


def test_halving_has_an_end() -> None:
    posts = 0

    def refuse(_: bytes) -> None:
        nonlocal posts
        posts += 1
        raise StoreError("no", retry=False)

    rejections = salvage(b"line\n" * 10_000, refuse, iter(range(50)))
    assert sum(r.rows for r in rejections) == 10_000
    assert posts == 101


@pytest.mark.parametrize(
    ("health", "version", "flavour"),
    [
        ((200, b"OK"), "1.8.0", "victoria"),
        ((200, b'{"name":"influxdb","status":"pass","version":"v2.7.1"}'), "", "influx2"),
        ((200, b'{"name":"influxdb","status":"pass","version":"1.8.10"}'), "1.8.10", "influx1"),
        ((404, b"404 page not found"), "1.6.7~rc0", "influx1"),
        ((404, b""), "v2.0.1", "influx2"),
    ],
)
def test_the_server_is_known_by_its_answers(
    fake: FakeServer, registry: SensorRegistry, health: tuple[int, bytes], version: str, flavour: Flavour
) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.path == "/health":
            return health[0], {}, health[1]
        return 204, {"X-Influxdb-Version": version} if version else {}, b""

    fake.answer = answer
    store = store_of(fake.url, registry)
    assert probe(store._target().get) == flavour
    store.close()


def test_a_server_that_says_nothing_needs_the_setting(fake: FakeServer, registry: SensorRegistry) -> None:
    fake.answer = lambda _: (404, {}, b"")
    store = store_of(fake.url, registry)
    with pytest.raises(StoreError, match=r"store\.flavour"):
        store.read("x", 0, 1, 1)
    store.close()


def test_influx2_is_asked_in_flux(fake: FakeServer, registry: SensorRegistry) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.path == "/health":
            return 200, {}, b'{"name":"influxdb","version":"v2.7.1"}'
        value = {b"fn: mean": b"1.5", b"fn: min": b"1", b"fn: max": b"2"}
        for function, text in value.items():
            if function in asked.body:
                return 200, {}, b",result,table,t,v\r\n,_result,0,%d,%s\r\n\r\n" % (START_NS, text)
        return (
            200,
            {},
            b",result,table,t,v\r\n,_result,0,%d,1\r\n,_result,0,%d,2\r\n" % (START_NS, START_NS + 1),
        )

    fake.answer = answer
    store = store_of(fake.url, registry)
    raw = store.read("e1/LT-101", START_NS, START_NS + 10, 2)
    assert (raw.t_ns.tolist(), raw.mean.tolist()) == ([START_NS, START_NS + 1], [1.0, 2.0])
    merged = store.read("e1/LT-101", START_NS, START_NS + 10, 1)
    assert (merged.mean.tolist(), merged.low.tolist(), merged.high.tolist()) == ([1.5], [1.0], [2.0])
    assert fake.asked[-1].query == {"org": ["o r"]}
    assert b'r.sensor == \\"e1/LT-101\\"' in fake.asked[-1].body
    store.close()
