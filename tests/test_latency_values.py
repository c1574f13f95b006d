import json
from dataclasses import replace
from pathlib import Path

import pytest
from made_latency import latency
from made_run import architectures, make_run, record

from nas.errors import RunError
from nas.latency import Latency
from nas.records import TrialRecord


def test_it_comes_back_from_json():
    found = latency(0.3, batch_size=64)
    assert Latency.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert found.images_per_second == pytest.approx(64 / 0.0003)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("device", None),
        ("threads", 0),
        ("batch_size", 1.5),
        ("median_ms", 0.0),
        ("low_ms", -1.0),
        ("high_ms", float("inf")),
        ("median_ms", float("nan")),
        ("runs", True),
        ("disturbed_runs", -1),
        ("measured", "yesterday"),
    ],
)
def test_what_no_measurement_wrote_is_refused(field, value):
    with pytest.raises(RunError, match=f"^{field} must be "):
        Latency.from_json(latency().to_json() | {field: value})


def test_a_figure_of_another_setting_is_of_something_else():
    same = replace(latency(), median_ms=9.0, runs=3, torch="2.14.0")
    assert same.setting == latency().setting
    others = ({"device": "GPU"}, {"threads": 2}, {"batch_size": 2}, {"precision": "x"})
    for other in others:
        assert latency(**other).setting != latency().setting


def test_a_record_keeps_it_in_its_file_and_in_the_index(tmp_path: Path):
    run = make_run(tmp_path / "run", [0.5])
    (net,) = architectures(1, seed=1)
    kept = replace(record(1, net, 0.75), latency=latency())
    run.start_trial(1, net)
    run.finish_trial(kept)
    assert run.records()[1].latency == latency()  # from the index
    run.index.path.unlink()
    first, second = run.records()
    assert (first.latency, second.latency) == (None, latency())


def test_a_record_of_old_has_none(tmp_path: Path):
    data = record(0, architectures(1)[0], 0.5).to_json()
    assert data.pop("latency") is None
    assert TrialRecord.from_json(data).latency is None


def test_a_record_with_a_spoilt_one_is_named(tmp_path: Path):
    run = make_run(tmp_path / "run", [0.5])
    path = run.trial_path(0) / "result.json"
    broken = latency().to_json() | {"runs": -1}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"latency": broken}))
    with pytest.raises(RunError, match=r"result\.json: cannot be read: runs must be"):
        run.records()
