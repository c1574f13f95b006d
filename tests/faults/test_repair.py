"""Whatever is broken in a run's folder, ``nas repair`` mends it and loses nothing."""

# ruff: noqa: F401, F811 - fixtures are imported by name

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import optuna
import pytest
from made_run import bound
from small_runs import SMALL, command, records, run, searched, started

from nas.records import candidate_key
from nas.search.mirror import Mirror

pytestmark = pytest.mark.faults


def facts(path: Path) -> list[dict]:
    return [record.facts() for record in records(path)]


def study(run: Path) -> optuna.Study:
    return optuna.load_study(study_name="nas", storage=f"sqlite:///{run / 'study.db'}")


def sql(path: Path, *statements: str) -> None:
    with sqlite3.connect(path) as database:
        for statement in statements:
            database.execute(statement)
    database.close()


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def scramble(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[8192 : len(data) // 2] = os.urandom(len(data) // 2 - 8192)
    path.write_bytes(data)


def foreign_study(path: Path) -> None:
    path.unlink()
    optuna.create_study(
        study_name="other", storage=f"sqlite:///{path}", directions=["minimize"]
    )


def other_directions(path: Path) -> None:
    sql(path, "UPDATE study_directions SET direction = 'MINIMIZE'")


def other_networks(path: Path) -> None:
    sql(
        path,
        "UPDATE trial_user_attributes SET value_json = '\"0123456789abcdef\"' "
        "WHERE \"key\" = 'hash' AND trial_id = 2",
    )


def other_tables(path: Path) -> None:
    path.unlink()
    sql(path, "CREATE TABLE recipes (name TEXT)")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


BROKEN = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_bytes(b"this is no database" * 999),
    "truncated": truncate,
    "scrambled": scramble,
    "another study": foreign_study,
    "other directions": other_directions,
    "another run's": other_networks,
    "other tables": other_tables,
    "a folder": a_folder,
}


def test_no_run_is_offered_in_place_of_itself(run, nas):
    for name in ("config.yaml", "began.json"):
        (run / name).unlink()
    (run / "config.yaml").mkdir()
    outcome = nas("report", "run")
    assert outcome.code == 2
    assert "did you mean" not in outcome.err


class TestStudy:
    @pytest.mark.parametrize("harm", BROKEN)
    def test_a_broken_one_is_told_and_made_anew(self, run, nas, harm):
        path, before = run / "study.db", facts(run)
        BROKEN[harm](path)
        refused = nas("resume", run, "--trials", 5)
        assert refused.code == 2
        assert f"{path}: cannot be used: " in refused.err
        assert f"nas repair {run}" in refused.err
        assert len(refused.err.splitlines()) == 1

        mended = nas("repair", run)
        assert mended.code == 0
        assert "was made anew from the trials" in mended.out
        assert (run / "study.db.unreadable").exists()
        assert facts(run) == before
        values = [trial.values for trial in study(run).trials]
        assert values == [[f["accuracy"], f["params"]] for f in before]
        assert [t.params for t in study(run).trials] == [
            dict(record.genes) for record in records(run)
        ]
        assert "nothing to mend" in nas("repair", run).out
        assert nas("resume", run, "--trials", 5).code == 0
        assert len(study(run).trials) == 5

    def test_a_missing_one_is_made_anew_without_old_journals(self, run, nas):
        path = run / "study.db"
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("UPDATE trials SET state = 'FAIL'")
            database.commit()
            shutil.copy(run / "study.db-wal", run / "kept")
        database.close()
        path.unlink()
        (run / "kept").rename(run / "study.db-wal")
        assert nas("resume", run, "--trials", 5).code == 0
        states = [trial.state.name for trial in study(run).trials]
        assert states == ["COMPLETE"] * 5

    def test_one_that_misses_trials_gets_them(self, run, nas):
        for table in ("trial_values", "trial_params", "trial_user_attributes"):
            sql(run / "study.db", f"DELETE FROM {table} WHERE trial_id = 4")
        sql(run / "study.db", "DELETE FROM trials WHERE trial_id = 4")
        assert "study.db lacked 1 trial" in nas("repair", run).out
        assert len(study(run).trials) == 4

    def test_locked_by_another_it_is_left_alone(self, run, nas):
        with sqlite3.connect(run / "study.db") as database:
            database.execute("PRAGMA locking_mode=EXCLUSIVE")
            database.execute("BEGIN EXCLUSIVE")
            done = nas("resume", run, "--trials", 6)
        database.close()
        assert done.code == 0
        notes = " ".join(done.out.split()).split("study.db is not written")
        assert len(notes) == 2
        assert "database is locked" in notes[1]
        assert len(records(run)) == 6
        assert "study.db lacked 2 trials" in nas("repair", run).out
        assert [trial.state.name for trial in study(run).trials] == ["COMPLETE"] * 6

    def test_where_there_is_no_room_for_one_the_search_goes_on(self, tmp_path):
        small = tmp_path / "small"
        small.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", "size=60k", "none", small]
        if subprocess.run(words, check=False, capture_output=True).returncode:
            pytest.skip("this machine mounts nothing")
        try:
            mirrored = []
            Mirror(small / "study.db", bound(3000), mirrored.append).close()
            (note,) = mirrored
            assert "study.db is not written: " in note
            assert "full" in note
        finally:
            # Optuna holds on to what it could not make.
            subprocess.run(["umount", "--lazy", small], check=True)

    def test_broken_while_a_search_runs_it_stops_nothing(self, tmp_path):
        output = tmp_path / "output"
        words = ("search", *SMALL, "--trials", 8, "--workers", 1, "--run", "r")
        with output.open("w") as file:
            process = subprocess.Popen(
                command(*words), cwd=tmp_path, stdout=file, stderr=subprocess.STDOUT
            )
        path = tmp_path / "r" / "study.db"
        while not any((tmp_path / "r").glob("trials/00000/result.json")):
            assert process.poll() is None
            time.sleep(0.02)
        sql(path, "DROP TABLE trial_values")
        assert process.wait() == 0
        assert output.read_text().count("is not written") == 1
        run = tmp_path / "r"
        assert len(records(run)) == 8
        done = subprocess.run(
            command("repair", run), check=True, capture_output=True, text=True
        )
        assert "was made anew" in done.stdout
        assert len([t for t in study(run).trials if t.values]) == 8


class TestResults:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{",
            "[]",
            "5",
            "[" * 20_000,
            ('"trial": 2', '"trial": 1'),
            ('"accuracy": 0.', '"accuracy": NaN, "was": 0.'),
            ('"accuracy": 0.', '"accuracy": 7.'),
            ('"accuracy": 0.', '"accuracy": "high", "was": 0.'),
            ('"status": "complete"', '"status": "fine"'),
            ('"seconds": ', '"seconds": 1e999, "was": '),
            ('"input_shape": [\n      1', '"input_shape": [\n      3'),
        ],
    )
    @pytest.mark.parametrize("indexed", [True, False])
    def test_one_that_cannot_be_read(self, run, nas, text, indexed):
        before = facts(run)
        path = run / "trials" / "00002" / "result.json"
        if isinstance(text, tuple):
            whole = path.read_text()
            assert text[0] in whole
            text = whole.replace(*text)
        path.write_text(text)
        if not indexed:
            (run / "index.tsv").unlink()
        for words in (("resume", run), ("report", run), ("show", run)):
            refused = nas(*words)
            assert refused.code == 2
            assert refused.err.startswith(f"nas: error: {path}: ")
            assert f"nas repair {run}" in refused.err
            assert len(refused.err.splitlines()) == 1

        mended = nas("repair", run)
        assert mended.code == 0
        assert (
            "result.json could not be read and is now result.json.unrea" in mended.out
        )
        assert path.with_name("result.json.unreadable").read_text() == text
        if indexed:  # where its row has all that was in it
            assert facts(run) == before
        assert nas("resume", run).code == 0
        after = facts(run)
        for name in ("accuracy", "loss", "params", "seed", "curve"):
            assert [f[name] for f in after] == [f[name] for f in before]
        assert "nothing to mend" in nas("repair", run).out

    def test_a_row_of_another_network_is_not_taken_for_it(self, run, nas):
        path = run / "trials" / "00002" / "architecture.json"
        shutil.copy(run / "trials" / "00001" / "architecture.json", path)
        (run / "trials" / "00002" / "result.json").write_text("{")
        assert "'nas resume' trains the network again" in nas("repair", run).out
        assert [record.trial for record in records(run)] == [0, 1, 3]

    @pytest.mark.parametrize("harm", ["torn", "foreign"])
    def test_an_architecture_that_cannot_be_read(self, run, nas, harm):
        folder = run / "trials" / "00003"
        (folder / "result.json").unlink()
        path = folder / "architecture.json"
        text = path.read_text()
        path.write_text(
            text[:99] if harm == "torn" else text.replace('classes": 10', 'classes": 9')
        )
        refused = nas("resume", run)
        assert refused.code == 2
        assert f"{path}:" in refused.err
        assert f"nas repair {run}" in refused.err
        assert "another network is trained in its place" in nas("repair", run).out
        assert nas("resume", run).code == 0
        assert len(records(run)) == 4

    def test_repeats_beliefs_and_promotions(self, run, nas):
        assert nas("repeat", run, "--trials", 1, "--repeats", 2).code == 0
        repeat = run / "trials" / "00001" / "repeats" / "2" / "result.json"
        for path in (repeat, run / "beliefs.json", run / "trials/00000/promoted.json"):
            path.write_text("{")
        assert nas("resume", run).code == 2
        lines = nas("repair", run).out.splitlines()
        assert sum("could not be read" in line for line in lines) == 3
        assert nas("resume", run).code == 0
        assert nas("repeat", run, "--trials", 1, "--repeats", 2).code == 0
        assert json.loads(repeat.read_bytes())["number"] == 2

    def test_trials_that_are_a_file(self, run, nas):
        shutil.rmtree(run / "trials")
        (run / "trials").write_text("")
        refused = nas("resume", run)
        assert refused.code == 2
        assert f"nas repair {run}" in refused.err
        assert "no trial is left" in nas("repair", run).out
        assert (run / "trials.unreadable").is_file()
        assert nas("resume", run).code == 0


class TestOtherFiles:
    @pytest.mark.parametrize("text", [None, "", "config: [", "- a"])
    def test_the_configuration(self, run, nas, text):
        path = run / "config.yaml"
        whole = path.read_text()
        path.unlink()
        if text is not None:
            path.write_text(text)
        for word in ("resume", "report"):
            refused = nas(word, run)
            assert refused.code == 2
            assert "nas repair" in refused.err
        assert "config.yaml" in nas("repair", run).out
        assert path.read_text() == whole
        assert nas("resume", run).code == 0

    def test_it_asks_for_no_fewer_trials_than_there_are(self, run, nas):
        assert nas("resume", run, "--trials", 6).code == 0
        (run / "config.yaml").unlink()
        assert "with 6 trials" in nas("repair", run).out
        assert nas("resume", run).code == 0
        assert len(records(run)) == 6

    @pytest.mark.parametrize("text", [None, "", "blocks: [", "- a"])
    def test_the_space(self, run, nas, text):
        path = run / "space.yaml"
        whole = path.read_text()
        path.unlink()
        if text is not None:
            path.write_text(text)
        assert nas("resume", run, "--trials", 5).code == 2
        assert "space.yaml" in nas("repair", run).out
        assert path.read_text() == whole
        assert nas("resume", run, "--trials", 5).code == 0

    def test_a_configuration_that_is_cut_off_and_still_yaml(self, run, nas):
        config = run / "config.yaml"
        whole = config.read_text()
        assert nas("resume", "run", "--trials", "5").code == 0  # that may change
        asked = config.read_text()
        assert asked == whole.replace("trials: 4", "trials: 5")
        config.write_text(asked[: asked.index("classes:")])
        refused = nas("resume", "run")
        assert refused.code == 2
        assert "nas repair run" in refused.error
        assert "data.classes" in refused.err
        outcome = nas("repair", "run")
        assert outcome.code == 0, outcome.err
        assert "what it says of the data is as the run began" in outcome.out
        assert config.read_text() == asked
        assert nas("resume", "run").code == 0

    def test_the_remedy_for_a_run_of_old_is_one_that_helps(self, run, nas):
        (run / "began.json").unlink()
        (run / "config.yaml").write_text("config: [")
        for name in ("report", "repair"):
            outcome = nas(name, "run")
            assert outcome.code == 2
            assert "mend it by hand" in outcome.error
            assert "nas repair" not in outcome.error

    def test_what_it_began_with(self, run, nas):
        (run / "began.json").write_text("{")
        refused = nas("resume", run)
        assert refused.code == 2
        assert f"nas repair {run}" in refused.err
        assert "began.json could not be read" in nas("repair", run).out
        assert nas("resume", run, "--trials", 5).code == 0

    def test_with_nothing_to_go_by_it_says_so(self, run, nas, tmp_path):
        (run / "began.json").unlink()
        (run / "config.yaml").write_text("{")
        refused = nas("repair", run)
        assert refused.code == 2
        assert "config.yaml:" in refused.err
        (tmp_path / "photos").mkdir()
        for path in ("photos", "nowhere"):
            refused = nas("repair", path)
            assert refused.code == 2
            assert f"no run at {path}" in refused.err
        assert list((tmp_path / "photos").iterdir()) == []

    def test_the_index(self, run, nas):
        path, before = run / "index.tsv", facts(run)
        for text in (b"", b"\0" * 99, path.read_bytes()[:-9]):
            path.write_bytes(text)
            assert "index.tsv was made anew" in nas("repair", run).out
            assert "nothing to mend" in nas("repair", run).out
            assert facts(run) == before

    def test_what_was_half_written_goes_and_what_is_the_users_stays(self, run, nas):
        mine = [
            run / ".config.yaml.123.tmp",
            run / ".study.db.99",
            run / ".study.db.99-wal",
            run / "trials" / "00001" / ".result.json.77.tmp",
            run / "trials" / "00001" / "weights.safetensors.part",
            run / "report" / ".front.png.99999999",
        ]
        theirs = [
            run / "notes.txt",
            run / ".notes.7",
            run / "a.part",
            run / "trials" / "notes.tmp",
            run / "trials" / "00001" / "notes.tmp",
        ]
        for path in (*mine, *theirs):
            path.write_text("x")
        elsewhere = run.parent / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / ".a.1.tmp").write_text("x")
        (run / "trials" / "00009").symlink_to(elsewhere)
        assert f"{len(mine)} half-written files were removed" in nas("repair", run).out
        assert not any(path.exists() for path in mine)
        assert all(path.exists() for path in theirs)
        assert (elsewhere / ".a.1.tmp").exists()


class TestKilled:
    def test_twice_killed_a_search_trains_nothing_twice(self, tmp_path):
        words = ("search", *SMALL, "--workers", 2, "--trials", 10, "--run", "r")
        run = tmp_path / "r"
        for done in (2, 5):
            process = started(*words, cwd=tmp_path)
            while len(list(run.glob("trials/*/result.json"))) < done:
                assert process.poll() is None
                time.sleep(0.01)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            words = ("resume", "r")
        for words in (("repair", "r"), ("resume", "r")):
            subprocess.run(
                command(*words), check=True, cwd=tmp_path, stdout=subprocess.DEVNULL
            )
        found = records(run)
        assert [record.trial for record in found] == list(range(10))
        assert len({candidate_key(record.architecture) for record in found}) == 10
        assert [t.state.name for t in study(run).trials] == ["COMPLETE"] * 10
        assert len({record.seed for record in found}) == 10
