"""hazwatch's own curve by thresholding its score of each reading, in place of the four points that grades give."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from registry.plant import Text
from registry.sensors import SensorRegistry
from service.score.comparators.alarms import Alarms, most_episodes
from service.score.comparators.bursts import Splitter
from service.score.curve import Curve, curve_of_thresholds
from service.score.matching import match
from service.score.panel import panel_of
from service.score.scores_file import read_scores
from service.score.scoring import Scored

GRID = np.unique(np.concatenate([np.linspace(0.2, 0.9, 15), 1.0 - np.geomspace(0.1, 1e-4, 16)]))
RELEASE = 0.9


def curve_of_scores(
    scored: Scored, registry: SensorRegistry, path: Path, progress: Callable[[int], None] = lambda _: None
) -> Curve:
    """Return the curve: an alert is a score at or above the threshold, until one below nine tenths of it."""
    truth, n = scored.truth, len(registry)
    most = most_episodes(n, truth.end_ns - truth.start_ns)
    alarms = Alarms(GRID, np.full(n, RELEASE), np.zeros(n), most)
    splitter = Splitter(n)
    for block in read_scores(path, registry.index):
        for burst in splitter.bursts(block):
            alarms.take(burst, burst.value)
        progress(len(block))
    ids = [spec.id for spec in registry.specs]
    panels = [
        (
            at,
            panel_of(
                match(truth, alarms.episodes(at, ids, truth.end_ns), scored.rules),
                n,
                scored.rules.tolerance_s,
            ),
        )
        for at in alarms.thresholds
    ]
    text = Text("hazwatch（按异常评分）", "hazwatch, by anomaly score")
    return curve_of_thresholds("hazwatch_score", text, panels)
