"""What each step towards the default of type `other` gives on the NAB half: ``python bench/nab_steps.py [--data FOLDER]``.

Prints a table in Markdown. *Own* is at the threshold at which the detector raises, *chosen* at the one that is best on
all files, *other half* the mean over halves of the files of the score with the threshold chosen on the other half.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - with the rooms, which are found from the checkout

from bench.truth import nab, recordings  # noqa: E402 - as above
from bench.truth.steps import DEFAULT, Step, at, from_other_half  # noqa: E402 - as above

RANKS = (4, 5, 6, 7, 8, 9, 10)
STEPS = (
    Step("rank of the deviation from the level", (True, False, False), once=False),
    Step("the same, told once", (True, False, False)),
    Step("with the hour's usual", (True, True, False)),
    Step("with the shape", (True, False, True)),
    Step("with both: the default"),
    Step("default, not told once", once=False),
    *(Step(f"default, rank {rank}", methods=replace(DEFAULT, novelty_rank=rank)) for rank in RANKS if rank != 7),
    *(Step(f"default, at least {days} days remembered", methods=replace(DEFAULT, novelty_days=days)) for days in (15, 30, 120)),
    *(Step(f"default, quiet for at least {h} h", methods=replace(DEFAULT, novelty_quiet_s=h * 3600.0)) for h in (24, 48)),
)  # fmt: skip


def main() -> None:
    """Score and print."""
    parser = argparse.ArgumentParser(description="what each step towards the default of type `other` gives")
    parser.add_argument("--data", type=Path, help="shared/data by default, beside the checkout")
    args = parser.parse_args()
    data = args.data or next(p / "shared" / "data" for p in ROOT.parents if (p / "shared" / "data").is_dir())
    found = recordings.nab(data / "nab")
    corpus, everything = [series for _, series in found], np.arange(len(found))
    print(
        "| step | own | chosen | other half | hits | false rows | false ep./day |\n|---|---|---|---|---|---|---|"
    )
    by_name = {}
    for step in STEPS:
        scores = [step.scores(table) for table, _ in found]
        by_name[step.name] = scores
        limit = nab.best_threshold(corpus, scores, nab.APPLICATIONS["standard"])
        own = nab.tally(corpus, scores, nab.APPLICATIONS["standard"], 0.5)
        print(
            f"| {step.name} | {own.score:.1f} | {at(corpus, scores, everything, limit):.1f} "
            f"| {from_other_half(corpus, [scores]):.1f} | {own.hits} of {own.windows} | {own.false_rows} "
            f"| {own.false_episodes / own.days:.3f} |",
            flush=True,
        )
    all_steps = from_other_half(corpus, list(by_name.values()))
    print(f"\nStep and threshold both chosen on the other half of the files: {all_steps:.1f}")


if __name__ == "__main__":
    main()
