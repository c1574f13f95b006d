"""The Python interface: what the README shows, and what it promises."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from made_run import make_run

import nas
from nas.errors import NasError, RunError
from nas.run import Run

README = Path(__file__).parents[1] / "README.md"


def in_new_process(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *argv], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_program_in_the_readme_runs(tmp_path: Path):
    blocks = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.M | re.S)
    assert blocks, "the README shows no Python"
    for number, block in enumerate(blocks):
        # As a reader would try it: in a file of its own, without this test around it.
        script = tmp_path / f"readme{number}.py"
        script.write_text(block)
        done = in_new_process(tmp_path, script.name)
        assert done.returncode == 0, done.stderr
        assert done.stdout
    assert list(tmp_path.glob("runs/*/report/front.json"))
    assert list(tmp_path.glob("*/model.py"))


def test_a_program_without_a_main_guard_is_told_so(tmp_path: Path):
    (tmp_path / "program.py").write_text(
        "from nas import search\nsearch(trials=1, epochs=1, run='run')\n"
    )
    done = in_new_process(tmp_path, "program.py")
    assert done.returncode != 0
    assert "needs the line 'if __name__ == \"__main__\":' ahead of it" in done.stderr


@pytest.mark.parametrize(
    "before",
    [
        "",
        "import nas",
        "import nas.api",
        "from nas import SearchSpace",
        "from nas.search import RunFolder",
        "from nas.search.loop import run_search",
    ],
)
def test_search_is_the_function_whatever_was_imported_before(tmp_path, before):
    code = f"{before}\nfrom nas import search, resume\nassert callable(search), search"
    done = in_new_process(tmp_path, "-c", code)
    assert done.returncode == 0, done.stderr


def test_every_public_name_is_there():
    for name in nas.__all__:
        assert getattr(nas, name) is not None
    assert sorted(nas.__all__) == nas.__all__
    with pytest.raises(AttributeError, match="no attribute 'serach'"):
        _ = nas.serach


class TestRun:
    @pytest.fixture
    def run(self, tmp_path: Path) -> Run:
        return Run(make_run(tmp_path / "run", [0.5, None, 0.75, 0.25]).path)

    def test_its_records_and_front(self, run: Run):
        assert [record.trial for record in run.records] == [0, 1, 2, 3]
        sizes = [record.params for record in run.front]
        accuracies = [record.accuracy for record in run.front]
        assert sizes == sorted(sizes)
        assert accuracies == sorted(accuracies)
        assert run.best() == run.front[-1] == run.records[2]
        assert run.trial(1) == run.records[1]

    def test_the_best_of_a_size(self, run: Run):
        smallest = min((r for r in run.records if r.accuracy), key=lambda r: r.params)
        assert run.best(max_params=smallest.params) == smallest
        with pytest.raises(RunError, match=f"its smallest has {smallest.params:,}"):
            run.best(max_params=smallest.params - 1)

    def test_a_path_may_be_text(self, run: Run):
        assert Run(str(run.path)) == run

    def test_there_must_be_a_run(self, tmp_path: Path):
        with pytest.raises(NasError, match="no run at"):
            Run(tmp_path / "nowhere")


class TestWarmingUp:
    """Workers begin their imports before data are read, but not for a mistake."""

    @pytest.fixture
    def calls(self, monkeypatch):
        from nas import api, preparing

        found = []

        def load(*_, **__):
            found.append("load")
            raise NasError("unreadable")

        monkeypatch.setattr(api, "load", load)
        monkeypatch.setattr(preparing, "start_server", lambda _: found.append("start"))
        return found

    def test_before_the_data_are_read(self, calls):
        with pytest.raises(NasError, match="unreadable"):
            nas.search()
        assert calls == ["start", "load"]

    def test_of_a_resumed_run_too(self, calls, tmp_path):
        run = make_run(tmp_path / "run", [0.5], trials=2, workers=2)
        with pytest.raises(NasError, match="unreadable"):
            nas.resume(run.path)
        assert calls == ["start", "load"]

    def test_not_without_workers(self, calls):
        with pytest.raises(NasError, match="unreadable"):
            nas.search(workers=0)
        assert calls == ["load"]

    def test_not_for_data_that_there_are_not(self, calls):
        with pytest.raises(NasError, match="unknown data set"):
            nas.search(data="mnits")
        assert calls == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"data": "mnits"}, "unknown data set"),
        ({"space": "defualt"}, "did you mean 'default'"),
        ({"trials": 0}, "trials must be an integer of at least 1; got 0"),
        ({"max_params": 100}, "allow at least 652"),
        ({"epochs": 0}, "epochs must be an integer of at least 1; got 0"),
        ({"sampler": "gird"}, "unknown sampler 'gird'"),
        ({"sampler": "grid"}, "use 'size-aware' or 'random'"),
        ({"workers": -1}, "workers must be an integer of at least 0"),
    ],
)
def test_bad_input_writes_nothing(tmp_path, monkeypatch, options, says):
    from nas.api import search

    monkeypatch.chdir(tmp_path)
    with pytest.raises(NasError, match=re.escape(says)):
        search(**options)
    assert list(tmp_path.iterdir()) == []
