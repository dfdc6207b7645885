"""A real InfluxDB 1 (Debian's influxdb) behind nginx, which gives it the v2 write API."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.servers.process import Server, free_ports

_INFLUX = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{http}"
  log-enabled = false
"""
_NGINX = """
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 64m;
  server {{
    listen 127.0.0.1:{front};
    proxy_set_header Authorization "";
    location = /api/v2/write {{
      rewrite ^ /write?db=$arg_bucket&precision=$arg_precision? break;
      proxy_pass http://127.0.0.1:{http};
    }}
    location / {{ proxy_pass http://127.0.0.1:{http}; }}
  }}
}}
"""


class Influx:
    """InfluxDB 1 with its front on `url`; the database `bucket` exists. Its data outlives stop, kill and start."""

    bucket = "hazwatch"

    def __init__(self, folder: Path) -> None:
        rpc, http, front = free_ports(3)
        folder.mkdir(parents=True, exist_ok=True)
        user = (
            "user root;" if os.geteuid() == 0 else ""
        )  # else its worker could not write into the test's folder
        names = {"folder": folder, "rpc": rpc, "http": http, "front": front, "user": user}
        (folder / "influx.conf").write_text(_INFLUX.format(**names))
        (folder / "nginx.conf").write_text(_NGINX.format(**names))
        self.url = f"http://127.0.0.1:{front}"
        self._direct = f"http://127.0.0.1:{http}"
        self._influxd = Server(
            ["influxd", "-config", str(folder / "influx.conf")],
            folder / "influx.log",
            lambda: _answers(self._direct + "/ping"),
        )
        self._nginx = Server(
            ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"],
            folder / "nginx.log",
            lambda: _answers(self.url + "/ping"),
        )

    @property
    def pid(self) -> int:
        """InfluxDB's process id."""
        return self._influxd.pid

    def start(self) -> None:
        """Start both and make the database."""
        self._influxd.start()
        httpx.post(
            self._direct + "/query", params={"q": f"CREATE DATABASE {self.bucket}"}, timeout=10
        ).raise_for_status()
        self._nginx.start()

    def stop(self) -> None:
        """End both."""
        self._nginx.stop()
        self._influxd.stop()

    def stop_behind(self) -> None:
        """End InfluxDB alone: the front stays and answers 502."""
        self._influxd.stop()

    def start_behind(self) -> None:
        """Start InfluxDB again behind its front."""
        self._influxd.start()

    def kill(self) -> None:
        """End both as a loss of power would."""
        self._nginx.stop()  # nginx's workers would outlive a killed master
        self._influxd.kill()

    def ask(self, query: str) -> list[list[object]]:
        """Return the rows of an InfluxQL query, times in ns."""
        answer = httpx.get(
            self._direct + "/query", params={"q": query, "db": self.bucket, "epoch": "ns"}, timeout=30
        )
        answer.raise_for_status()
        series = answer.json()["results"][0].get("series", [])
        return series[0]["values"] if series else []


@contextmanager
def influx(folder: Path) -> Iterator[Influx]:
    """Run one for as long as the context is open."""
    for program in ("influxd", "nginx"):
        if shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin") is None:
            pytest.skip(f"needs Debian's packages influxdb and nginx ({program} is not there)")
    server = Influx(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1).is_success
    except httpx.TransportError:
        return False
