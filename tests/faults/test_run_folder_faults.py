"""A run's folder: made whole or not at all, of one owner, and what it began with."""

# ruff: noqa: F401, F811 - fixtures are imported by name

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from made_run import make_run
from small_runs import HERE, SMALL, command, records, run, searched, started

from nas.errors import RunError
from nas.search import RunFolder
from nas.search.files import rename_new

pytestmark = pytest.mark.faults


class TestCreation:
    def test_killed_at_any_moment_it_is_whole_or_not_there(self, tmp_path):
        code = (
            "import itertools, pathlib, sys\n"
            "sys.path.insert(0, sys.argv[2])\n"
            "from made_run import make_run\n"
            "for n in itertools.count():\n"
            "    make_run(pathlib.Path(sys.argv[1]) / f'run-{n}')\n"
            "    print('made', flush=True)\n"
        )
        tests = str(Path(__file__).parents[1])
        rng = random.Random(0)
        for i in range(4):
            folder = tmp_path / str(i)
            folder.mkdir()
            with subprocess.Popen(
                [sys.executable, "-c", code, folder, tests], stdout=subprocess.PIPE
            ) as process:
                process.stdout.readline()
                time.sleep(rng.uniform(0, 0.3))
                process.kill()
            found = sorted(folder.glob("run-*"))
            assert found
            for path in found:
                made = RunFolder.open(path)
                assert made.config().space == made.space().name == "minimal"
                assert made.began().space == made.space().text
                assert made.records() == []

    def test_what_a_killed_one_leaves_goes_with_the_next(self, tmp_path):
        made = make_run(tmp_path / "one")
        names = {}
        for name in ("old", "new", "busy"):
            names[name] = tmp_path / f".{name}.run.tmp"
            shutil.copytree(made.path, names[name])
        for name in ("old", "busy"):
            os.utime(names[name], (0, 0))
        with RunFolder(names["busy"]).owned():
            make_run(tmp_path / "two")
        left = {path.name for path in tmp_path.iterdir()}
        assert left == {"one", "two", ".new.run.tmp", ".busy.run.tmp"}

    def test_of_many_at_once_one_makes_it(self, tmp_path):
        outcomes = []

        def make():
            try:
                make_run(tmp_path / "run")
            except RunError as error:
                outcomes.append(str(error))
            else:
                outcomes.append("made")

        threads = [threading.Thread(target=make) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert outcomes.count("made") == 1
        assert sum("never overwritten" in outcome for outcome in outcomes) == 7
        assert [path.name for path in tmp_path.iterdir()] == ["run"]

    @pytest.mark.parametrize("there", ["a file", "a folder", "an empty one", "a link"])
    def test_a_new_name_takes_nobodys_place(self, tmp_path, there):
        source, target = tmp_path / "source", tmp_path / "target"
        source.mkdir()
        match there:
            case "a file":
                target.write_text("years of work")
            case "a link":
                target.symlink_to("nowhere")
            case _:
                target.mkdir()
        if there == "a folder":
            (target / "thesis.tex").write_text("years of work")
        with pytest.raises(FileExistsError):
            rename_new(source, target)
        assert source.is_dir()
        assert list(source.iterdir()) == []

    def test_results_and_their_names_are_durable(self, tmp_path, monkeypatch):
        synced = []
        original = os.fsync

        def fsync(descriptor):
            synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
            original(descriptor)

        monkeypatch.setattr(os, "fsync", fsync)
        made = make_run(tmp_path / "run", [0.5])
        trial = made.trial_path(0)
        assert synced[-1] == str(trial)
        last = synced[-3:-1]
        assert str(made.trials_path) in last
        assert any(path.startswith(str(trial / ".result.json.")) for path in last)
        # The names of the files in it, and its own.
        assert str(tmp_path) in synced
        assert any(path.startswith(f"{tmp_path}/.") for path in synced)


class TestOwner:
    def test_a_second_process_is_told_who_works_there(self, tmp_path, nas):
        process = started("search", *SMALL, "--trials", 500, "--run", "r", cwd=tmp_path)
        try:
            results = (tmp_path / "r").glob
            while not any(results("trials/*/result.json")):
                assert process.poll() is None
                time.sleep(0.05)
            for words in (
                ("resume", "r"),
                ("resume", "r", "--trials", 600),
                ("repeat", "r"),
                ("repair", "r"),
            ):
                refused = nas(*words)
                assert refused.code == 2
                assert (
                    f"another process works on the run r: PID {process.pid}, since 2"
                    in (refused.err)
                )
                assert len(refused.err.splitlines()) == 1
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        # Nobody has to tidy up after it.
        assert nas("repair", "r").code == 0
        os.killpg(process.pid, signal.SIGKILL)

    def test_an_owner_elsewhere_is_named_with_its_host(self, run):
        code = (
            "import pathlib, socket, sys, time\n"
            "socket.gethostname = lambda: 'otherhost'\n"
            "from nas.search import RunFolder\n"
            "with RunFolder(pathlib.Path(sys.argv[1])).owned():\n"
            "    print('mine', flush=True)\n"
            "    time.sleep(60)\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code, run], stdout=subprocess.PIPE
        ) as process:
            process.stdout.readline()
            refused = pytest.raises(
                RunError, match=rf"{process.pid} on otherhost, since"
            )
            with refused, RunFolder(run).owned():
                raise AssertionError("two owners")
            process.kill()
        with RunFolder(run).owned():
            pass

    @pytest.mark.parametrize(
        "note",
        ["", "{", "\0" * 9000, '{"pid": 1, "host": "HOST", "since": "2020-01-01"}'],
    )
    def test_an_old_note_refuses_nobody(self, run, nas, note):
        import socket

        (run / ".lock").write_text(note.replace("HOST", socket.gethostname()))
        assert nas("repair", run).code == 0
        assert (run / ".lock").read_text() == ""

    def test_a_folder_that_cannot_be_written(self, run, nas):
        done = subprocess.run(
            ["mount", "--bind", "-o", "ro", run, run], check=False, capture_output=True
        )
        if done.returncode:
            pytest.skip("this machine mounts nothing")
        try:
            for word in ("resume", "repeat", "repair"):
                refused = nas(word, run)
                assert refused.code == 2
                assert "cannot be written: Read-only file system" in refused.err
                assert len(refused.err.splitlines()) == 1
        finally:
            subprocess.run(["umount", run], check=True)


class TestWhatItBeganWith:
    def test_options_are_compared(self, run, nas):
        path = run / "config.yaml"
        text = path.read_text()
        for old, new, line in (
            (
                "max_params: 3000",
                "max_params: 4000",
                "max_params: 3,000 when the run began, 4,000 now",
            ),
            ("seed: 0", "seed: 7", "seed: 0 when the run began, 7 now"),
            (
                "objective: accuracy",
                "objective: balanced-accuracy",
                "recipe.objective: accuracy when the run began, balanced-accuracy now",
            ),
            (
                "halving: false",
                "halving: true",
                None,  # the recipe has too few epochs for it
            ),
            (
                "  epochs: 1\n",
                "  epochs: 9\n",
                "recipe.epochs: 1 when the run began, 9 now",
            ),
        ):
            assert old in text
            path.write_text(text.replace(old, new))
            for words in (("resume", run, "--trials", 5), ("repeat", run)):
                refused = nas(*words)
                assert refused.code == 2
                if line is not None:
                    assert f"nas search --from-run {run}" in refused.error
                    assert refused.err.splitlines()[1:] == [f"  {line}"]
        assert len(records(run)) == 4

    def test_what_no_trial_depends_on_may_change(self, run, nas):
        path = run / "config.yaml"
        text = path.read_text()
        for name, value in (
            ("trials: 4", "trials: 5"),
            ("repeats: 1", "repeats: 2"),
            ("device: auto", "device: cpu"),
            ("retries: 1", "retries: 3"),
            ("max_failures: 10", "max_failures: 4"),
        ):
            assert name in text
            text = text.replace(name, value)
        path.write_text(text)
        assert nas("resume", run).code == 0
        assert len(records(run)) == 5

    def test_a_space_that_was_edited(self, run, nas):
        path = run / "space.yaml"
        text = path.read_text()
        path.write_text(text.replace("min_width: 8", "min_width: 4 # \x1b[31m"))
        refused = nas("resume", run, "--trials", 5)
        assert refused.code == 2
        lines = [line.strip() for line in refused.err.splitlines()]
        assert lines[1:3] == ["--- space.yaml when the run began", "+++ space.yaml now"]
        assert any(line.startswith("-min_width: 8") for line in lines)
        assert any(line.startswith("+min_width: 4 # ?[31m") for line in lines)
        path.unlink()
        refused = nas("resume", run)
        assert refused.code == 2
        assert "space.yaml: No such file" in refused.err
        path.write_text(text)
        assert nas("resume", run).code == 0

    def test_a_plugin_that_was_edited(self, tmp_path, nas):
        plugin = Path(__file__).parents[2] / "examples" / "plugin"
        shutil.copytree(plugin, tmp_path / "plugin")
        words = ("--space", "plugin/ghost.yaml", "--max-params", "30k", "--epochs", "1")
        assert nas("search", *words, *HERE, "--trials", 1, "--run", "r").code == 0
        path = tmp_path / "r" / "plugins" / "ghost.py"
        text = path.read_text()
        path.write_text(text + "\n# a thought\n")
        refused = nas("resume", "r")
        assert refused.code == 2
        assert "+# a thought" in refused.err
        done = nas("repair", "r")
        assert done.code == 0
        assert "plugins/ghost.py could not be used" in done.out
        assert path.read_text() == text
        assert nas("resume", "r").code == 0

    def test_a_run_of_old_goes_on_as_before(self, run, nas):
        (run / "began.json").unlink()
        path = run / "config.yaml"
        path.write_text(path.read_text().replace("seed: 0", "seed: 7"))
        assert nas("resume", run, "--trials", 5).code == 0
        assert len(records(run)) == 5


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (120, 8, 8), np.uint8), np.arange(120) % 3


@pytest.fixture(scope="module")
def template(tmp_path_factory, images):
    """A run on data in a file beside it."""
    folder = tmp_path_factory.mktemp("data")
    np.savez(folder / "d.npz", images=images[0], labels=images[1])
    words = [*SMALL, *HERE, "--data", folder / "d.npz", "--trials", 1]
    done = subprocess.run(
        command("search", *words, "--run", folder / "r"),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder / "r"


class TestData:
    @pytest.fixture
    def r(self, template, tmp_path):
        """A run whose data lie in the current folder."""
        shutil.copytree(template, tmp_path / "r")
        self.move(tmp_path / "r", template.parent / "d.npz", tmp_path / "d.npz")
        return tmp_path / "r"

    def move(self, run, old, new):
        path = run / "config.yaml"
        text = path.read_text()
        assert f"data: {old}\n" in text
        path.write_text(text.replace(f"data: {old}\n", f"data: {new}\n"))

    def test_moved_they_are_the_same(self, r, tmp_path, images, nas):
        np.savez(tmp_path / "d.npz", images=images[0], labels=images[1])
        assert nas("resume", r, "--trials", 2).code == 0
        assert len(records(r)) == 2

    @pytest.mark.parametrize(
        ("change", "lines"),
        [
            ("a pixel", {"the training images are others"}),
            ("two labels", {"the training labels are others"}),
            (
                "fewer",
                {
                    "training images: 77 when the run began, 58 now",
                    "validation images: 19 when the run began, 14 now",
                },
            ),
            ("a class", {"a class is new: '3'"}),
            ("another shape", {"image shape: 1x8x8 when the run began, 1x9x9 now"}),
        ],
    )
    def test_changed_they_are_refused(self, r, tmp_path, images, nas, change, lines):
        pixels, labels = images[0].copy(), images[1].copy()
        match change:
            case "a pixel":
                pixels[:, 0, 0] ^= 1
            case "two labels":
                labels[[0, 1]] = labels[[1, 0]]
            case "fewer":
                pixels, labels = pixels[:90], labels[:90]
            case "a class":
                labels[:30] = 3
            case "another shape":
                pixels = np.pad(pixels, ((0, 0), (0, 1), (0, 1)))
        np.savez(tmp_path / "d.npz", images=pixels, labels=labels)
        for words in (("resume", r, "--trials", 2), ("repeat", r)):
            refused = nas(*words)
            assert refused.code == 2
            assert "has changed since the run began" in refused.error
            assert lines <= {line.strip() for line in refused.err.splitlines()[1:]}
        assert len(records(r)) == 1

    def test_no_trial_depends_on_the_test_split(self, template):
        began = json.loads((template / "began.json").read_bytes())
        assert set(began["fingerprint"]) == {
            "train images",
            "train labels",
            "validation images",
            "validation labels",
        }


class TestConfigFile:
    @pytest.mark.parametrize(
        ("old", "new", "after", "rule"),
        [
            ("  seed: 0", "  seed: !!python/object/apply:os.system [id]", 0, "the tag"),
            ("  seed: 0", "  seed: !!python/name:os.system x", 0, "the tag"),
            ("  seed: 0", "  seed: 0\n  seed: 1", 1, "the key 'seed' twice"),
            ("  seed: 0", "  sead: 0", 0, "did you mean 'seed'?"),
            ("  max_params: 3000", "  max_params: 1e-3", 0, "must be an integer"),
            ("    lr: 0.2", "    lr: .nan", 0, "must be finite"),
            ("    lr: 0.2", "    lr: 1e9", 0, "lr must be in [0.0, 100.0]"),
            ("  sampler: size-aware", "  sampler: [a]", 0, "single value"),
            ("  devices: null", "  devices: 3", 0, "list of numbers"),
            ("  seed: 0", "  seed: [", 2, "not YAML"),
        ],
    )
    def test_a_line_of_it_is_named(self, run, nas, old, new, after, rule):
        path = run / "config.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        line = text[: text.index(old)].count("\n") + 1 + after
        for word in ("resume", "report"):
            refused = nas(word, run)
            assert refused.code == 2
            assert refused.err.startswith(f"nas: error: {path}:{line}:")
            assert rule in refused.err
            assert f"nas repair {run}" in refused.err
            assert len(refused.err.splitlines()) == 1

    @pytest.mark.parametrize(
        ("text", "rule"),
        [
            ("", ":1:1: is empty"),
            ("- a\n- b\n", ":1:1: must be a mapping; got a list"),
            ("x" * (10 << 20), "must have at most"),
            ("[" * 5000, "levels deep"),
        ],
    )
    def test_a_file_of_another_kind(self, run, nas, text, rule):
        (run / "config.yaml").write_text(text)
        refused = nas("resume", run)
        assert refused.code == 2
        assert rule in refused.err
        assert len(refused.err.splitlines()) == 1

    def test_aliases_that_stand_for_more_than_memory_holds(self, run, nas):
        path = run / "config.yaml"
        bomb = "  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
            f"  a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
        )
        text = path.read_text()
        path.write_text(text.replace("data:\n", f"data:\n{bomb}", 1))
        began = time.monotonic()
        refused = nas("resume", run)
        assert time.monotonic() - began < 20
        assert refused.code == 2
        assert "values, aliases resolved" in refused.err

    def test_names_that_look_like_numbers_stay_names(self, tmp_path):
        from nas.search.config_file import ConfigFile, read_config_file

        names = ["1e3", "1_000", "no", "0x1f", "2020-01-01", "1:30", ".inf", "~", ""]
        made = make_run(tmp_path / "run")
        file = made.file()
        wanted = ConfigFile(
            config=file.config, data={"classes": names}, environment={"git": "12e34"}
        )
        made.config_path.write_text(wanted.text())
        assert read_config_file(made.config_path) == wanted


class TestOddThings:
    def test_names_that_are_no_trials_are_left_alone(self, run, nas):
        trials = run / "trials"
        for name in ("00001 (copy)", "1", "x00001", "²", "000001", "-0001"):
            shutil.copytree(trials / "00001", trials / name)
        before = sorted(path.name for path in trials.iterdir())
        assert nas("resume", run, "--trials", 5).code == 0
        assert [record.trial for record in records(run)] == [0, 1, 2, 3, 4]
        assert sorted(path.name for path in trials.iterdir()) == sorted(
            [*before, "00004"]
        )

    def test_trials_may_lie_elsewhere(self, run, tmp_path, nas):
        (run / "trials").rename(tmp_path / "big disk")
        (run / "trials").symlink_to(tmp_path / "big disk")
        assert nas("resume", run, "--trials", 5).code == 0
        assert len(records(run)) == 5

    def test_nothing_is_written_where_a_link_leads(self, run, tmp_path, nas):
        elsewhere = tmp_path / "elsewhere"
        (run / "trials" / "00003").rename(elsewhere)
        (elsewhere / "result.json").unlink()
        (run / "trials" / "00003").symlink_to(elsewhere)
        before = {path: path.read_bytes() for path in elsewhere.iterdir()}
        assert nas("resume", run).code == 0
        assert {path: path.read_bytes() for path in elsewhere.iterdir()} == before
        assert (run / "trials" / "00003" / "result.json").is_file()
        assert not (run / "trials" / "00003").is_symlink()
