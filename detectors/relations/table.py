"""The parameters of every sensor's relation, from the points table and the profile."""

import hashlib
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from detectors.relations.pairs import MOST, Form, Relation, relations_of
from detectors.relations.records import RELATION
from detectors.state import FOREVER, at_cache_lines
from registry.sensors import SensorRegistry

if TYPE_CHECKING:
    from detectors.profile import Methods

HEARD = 1 << 30
"""The bit of `watch` of a sensor whose readings a relation needs; beyond the bits of all methods."""
_BEYOND_RANGE = 0.05
"""By this share of its range beyond it a reading is still the process's."""
_NOTHING_KNOWN_NS = 300_000_000_000
"""How long a reading holds of a sensor whose silence means nothing."""


def relation_params(
    registry: SensorRegistry, methods: "Sequence[Methods]", dead_after_ns: Sequence[int]
) -> tuple[NDArray[np.void], list[tuple[bool, bool, bool]]]:
    """Return the records, and of each sensor whether it watches partners, watches a balance, is heard by others."""
    records = at_cache_lines(len(registry), RELATION)
    watched: list[tuple[bool, bool, bool]] = []
    gap_ns = [_NOTHING_KNOWN_NS if after == FOREVER else after for after in dead_after_ns]
    relations = [
        _watched(registry, i, relation, methods[i]) for i, relation in enumerate(relations_of(registry))
    ]
    heard = {other for relation in relations for other in (*relation.partners, *relation.inputs)}
    for i, relation in enumerate(relations):
        related = bool(relation.partners or relation.inputs)
        watched.append((bool(relation.partners), bool(relation.inputs), related or i in heard))
        if watched[-1][2]:
            for name, value in _row(registry, i, relation, methods[i], gap_ns).items():
                records[name][i] = value
    return records, watched


def _watched(registry: SensorRegistry, i: int, relation: Relation, methods: "Methods") -> Relation:
    """Return of a relation what is switched on and can be computed: everything is a share of a range."""
    drift = _span(registry, i) > 0 and not math.isnan(methods.drift_pct)
    spans = [_span(registry, other) > 0 for other in (i, *relation.inputs)]
    balance = relation.inputs and all(spans) and not math.isnan(methods.balance_h)
    return Relation(
        relation.partners if drift else (),
        relation.form if balance else Form.NONE,
        relation.inputs if balance else (),
        relation.shape,
    )


def _row(
    registry: SensorRegistry, i: int, relation: Relation, methods: "Methods", gap_ns: list[int]
) -> dict[str, Any]:
    span, spec = _span(registry, i), registry.specs[i]
    margin = _BEYOND_RANGE * span
    others = (*relation.partners, *relation.inputs)
    return {
        "partners_key": _key("partners", [registry.specs[other].id for other in relation.partners]),
        "inputs_key": _key(
            f"{relation.form} {relation.shape}", [registry.specs[other].id for other in relation.inputs]
        ),
        "partner": _filled(relation.partners, -1),
        "input": _filled(relation.inputs, -1),
        "partners": len(relation.partners),
        "inputs": len(relation.inputs),
        "form": relation.form,
        "shape": relation.shape,
        "hear_lo": -math.inf if math.isnan(span) else spec.range_lo - margin,
        "hear_hi": math.inf if math.isnan(span) else spec.range_hi + margin,
        "gap_ns": gap_ns[i],
        "hold_ns": max(gap_ns[other] for other in (i, *others)),
        "drift_share": methods.drift_pct / 100.0 * span,
        "drift_least": methods.drift_least_pct / 100.0 * span,
        "drift_sigma": methods.drift_sigma,
        "drift_skew_s": methods.drift_skew_s,
        "drift_tau_ns": _ns(methods.drift_tau_s),
        "drift_off_ns": _ns(methods.drift_off_s),
        "drift_relearn_ns": _ns(methods.drift_relearn_s),
        "drift_samples": methods.drift_samples,
        "y_lo": spec.range_lo,
        "y_span": span,
        "u_lo": _filled([registry.specs[other].range_lo for other in relation.inputs], 0.0),
        "u_span": _filled([_span(registry, other) for other in relation.inputs], 1.0),
        "balance_h": methods.balance_h,
        "balance_k": methods.balance_k,
        "balance_share": methods.balance_share_pct / 100.0,
        "balance_sigma_min": methods.balance_sigma_min_pct / 100.0,
        "balance_step_ns": _ns(methods.balance_step_s),
        "balance_tau_ns": _ns(methods.balance_tau_s),
        "balance_relearn_ns": _ns(methods.balance_relearn_s),
    }


def _span(registry: SensorRegistry, i: int) -> float:
    return float(registry.range_hi[i] - registry.range_lo[i])


def _filled(some: Sequence[float], rest: float) -> list[float]:
    return [*some, *[rest] * (MOST - len(some))]


def _key(what: str, ids: list[str]) -> int:
    """Return a number that differs where the sensors or what is asked of them differ; never 0, 0 where there are none."""
    if not ids:
        return 0
    digest = hashlib.blake2b("\0".join((what, *ids)).encode(), digest_size=7).digest()
    return int.from_bytes(digest, "little") + 1


def _ns(seconds: float) -> int:
    return max(1, round(min(seconds, 1e9) * 1e9))
