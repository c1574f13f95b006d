import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from made_run import architectures, make_run, record

from nas.errors import RunError
from nas.listing import list_runs
from nas.noise import Repeat
from nas.run import Run
from nas.search.done import is_done
from nas.search.lock import is_owned, owned
from nas.search.noise_files import finish_repeat, start_repeat

LATER = "2026-05-06T07:08:09+00:00"


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Return what is in a folder, and when it was changed."""
    stats = {str(path): path.stat() for path in (folder, *folder.rglob("*"))}
    return {path: (stat.st_mtime_ns, stat.st_size) for path, stat in stats.items()}


def listed(folder: Path):
    """Return the runs in a folder by their names; listing them changes nothing."""
    before = contents(folder)
    found = {run.path.name: run for run in list_runs(folder)}
    assert contents(folder) == before
    return found


def test_the_facts_are_those_of_the_report(tmp_path):
    run = make_run(tmp_path / "one", [0.5, None, 0.75, 0.25])
    (one,) = list_runs(tmp_path)
    assert (one.state, one.data, one.max_params) == ("finished", "digits", 8_000)
    assert (one.finished, one.asked, one.failed, one.random) == (4, 4, 1, 0)
    whole = Run(run.path)
    assert one.best == whole.best()
    found = whole.summary()
    assert one.hypervolume == found.arms["search"].steps[-1].hypervolume
    assert one.reference == found.reference
    assert json.loads(json.dumps(one.to_json()))["best"]["accuracy"] == 0.75


def test_repeated_trials_stand_with_the_mean_of_their_repeats(tmp_path):
    run = make_run(tmp_path / "one", [0.5, 0.75])
    start_repeat(run, 1, 2)
    finish_repeat(run, repeat(1, 2, 0.25))
    (one,) = list_runs(tmp_path)
    assert one.best is not None
    assert one.best.trial == 0


def repeat(trial: int, number: int, accuracy: float) -> Repeat:
    return Repeat(
        trial=trial,
        number=number,
        status="complete",
        seconds=1.0,
        accuracy=accuracy,
        loss=0.5,
        curve=(accuracy,),
        seed=number,
        device="cpu",
        error=None,
        reason=None,
        batch_size=None,
        finished=LATER,
    )


def test_the_state_of_every_run(tmp_path):
    make_run(tmp_path / "finished", [0.5, None])
    make_run(tmp_path / "empty")
    make_run(tmp_path / "fewer", [0.5], trials=2)
    begun = make_run(tmp_path / "begun", [0.5])
    begun.start_trial(1, architectures(2)[1])
    make_run(tmp_path / "hopeless", [None, None])
    make_run(tmp_path / "gave-up", [0.5, None, None], trials=9, max_failures=2)
    make_run(tmp_path / "on-its-way", [None, None, 0.5], trials=9, max_failures=2)
    make_run(tmp_path / "searching", [0.5])
    with owned(tmp_path / "searching"):
        found = listed(tmp_path)
    assert {name: run.state for name, run in found.items()} == {
        "finished": "finished",
        "empty": "unfinished",
        "fewer": "unfinished",
        "begun": "unfinished",
        "hopeless": "failed",
        "gave-up": "failed",
        "on-its-way": "unfinished",
        "searching": "running",
    }
    assert "every trial failed" in found["hopeless"].problem
    assert "the last 2 trials failed" in found["gave-up"].problem
    assert "out of luck" in found["gave-up"].problem
    assert listed(tmp_path)["searching"].state == "finished"


def test_a_run_without_an_index_gets_none(tmp_path):
    run = make_run(tmp_path / "one", [0.5, 0.75])
    run.index.path.unlink()
    assert listed(tmp_path)["one"].finished == 2


def test_broken_runs_stand_among_the_others(tmp_path):
    make_run(tmp_path / "fine", [0.5])
    make_run(tmp_path / "no-config", [0.5]).config_path.unlink()
    make_run(tmp_path / "bad-config", [0.5]).config_path.write_text("config: [")
    torn = make_run(tmp_path / "torn", [0.5, 0.75])
    (torn.trial_path(1) / "result.json").write_text("{")
    odd = make_run(tmp_path / "odd", [0.5])
    (odd.trial_path(0) / "repeats" / "2").mkdir(parents=True)
    (odd.trial_path(0) / "repeats" / "2" / "result.json").write_text("[]")
    make_run(tmp_path / "no-space", [0.5]).space_path.unlink()
    (tmp_path / "notes").mkdir()
    (tmp_path / ".1234.run.tmp").mkdir()
    (tmp_path / ".1234.run.tmp" / "config.yaml").touch()
    found = listed(tmp_path)
    assert found.keys() == {
        "fine",
        "no-config",
        "bad-config",
        "torn",
        "odd",
        "no-space",
    }
    assert found.pop("fine").state == "finished"
    for name, run in found.items():
        assert run.state == "broken"
        assert str(tmp_path / name) in run.problem
    assert "nas repair" in found["no-config"].problem
    assert "nas repair" in found["no-space"].problem
    assert found["no-space"].finished == 1
    assert (found["torn"].asked, found["torn"].finished) == (2, None)


def test_the_latest_comes_first(tmp_path):
    for name, finished in (("old", "2026-01-01"), ("new", "2026-03-01")):
        run = make_run(tmp_path / name)
        made = record(0, architectures(1)[0], 0.5)
        run.start_trial(0, made.architecture)
        run.finish_trial(replace(made, finished=f"{finished}T00:00:00+00:00"))
    unborn = make_run(tmp_path / "between")
    moment = 1_769_904_000  # 2026-02-01
    os.utime(unborn.config_path, (moment, moment))
    assert list(listed(tmp_path)) == ["new", "between", "old"]


def test_only_hypervolumes_of_one_reference_are_the_same(tmp_path):
    make_run(tmp_path / "a", [0.5])
    make_run(tmp_path / "b", [0.75, 0.25])
    make_run(tmp_path / "c", [0.5], max_params=9_000)
    found = listed(tmp_path)
    assert found["a"].same == found["b"].same != found["c"].same


def test_a_run_s_own_folder_and_folders_that_are_none(tmp_path):
    run = make_run(tmp_path / "runs" / "one", [0.5])
    assert [each.path for each in list_runs(run.path)] == [run.path]
    assert list_runs(tmp_path) == ()
    for path in (tmp_path / "nowhere", run.config_path, tmp_path / ("x" * 300)):
        with pytest.raises(RunError, match=r"^no runs at "):
            list_runs(path)


def test_looking_for_the_owner_takes_nothing_from_anybody(tmp_path):
    assert not is_owned(tmp_path)
    assert not (tmp_path / ".lock").exists()
    with owned(tmp_path):
        assert is_owned(tmp_path)
    assert not is_owned(tmp_path)
    (tmp_path / ".lock").write_text("left by an owner that was killed")
    assert not is_owned(tmp_path)
    with owned(tmp_path):
        pass
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "pipe").rename(tmp_path / ".lock")
    assert not is_owned(tmp_path)


def test_a_baseline_and_repeats_must_be_done_too(tmp_path):
    run = make_run(tmp_path / "one", [0.5, 0.75], baseline="random", repeats=3)
    config = run.config()
    own = [replace(one, epochs_spent=2) for one in run.records()]
    random = [replace(one, trial=one.trial + 2, arm="random") for one in own]
    both = {number: [None, None] for number in range(4)}
    assert not is_done(config, own, both)
    assert not is_done(config, [*own, random[0]], both)
    assert is_done(config, [*own, *random], both)
    assert not is_done(config, [*own, *random], {})
    lost = replace(random[1], status="failed", accuracy=None, epochs_spent=0)
    assert is_done(config, [*own, random[0], lost], both)
