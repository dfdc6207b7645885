"""Profiles to be measured: each method alone, all of them, and with windows of a given length."""

import math
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from detectors.profile import Methods, Profile
from detectors.profile_file import SWITCHES, load_profile
from registry.sensors import SensorType

LIMITS = "limits and range"
"""What is always on: set-points and the transmitter's range."""
_WINDOWS = ("_window_s", "_tau_s")
"""How the keys of windows and time constants end."""
_BY_HAND: Mapping[str, float] = {"rate_pct_per_min": 1e6}
"""Values of switches that are off in the packaged profile; out of the quiet readings' reach."""


def switches() -> dict[str, float]:
    """Return the key that switches each method on, with the packaged profile's first value for it."""
    profile, _, _ = load_profile(None)
    found = {}
    for key in (field.name for field in fields(Methods) if field.name in SWITCHES):
        packaged = (getattr(methods, key) for methods in profile.types.values())
        found[key] = _BY_HAND.get(key) or next((value for value in packaged if not math.isnan(value)), 1.0)
    return found


def alone() -> dict[str, Profile]:
    """Return the profile of each method by the key that switches it on, and of those that cannot be switched off."""
    every = switches()
    off = dict.fromkeys(every, math.nan)
    return {
        LIMITS: _all_types(Methods(**off)),  # type: ignore[arg-type]  # the names are floats' names
        **{key: _all_types(Methods(**{**off, key: value})) for key, value in every.items()},  # type: ignore[arg-type]  # as above
    }


def all_on() -> Profile:
    """Return the profile with every method on for every type."""
    return _all_types(Methods(**switches()))  # type: ignore[arg-type]  # as in `alone`


def with_windows(profile: Profile, window_s: float) -> Profile:
    """Return the profile with every window and every time constant at so many seconds."""
    keys = [field.name for field in fields(Methods) if field.name.endswith(_WINDOWS)]
    lengths: dict[str, Any] = dict.fromkeys(keys, window_s)
    changed = {kind: replace(methods, **lengths) for kind, methods in profile.types.items()}
    return Profile(changed, profile.sensors)


def _all_types(methods: Methods) -> Profile:
    return Profile(dict.fromkeys(SensorType, methods))
