"""The coordinator is killed with -9 at twenty moments, and once more in odd searches.

A moment is something that has just come true, and a random time after it, so that the
kills fall into all parts of a search's life: before there is a run, while it is made,
while workers start, while networks are proposed and trained, while results are written,
at the very end and while the report is written.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from harness import TINY, Life, finish, lost, make_photos, results

from nas.run import Run

pytestmark = pytest.mark.faults

ORPHANS_SECONDS = 2

Reached = Callable[["Mortal", Life], object]


@dataclass
class Mortal:
    """A search that is killed again and again, and what it had finished by then."""

    run: Path
    options: tuple[object, ...]
    environment: dict[str, str] = field(default_factory=dict)
    finished: dict[str, bytes] = field(default_factory=dict)
    kills: int = 0
    born: float = 0.0

    def live(self, *further: object) -> Life:
        """Start it, or go on with it where there is a run already."""
        words = ("search", *self.options, "--run", self.run)
        if (self.run / "config.yaml").exists():
            words = ("resume", self.run, *further)
        return Life(words, self.run.parent, self.environment)

    def die(self, reached: Reached, delay_seconds: float, *further: object) -> None:
        """Kill it at a moment, unless it has ended; nothing that finished is lost."""
        self.born = time.time()
        with self.live(*further) as life:
            life.until(lambda: reached(self, life))
            time.sleep(delay_seconds)
            life.kill()
            seconds = life.gone_after_seconds(ORPHANS_SECONDS)
            assert seconds < ORPHANS_SECONDS
            assert life.code in (0, -9), life.err
            self.kills += life.code == -9
        assert lost(self.run, self.finished) == []
        self.finished = results(self.run)

    def finish(self) -> None:
        """Let it come to its end."""
        if not (self.run / "config.yaml").exists():
            finish(self.run, {}, "search", *self.options, "--run", self.run)
        else:
            finish(self.run, self.finished)

    def there(self, pattern: str) -> bool:
        """Return whether the run has a file of this kind."""
        return any(self.run.glob(pattern))

    def unfinished(self) -> list[Path]:
        """Return the folders of trials without a result."""
        folders = self.run.glob("trials/[0-9]*")
        return [path for path in folders if not (path / "result.json").exists()]


def at_once(_: Mortal, __: Life) -> bool:
    return True


def server(_: Mortal, life: Life) -> bool:
    return len(life.members()) > 2  # itself, its tracker of resources and the server


def trainers(_: Mortal, life: Life) -> list[int]:
    return life.trainers()


def file(pattern: str) -> Reached:
    return lambda mortal, _: mortal.there(pattern)


def fresh(pattern: str) -> Reached:
    """A file is written in this life; an older one does not count."""
    return lambda mortal, _: any(
        path.stat().st_mtime > mortal.born for path in mortal.run.glob(pattern)
    )


def training(mortal: Mortal, _: Life) -> bool:
    return any((path / "architecture.json").exists() for path in mortal.unfinished())


def trained(mortal: Mortal, _: Life) -> bool:
    return any((path / "weights.safetensors").exists() for path in mortal.unfinished())


def writing(mortal: Mortal, _: Life) -> bool:
    return mortal.there("trials/*/.result.json.*")


def more(number: int) -> Reached:
    """So many results have come in since the life began."""
    return lambda mortal, _: len(results(mortal.run)) >= len(mortal.finished) + number


@pytest.fixture
def mortal(tmp_path: Path) -> Callable[..., Mortal]:
    def make(*options: object) -> Mortal:
        return Mortal(tmp_path / "run", (*TINY, *options))

    return make


@pytest.mark.parametrize(
    "moments",
    [
        pytest.param(
            [
                (at_once, 1.5),
                (at_once, 1.5),
                (server, 0.0),
                (server, 0.5),
                (lambda mortal, _: mortal.run.exists(), 0.0),
                (file("config.yaml"), 0.1),
                (file("*study.db*"), 0.1),
            ],
            id="while it begins",
        ),
        pytest.param(
            [
                (at_once, 2.0),
                (trainers, 0.5),
                (training, 0.05),
                (trained, 0.0),
                (writing, 0.0),
                (more(1), 0.3),
                (more(2), 0.3),
                (more(3), 0.3),
                (more(4), 0.3),
            ],
            id="while it trains",
        ),
    ],
)
def test_killed_and_resumed_and_killed_again(
    moments: list[tuple[Reached, float]], mortal: Callable[..., Mortal]
) -> None:
    search = mortal("--trials", 20)
    rng = random.Random(len(moments))
    for reached, most_seconds in moments:
        search.die(reached, rng.uniform(0, most_seconds))
    assert search.kills == len(moments)
    search.finish()


def test_killed_at_the_end(mortal: Callable[..., Mortal]) -> None:
    # Each life has one trial to train; the moments are those of its last second.
    search = mortal("--trials", 1)
    rng = random.Random(0)
    moments = [
        (more(1), 0.0),
        (more(1), 0.1),
        (fresh("beliefs.json"), 0.0),
        (fresh("report/*"), 0.0),
        (fresh("report/*"), 0.3),
    ]
    for number, (reached, most_seconds) in enumerate(moments):
        trials = 1 + number
        search.die(reached, rng.uniform(0, most_seconds), "--trials", trials)
    assert search.kills >= 4  # the last moment may be after the end
    search.finish()
    assert Run(search.run).config.trials == len(moments)


def test_killed_while_it_reads_data(
    mortal: Callable[..., Mortal], tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    search = mortal(
        *(
            "--data",
            make_photos(tmp_path / "photos", 300),
            "--image-size",
            8,
            "--trials",
            3,
        ),
        *("--precision", "float32"),
    )
    search.environment["NAS_CACHE_DIR"] = str(cache)
    search.die(lambda *_: any(path.is_file() for path in cache.rglob("*")), 0.2)
    assert not search.run.exists()
    search.finish()


def test_halving(mortal: Callable[..., Mortal]) -> None:
    search = mortal("--epochs", 4, "--halving", "--eta", 2, "--trials", 8)
    search.die(file("trials/*/promoted.json"), 0.1)
    search.die(more(4), 0.2)
    assert search.kills == 2
    search.finish()


def test_random_search_beside_it_and_repeats(mortal: Callable[..., Mortal]) -> None:
    search = mortal("--baseline", "random", "--repeats", 2, "--trials", 4)
    search.die(more(3), 0.2)
    search.die(file("trials/*/repeats/2/events*"), 0.1)
    assert search.kills == 2
    search.finish()
