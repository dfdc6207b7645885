"""Every scenario: what it says follows, and it follows alike live, late, and through a restart after every step."""

from pathlib import Path

import pytest

from tests.alerting.scenarios.player import Heard, Played, Player
from tests.alerting.scenarios.story import Expectation, Story, StoryError, read_story

FOLDER = Path(__file__).parent
PATHS = sorted(FOLDER.glob("*/*.txt"))


def _meets(heard: Heard, asked: Expectation) -> bool:
    inside = asked.from_s <= heard.at_s <= asked.to_s
    reason = heard.notification.reason
    because = asked.because is None or asked.because in reason.en or asked.because in reason.zh
    return inside and because and heard.words.issuperset(asked.words)


def _failures(story: Story, played: Played) -> list[str]:
    told = [f"  {h.at_s:g}s {' '.join(sorted(h.words))} ({h.notification.reason.en})" for h in played.heard]
    failures = []
    for asked in story.expectations:
        found = sum(_meets(heard, asked) for heard in played.heard)
        if found != asked.count if asked.count is not None else not found:
            wanted = "at least one" if asked.count is None else asked.count
            words = " ".join(asked.words)
            failures.append(f"{story.path.name}:{asked.line}: {words}: {found} told, {wanted} expected")
    return failures + told if failures else []


@pytest.mark.parametrize("path", PATHS, ids=[f"{p.parent.name}/{p.stem}" for p in PATHS])
def test_scenario(path: Path) -> None:
    story = read_story(path)
    played = Player(story).play()
    assert not _failures(story, played), "\n".join(_failures(story, played))
    whole = [heard.notification for heard in played.heard]
    late = Player(story, punctual=False).play()
    assert (late.lines, [heard.notification for heard in late.heard]) == (played.lines, whole)
    again = Player(story, restarts=True).play()
    assert (again.lines, [heard.notification for heard in again.heard]) == (played.lines, whole)
    assert len({one.id for one in whole}) == len(whole), "nothing is sent twice for one reason"


def test_there_are_scenarios_and_each_expects_something() -> None:
    stories = [read_story(path) for path in PATHS]
    assert stories
    for story in stories:
        looked = [step for step in story.steps if step.words[0] in {"state", "refused", "incident", "flood"}]
        assert story.expectations or looked, story.path


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("--- story\nat 1s restart\n", "says what it shows"),
        ("# x\n--- routes\n{}\n", "has a section story"),
        ("# x\n--- story\nsoon push LT-101 h\n", ":3: not a line of the language"),
        ("# x\n--- story\n\nat 1fortnight restart\n", ":4: not a time"),
        ("# x\n--- story\nat 1s dance\n", ":3: unknown step dance"),
    ],
)
def test_a_line_that_is_none_is_named(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "one.txt"
    path.write_text(text)
    with pytest.raises(StoryError, match=problem):
        Player(read_story(path)).play()


def test_an_expectation_that_is_not_met_fails(tmp_path: Path) -> None:
    path = tmp_path / "one.txt"
    head = "# a crossing is told\n--- story\nat 1s push LT-101 h\n"
    path.write_text(f"{head}between 0s and 1s expect log opened LT-101\nbetween 2s and 9s expect nothing\n")
    story = read_story(path)
    assert not _failures(story, Player(story).play())
    path.write_text(f"{head}between 2s and 9s expect log\nbetween 0s and 9s expect nothing log opened\n")
    story = read_story(path)
    assert len([line for line in _failures(story, Player(story).play()) if "expected" in line]) == 2
