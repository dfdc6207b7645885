"""The garbage collector does not walk over what a start has made."""

import gc

from service import app


def test_what_stands_after_a_start_is_left_alone_and_looked_at_again_after_a_reload() -> None:
    seen: list[str] = []

    def note(phase: str, info: dict[str, int]) -> None:
        seen.append(f"{phase} {info['generation']}")

    try:
        app._leave_alone_what_stands()
        assert gc.get_freeze_count() > 0
        gc.callbacks.append(note)
        app._leave_alone_what_stands()
        assert "stop 2" in seen
        assert gc.get_freeze_count() > 0
    finally:
        gc.callbacks.remove(note)
        gc.unfreeze()
