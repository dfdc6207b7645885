"""The garbage collector does not walk over what a start has made."""

import gc

from service import app


def test_what_stands_after_a_start_is_left_alone_and_looked_at_again_after_a_reload() -> None:
    try:
        app._leave_alone_what_stands()
        first = gc.get_freeze_count()
        assert first > 0
        garbage: list[object] = []
        garbage.append(garbage)
        gc.freeze()
        del garbage
        app._leave_alone_what_stands()
        assert 0 < gc.get_freeze_count()
        assert gc.get_count()[0] < first
    finally:
        gc.unfreeze()
