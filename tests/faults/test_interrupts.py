"""Ctrl-C in a terminal and SIGTERM: at any time, once or twice."""

import os
import signal
import time
from pathlib import Path

import pytest
from harness import TINY, Life, Terminal, finish, make_photos, results, studied

from nas.search import RunFolder
from nas.search.noise_files import read_repeats

pytestmark = pytest.mark.faults

FEW_SECONDS = 8
"""Enough to stop workers and to write a report, on a busy machine too."""

AT_ONCE_SECONDS = 1.5
ORPHANS_SECONDS = 2

SEARCH = ("search", *TINY, "--trials", "12", "--run", "run")


def started(life: Life, run: Path, trials: int = 2) -> None:
    """Wait until trials have finished, and another one is under way."""
    assert life.until(lambda: len(results(run)) >= trials and under_way(run)), life.err


def under_way(run: Path) -> list[int]:
    """Return the trials that have begun and not ended."""
    folders = [path.parent for path in run.glob("trials/*/architecture.json")]
    return [int(p.name) for p in folders if not (p / "result.json").exists()]


def ended(life: Life, code: int, seconds: float) -> None:
    """Have it end with a code in time, and leave nobody behind."""
    began = time.monotonic()
    assert life.end(seconds) == code
    assert time.monotonic() - began < seconds
    life.gone_after_seconds(ORPHANS_SECONDS)


def check_stopped(run: Path) -> None:
    """Check that trials are either told with their results, or marked as failed."""
    finished = {int(Path(place).parts[1]) for place in results(run)}
    for trial in studied(run):
        name = trial.state.name
        assert name == ("COMPLETE" if trial.number in finished else "FAIL"), trial


def test_ctrl_c(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with Terminal.of(*SEARCH, cwd=tmp_path) as terminal:
        started(terminal.life, run)
        terminal.press_ctrl_c()
        ended(terminal.life, 130, FEW_SECONDS)
    assert "Traceback" not in terminal.shown
    assert "continue with: nas resume run" in terminal.shown
    assert terminal.has_cursor
    before = results(run)
    assert 2 <= len(before) < 12
    check_stopped(run)
    finish(run, before)


def test_sigterm(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with Life(SEARCH, tmp_path) as life:
        started(life, run)
        life.send(signal.SIGTERM)
        ended(life, 143, FEW_SECONDS)
        assert "Traceback" not in life.err
        assert "continue with: nas resume run" in life.out
    before = results(run)
    check_stopped(run)
    finish(run, before)


def test_a_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with Terminal.of(*SEARCH, cwd=tmp_path) as terminal:
        life = terminal.life
        started(life, run)
        for pid in life.trainers():  # which now take their time to end
            os.kill(pid, signal.SIGSTOP)
        terminal.press_ctrl_c()
        time.sleep(0.3)
        assert life.code is None
        terminal.press_ctrl_c()
        ended(life, 130, AT_ONCE_SECONDS)
    assert "Traceback" not in terminal.shown
    assert terminal.has_cursor
    finish(run, results(run))


def test_a_second_sigterm_ends_at_once(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with Life(SEARCH, tmp_path) as life:
        started(life, run)
        for pid in life.trainers():
            os.kill(pid, signal.SIGSTOP)
        life.send(signal.SIGTERM)
        time.sleep(0.3)
        assert life.code is None
        life.send(signal.SIGTERM)
        ended(life, 143, AT_ONCE_SECONDS)
        assert "Traceback" not in life.err
    finish(run, results(run))


def test_a_second_ctrl_c_while_the_report_is_written(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with Terminal.of(*SEARCH, cwd=tmp_path) as terminal:
        started(terminal.life, run)
        terminal.press_ctrl_c()
        assert terminal.life.until((run / "report").exists), terminal.shown
        terminal.press_ctrl_c()
        ended(terminal.life, 130, AT_ONCE_SECONDS)
    assert "Traceback" not in terminal.shown
    assert terminal.has_cursor
    finish(run, results(run))


def test_ctrl_c_while_workers_start(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with Terminal.of(*SEARCH, cwd=tmp_path) as terminal:
        assert terminal.life.until((run / "config.yaml").exists), terminal.shown
        terminal.press_ctrl_c()
        ended(terminal.life, 130, FEW_SECONDS)
    assert "Traceback" not in terminal.shown
    assert terminal.has_cursor
    finish(run, results(run))


@pytest.mark.parametrize("command", ["search", "data"])
def test_ctrl_c_while_data_are_read(command: str, tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", 600)
    cache = tmp_path / "cache"
    argv = ("search", *TINY, "--run", "run", "--data") if command == "search" else ()
    words = (*(argv or ("data",)), photos, "--image-size", "8")
    environment = {"NAS_CACHE_DIR": str(cache)}
    with Terminal.of(*words, cwd=tmp_path, environment=environment) as terminal:
        assert terminal.life.until(lambda: "reading images" in terminal.shown)
        terminal.press_ctrl_c()
        ended(terminal.life, 130, FEW_SECONDS)
    assert "Traceback" not in terminal.shown
    assert terminal.has_cursor
    assert not (tmp_path / "run").exists()
    assert [path.name for path in cache.glob("data/*") if path.is_dir()] == []


def test_ctrl_c_during_repeats(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with Life(("search", *TINY, "--trials", "4", "--run", run), tmp_path) as life:
        assert life.end() == 0, life.err
    before = results(run)
    repeat = ("repeat", "run", "--repeats", "6", "--trials", "0,1,2,3")
    with Terminal.of(*repeat, cwd=tmp_path) as terminal:
        assert terminal.life.until(lambda: len(results(run)) >= len(before) + 2)
        terminal.press_ctrl_c()
        ended(terminal.life, 130, FEW_SECONDS)
    assert "Traceback" not in terminal.shown
    assert "the same command goes on from here" in terminal.shown
    assert terminal.has_cursor
    before = results(run)
    finish(run, before, *repeat)
    repeats = read_repeats(RunFolder.open(run))
    assert {trial: len(again) for trial, again in repeats.items()} == dict.fromkeys(
        range(4), 5
    )
