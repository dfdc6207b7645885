"""The program's log: what goes wrong is told with its traceback, and never with what the variables hold."""

import json
import logging

import pytest
import structlog

from service.logs import configure_logs


def test_a_traceback_shows_no_variables(capsys: pytest.CaptureFixture[str]) -> None:
    def broken(password: str) -> None:
        raise ValueError(len(password))

    before, handlers = structlog.get_config(), list(logging.root.handlers)
    configure_logs(form="json")
    try:
        broken("hunter2" * 2)
    except ValueError:
        structlog.get_logger("x").exception("broke")
    finally:
        structlog.configure(**before)
        logging.root.handlers[:] = handlers
    line = capsys.readouterr().err
    said = json.loads(line)
    assert (said["event"], said["exception"][0]["exc_type"]) == ("broke", "ValueError")
    assert "hunter2" not in line
