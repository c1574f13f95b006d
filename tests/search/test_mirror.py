"""``study.db`` shows each trained candidate under its own number."""

import random
import sqlite3

import optuna
import pytest
from made_run import architectures, bound, record
from optuna.trial import TrialState

from nas.errors import RunError
from nas.search.mirror import Mirror


def read(path) -> optuna.Study:
    return optuna.load_study(study_name="nas", storage=f"sqlite:///{path}")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "study.db"


def test_numbers_values_states_and_parameters(path):
    good, bad, running = architectures(3)
    mirror = Mirror(path, bound())
    for trial, architecture in enumerate((good, bad, running)):
        mirror.start(trial, architecture)
    mirror.finish(record(1, bad, None))
    mirror.finish(record(0, good, 0.75))

    study = read(path)
    assert [d.name for d in study.directions] == ["MAXIMIZE", "MINIMIZE"]
    assert study.metric_names == ["accuracy", "params"]
    assert [t.number for t in study.trials] == [0, 1, 2]
    states = [t.state for t in study.trials]
    assert states == [TrialState.COMPLETE, TrialState.FAIL, TrialState.RUNNING]
    kept = record(0, good, 0.75)
    assert study.trials[0].values == [0.75, kept.params]
    for trial, architecture in zip(study.trials, (good, bad, running), strict=True):
        assert trial.params == architecture.genes
    assert study.trials[0].user_attrs == {
        "params": kept.params,
        "macs": kept.macs,
        "hash": kept.hash,
        "arm": "search",
    }
    assert [t.number for t in study.best_trials] == [0]


def test_it_goes_on_where_it_was(path):
    one, two = architectures(2)
    mirror = Mirror(path, bound())
    mirror.start(0, one)
    mirror.finish(record(0, one, 0.5))
    again = Mirror(path, bound())
    again.start(0, one)
    again.finish(record(0, one, 0.5))
    again.start(1, two)
    again.finish(record(1, two, 0.25))
    assert [t.values[0] for t in read(path).trials] == [0.5, 0.25]


def test_an_interrupted_trial_is_finished_under_its_number(path):
    one, two = architectures(2)
    mirror = Mirror(path, bound())
    mirror.start(0, one)
    mirror.start(1, two)
    mirror.finish(record(1, two, 0.5))
    again = Mirror(path, bound())
    again.start(0, one)
    again.finish(record(0, one, 0.25))
    assert [t.values[0] for t in read(path).trials] == [0.25, 0.5]


def test_missing_numbers_keep_their_places(path):
    one, two = architectures(2)
    mirror = Mirror(path, bound())
    for trial, architecture in ((1, one), (4, two)):
        mirror.start(trial, architecture)
        mirror.finish(record(trial, architecture, trial / 10))
    trials = read(path).trials
    assert [t.number for t in trials if t.state is TrialState.COMPLETE] == [1, 4]
    assert [t.values[0] for t in trials if t.values] == [0.1, 0.4]


def test_numbers_of_every_kind_come_back(path):
    space = bound(name="default", max_params=50_000)
    rng = random.Random(0)
    drawn = [space.sample(rng) for _ in range(20)]
    mirror = Mirror(path, space)
    for trial, architecture in enumerate(drawn):
        mirror.start(trial, architecture)
        mirror.finish(record(trial, architecture, 0.5))
    mirror.close()
    for trial, architecture in zip(read(path).trials, drawn, strict=True):
        assert trial.params == architecture.genes
        assert trial.distributions == {
            name: space.domains[name].distribution() for name in architecture.genes
        }
        assert trial.duration is not None


def test_what_it_missed_is_caught_up_with(path):
    good, bad, running, later = architectures(4)
    mirror = Mirror(path, bound())
    mirror.start(0, good)
    mirror.close()
    again = Mirror(path, bound())
    finished = [record(0, good, 0.5), record(1, bad, None), record(4, later, 0.25)]
    for _ in range(2):
        again.catch_up(finished, {2: running})
    states = [trial.state.name for trial in read(path).trials]
    assert states == ["COMPLETE", "FAIL", "RUNNING", "FAIL", "COMPLETE"]
    again.finish(record(2, running, 0.75))
    assert [t.values and t.values[0] for t in read(path).trials] == [
        *(0.5, None, 0.75, None, 0.25)
    ]


def test_optuna_can_go_on_with_it(path):
    (one,) = architectures(1)
    mirror = Mirror(path, bound())
    mirror.start(0, one)
    mirror.finish(record(0, one, 0.5))
    mirror.close()
    study = read(path)
    study.enqueue_trial(dict(one.genes))
    trial = study.ask()
    assert bound().suggest(trial) == one
    study.tell(trial, [0.5, 100])
    assert [t.number for t in study.trials] == [0, 1]


def test_tables_of_another_optuna_are_left_alone(path):
    (one,) = architectures(1)
    Mirror(path, bound()).close()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE alembic_version SET version_num = 'v99'")
    mirror = Mirror(path, bound())
    mirror.catch_up([record(0, one, 0.5)], {})
    mirror.start(1, one)
    mirror.finish(record(1, one, 0.5))
    mirror.close()
    assert "study.db is not written: this Optuna has other tables (v99)" in mirror.note
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM trials").fetchone() == (0,)


def test_a_file_that_is_no_database_is_named(path):
    path.write_bytes(b"this is not SQLite" * 100)
    with pytest.raises(RunError, match=r"study\.db: cannot be used.*nas repair"):
        Mirror(path, bound())
