"""What optuna-dashboard may write into a study while a search goes on."""

import json
from dataclasses import replace
from wsgiref.util import setup_testing_defaults

import numpy as np
import optuna
import pytest
from made_run import architectures, bound, make_run, record

from nas.data import SearchData, Split
from nas.errors import RunError
from nas.nn.cost import cost
from nas.records import EvalResult
from nas.search import Finished, Notice, loop
from nas.search.loop import run_search
from nas.search.mirror import Mirror
from nas.search.repair import repair
from nas.search.study_file import study_attributes

NO_IMAGES = Split(images=np.zeros((2, 1, 8, 8), np.uint8), labels=np.zeros(2, np.int64))
DATA = SearchData(
    name="nothing",
    classes=tuple("0123456789"),
    train=NO_IMAGES,
    validation=NO_IMAGES,
    mean=(0.5,),
    std=(0.25,),
)
FAIL = optuna.trial.TrialState.FAIL


def rename(url: str) -> None:
    """Do as the dashboard does: make a copy, delete the study."""
    optuna.copy_study(
        from_study_name="nas", from_storage=url, to_storage=url, to_study_name="mine"
    )
    delete(url)


def delete(url: str) -> None:
    optuna.delete_study(study_name="nas", storage=url)


@pytest.fixture
def quick(monkeypatch):
    """Trainings that take no time."""

    def start(data, device, data_memory):
        def evaluate(request):
            accuracy = min(0.99, cost(request.architecture).total.params / 10_000)
            return EvalResult(
                trial=request.trial,
                status="complete",
                seconds=0.5,
                accuracy=accuracy,
                loss=1 - accuracy,
                curve=(accuracy,),
            )

        return evaluate

    monkeypatch.setattr(loop, "start_evaluator", start)


def test_notes_stay_and_a_trial_that_is_failed_by_hand_gets_its_result(tmp_path):
    url = f"sqlite:///{tmp_path / 'study.db'}"
    one, two = architectures(2)
    mirror = Mirror(tmp_path / "study.db", bound())
    mirror.start(0, one)
    storage = optuna.storages.RDBStorage(url)
    key = storage.get_study_id_from_name("nas")
    storage.set_study_system_attr(key, "dashboard:note_str:0", "looks fine")
    storage.set_trial_state_values(storage.get_all_trials(key)[0]._trial_id, FAIL)
    mirror.finish(record(0, one, 0.5))
    mirror.start(1, two)
    mirror.finish(record(1, two, None))
    assert mirror.note is None
    study = optuna.load_study(study_name="nas", storage=url)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "FAIL"]
    assert study.trials[0].values[0] == 0.5
    assert study.trials[1].user_attrs["error"] == "RuntimeError: out of luck"
    notes = optuna.storages.RDBStorage(url).get_study_system_attrs(key)
    assert notes["dashboard:note_str:0"] == "looks fine"


@pytest.mark.parametrize("spoil", [rename, delete])
def test_a_search_goes_on_without_its_study(tmp_path, quick, spoil):
    run = make_run(tmp_path / "run", trials=8)
    url = f"sqlite:///{run.study_path}"
    notes = []

    def on_event(event):
        if isinstance(event, Notice):
            notes.append(event.text)
        elif isinstance(event, Finished) and event.record.trial == 2:
            spoil(url)

    assert len(run_search(run, DATA, on_event=on_event)) == 8
    (note,) = notes
    assert "its study is gone" in note
    assert f"'nas repair {run.path}' makes it anew" in note
    assert (run.path / "beliefs.json").is_file()
    with pytest.raises(RunError, match="holds no study 'nas'"):
        run_search(run, DATA)
    assert "was made anew from the trials" in repair(run.path)[0]
    study = optuna.load_study(study_name="nas", storage=url)
    assert [t.values[0] for t in study.trials] == [r.accuracy for r in run.records()]


def test_what_breaks_at_the_very_end_does_not_spoil_the_search(tmp_path, quick):
    run = make_run(tmp_path / "run", trials=3)
    notes = []

    def on_event(event):
        if isinstance(event, Notice):
            notes.append(event.text)
        elif isinstance(event, Finished) and event.record.trial == 2:
            rename(f"sqlite:///{run.study_path}")

    assert len(run_search(run, DATA, on_event=on_event)) == 3
    assert len(notes) == 1


def test_a_study_says_what_it_is_of(tmp_path, quick):
    run = make_run(tmp_path / "run", trials=1)
    run_search(run, DATA)
    study = optuna.load_study(study_name="nas", storage=f"sqlite:///{run.study_path}")
    assert study.user_attrs == study_attributes(run.config(), run.facts())
    assert study.user_attrs["data"] == "digits"
    assert study.user_attrs["epochs"] == 2


def test_the_dashboard_itself_reads_it(tmp_path):
    reason = "needs the extra 'dashboard'"
    dashboard = pytest.importorskip("optuna_dashboard", reason=reason)
    path = tmp_path / "study.db"
    networks = architectures(4)
    paused = replace(record(3, networks[3], None), status="stopped", error=None)
    mirror = Mirror(path, bound(), about={"data": "digits"})
    for trial, architecture in enumerate(networks):
        mirror.start(trial, architecture)
    for made in (record(0, networks[0], 0.5), record(1, networks[1], None), paused):
        mirror.finish(made)

    def start(status, headers, error=None):
        assert (status[:3], error) == ("200", None)

    environment = {"PATH_INFO": "/api/studies/1"}
    setup_testing_defaults(environment)
    app = dashboard.wsgi(optuna.storages.RDBStorage(f"sqlite:///{path}"))
    study = json.loads(b"".join(app(environment, start)))
    assert study["objective_names"] == ["accuracy", "params"]
    assert study["directions"] == ["maximize", "minimize"]
    states = [trial["state"] for trial in study["trials"]]
    assert states == ["Complete", "Fail", "Running", "Pruned"]
    assert [trial["number"] for trial in study["best_trials"]] == [0]
    names = {param["name"] for param in study["trials"][2]["params"]}
    assert names == set(networks[2].genes)
    assert [attr["key"] for attr in study["user_attrs"]] == ["data"]
