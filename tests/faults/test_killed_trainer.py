"""A whole search, one of whose trainers is killed from outside."""

import json
import time
from pathlib import Path

import pytest
from processes import children_of, kill, marked

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc"),
]

NETWORKS = ["--space", "minimal", "--max-params", "8k", "--trials", "4"]
SEARCH = ["-m", "nas", "search", *NETWORKS, "--epochs", "3", "--workers", "2"]
ONCE = ["--retries", "0", "--run", "run"]


def test_it_costs_its_own_trial_only(tmp_path: Path) -> None:
    with marked(*SEARCH, *ONCE, cwd=tmp_path) as found:
        trials = tmp_path / "run" / "trials"
        while sum(1 for _ in trials.glob("*/events.*")) < 2:
            assert found.process.poll() is None
            time.sleep(0.01)
        commands = found.alive()
        (server,) = (
            pid
            for pid in children_of(found.process.pid)
            if "forkserver" in commands.get(pid, "")
        )
        one, _ = children_of(server)
        kill(one)
        out, _ = found.process.communicate(timeout=120)
        assert found.process.returncode == 0, out
        assert found.await_end(2.0) == {}
    records = [
        json.loads((path / "result.json").read_text())
        for path in sorted(trials.iterdir())
    ]
    assert [record["trial"] for record in records] == [0, 1, 2, 3]
    (failed,) = (record for record in records if record["status"] != "complete")
    assert (failed["status"], failed["reason"]) == ("failed", "lost")
    assert failed["error"] == "worker died (signal 9)"
