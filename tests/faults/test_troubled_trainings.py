"""Trainings that die, hang, diverge, or run out of memory; the search goes on."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Outcome
from troubled import ONCE, troubled_space

from nas.records import TrialRecord
from nas.run import Run
from nas.search import time_limits

pytestmark = pytest.mark.faults


TINY = ("--epochs", "1", "--max-params", "20k", "--seed", "1", "--device", "cpu")


@pytest.fixture
def search(nas: Callable[..., Outcome], tmp_path: Path) -> Callable[..., Outcome]:
    """Return a function that searches a troubled space with two workers."""

    def run(body: str, *options: object, trials: int = 3) -> Outcome:
        space = troubled_space(tmp_path, body)
        given = ("--space", space, "--trials", trials, "--workers", 2, "--run", "run")
        return nas("search", *TINY, *given, *options)

    return run


def records_of(folder: Path) -> list[TrialRecord]:
    return Run(folder / "run").records


@pytest.mark.parametrize(
    ("death", "reason"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "signal 9"),
        ("os._exit(0)", "exit code 0"),
    ],
)
def test_a_trial_whose_worker_dies_is_trained_again(search, tmp_path, death, reason):
    outcome = search(ONCE + death)
    assert outcome.code == 0, outcome.err
    assert reason in outcome.out
    assert outcome.out.count("it is trained again") == 1
    records = records_of(tmp_path)
    assert [record.status for record in records] == ["complete"] * 3
    assert sorted(record.attempts for record in records) == [1, 1, 2]


@pytest.mark.parametrize("retries", [0, 2])
def test_a_trial_whose_worker_always_dies_fails_after_the_retries(
    search, tmp_path, retries
):
    # Only networks of one width are so bad; the others never notice.
    body = """
    if self.conv.out_channels == FIRST:
        os._exit(0)
    """
    assert search("pass").code == 0
    widths = [record.architecture.blocks[0].width for record in records_of(tmp_path)]
    shutil.rmtree(tmp_path / "run")
    doomed = widths[0]
    outcome = search(body.replace("FIRST", str(doomed)), "--retries", retries)
    assert outcome.code == (0 if set(widths) > {doomed} else 1), outcome.err
    for record, width in zip(records_of(tmp_path), widths, strict=True):
        if width == doomed:
            assert (record.status, record.reason) == ("failed", "lost")
            assert record.attempts == 1 + retries
            assert "exit code 0" in record.error
        else:
            assert (record.status, record.attempts) == ("complete", 1)
    assert len(set(widths)) > 1, "the seed gives no other network"


@pytest.mark.parametrize(
    "hang",
    ["time.sleep(3600)", "os.kill(os.getpid(), signal.SIGSTOP)", "while True: 0"],
)
def test_a_hang_is_ended_and_the_trial_trained_again(search, tmp_path, hang):
    outcome = search(ONCE + hang, "--timeout", "4s")
    assert outcome.code == 0, outcome.err
    assert "it is trained again" in outcome.out
    records = records_of(tmp_path)
    assert [record.status for record in records] == ["complete"] * 3
    assert sorted(record.attempts for record in records) == [1, 1, 2]


def test_without_a_limit_of_the_user_earlier_trials_set_one(
    search, tmp_path, monkeypatch
):
    body = 'if not list(here.glob("run/trials/*/result.json")):\n    return x\n'
    # A minute on top of what earlier trials say would be long for a test.
    monkeypatch.setattr(time_limits, "LEAST_SECONDS", 1.0)
    outcome = search(body + ONCE + "time.sleep(3600)", "--retries", "0", trials=4)
    assert outcome.code == 0, outcome.err
    reasons = [record.reason for record in records_of(tmp_path)]
    assert sorted(filter(None, reasons)) == ["timed out"]
    assert len(reasons) == 4


@pytest.mark.parametrize("bad", ["x * float('nan')", "x * float('inf')"])
def test_what_diverges_fails_and_is_not_on_the_front(search, tmp_path, bad):
    body = f"""
    try:
        (here / f"{{id(self)}}").touch()
        (here / "first").touch(exist_ok=False)
        (here / "pid").write_text(str(os.getpid()))
    except FileExistsError:
        pass
    if (here / "pid").read_text() == str(os.getpid()):
        x = {bad}
    """
    outcome = search(body, trials=4)
    assert outcome.code == 0, outcome.err
    run = Run(tmp_path / "run")
    diverged = [record for record in run.records if record.status == "failed"]
    assert diverged
    for record in diverged:
        assert (record.reason, record.attempts) == ("diverged", 1)
        assert record.accuracy is None
    assert run.front
    assert not {r.trial for r in run.front} & {r.trial for r in diverged}
    assert all(math.isfinite(record.accuracy) for record in run.front)
    for path in (tmp_path / "run").glob("trials/*/result.json"):
        text = path.read_text()
        assert "NaN" not in text
        assert "Infinity" not in text
        json.loads(text)


class TestOutOfMemory:
    def test_half_the_batch_is_tried_alone_and_recorded(self, search, tmp_path):
        body = """
        if x.shape[0] > 32:
            torch.empty(2**46)
        """
        outcome = search(body, trials=2)
        assert outcome.code == 0, outcome.err
        assert "ran out of memory" in outcome.out
        for record in records_of(tmp_path):
            assert (record.status, record.batch_size) == ("complete", 32)
            assert record.attempts == 2

    def test_then_the_trial_has_failed_for_that_reason(self, search, tmp_path):
        outcome = search("torch.empty(2**46)", trials=2)
        assert outcome.code == 1
        assert "no candidate could be trained" in outcome.err
        for record in records_of(tmp_path):
            assert (record.status, record.reason) == ("failed", "out of memory")
            assert (record.batch_size, record.attempts) == (32, 2)

    def test_memory_of_the_machine_counts_as_well(self, search, tmp_path):
        body = """
        if x.shape[0] > 32:
            raise MemoryError
        """
        outcome = search(body, trials=2)
        assert outcome.code == 0, outcome.err
        assert {record.batch_size for record in records_of(tmp_path)} == {32}


class TestEveryTrialFails:
    BODY = "raise RuntimeError('the unit is broken')"

    def test_the_search_gives_up_and_shows_the_first_traceback(self, search, tmp_path):
        options = ("--max-failures", "3", "--retries", "0")
        outcome = search(self.BODY, *options, trials=12)
        assert outcome.code == 1
        assert "Traceback (most recent call last)" in outcome.err
        assert 'troubled.py", line' in outcome.err
        last = outcome.err.rstrip().splitlines()[-1]
        assert last.startswith("nas: error: 3 trials in a row failed; the first one")
        assert "the unit is broken" in last
        records = records_of(tmp_path)
        assert len(records) == 3
        first = tmp_path / "run" / "trials" / "00000" / "traceback.txt"
        assert "the unit is broken" in first.read_text()

    def test_few_trials_that_all_fail_say_so_as_well(self, search, tmp_path):
        outcome = search(self.BODY, trials=2)
        assert outcome.code == 1
        assert "Traceback (most recent call last)" in outcome.err
        assert "no candidate could be trained" in outcome.err

    def test_once_mended_the_failed_ones_are_trained_again(self, search, nas, tmp_path):
        body = """
        if not (here / "mended").exists():
            raise RuntimeError("the unit is broken")
        """
        options = ("--max-failures", "2")
        assert search(body, *options, trials=4).code == 1
        failed = records_of(tmp_path)
        assert {record.status for record in failed} == {"failed"}
        (tmp_path / "mended").touch()
        outcome = nas("resume", "run", "--retry-failed")
        assert outcome.code == 0, outcome.err
        records = records_of(tmp_path)
        assert [record.trial for record in records] == [0, 1, 2, 3]
        assert {record.status for record in records} == {"complete"}
        assert [r.key for r in records[: len(failed)]] == [r.key for r in failed]

    def test_a_success_between_them_starts_the_count_anew(self, search, tmp_path):
        body = """
        if len(list(here.glob("run/trials/*/"))) % 2:
            raise RuntimeError("the unit is broken")
        """
        options = ("--max-failures", "3", "--workers", "1")
        outcome = search(body, *options, trials=6)
        assert outcome.code == 0, outcome.err
        statuses = [record.status for record in records_of(tmp_path)]
        assert statuses == ["failed", "complete"] * 3
