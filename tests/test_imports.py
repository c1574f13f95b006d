"""What starts fast stays fast: nothing heavy is imported before it is needed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from made_run import make_run

HEAVY = ("torch", "lightning", "optuna", "numpy", "sklearn", "matplotlib", "pynvml")

PROGRAM = """
import json, sys
from nas.__main__ import main
code = main(sys.argv[1:])
names = {name.partition(".")[0] for name in sys.modules}
print(json.dumps([code, sorted(names)]), file=sys.stderr)
"""


def imported_by(*argv: object) -> tuple[int, set[str]]:
    """Run a command line in a process; return its exit code and what it imported."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, argv)],
        capture_output=True,
        text=True,
        check=True,
    )
    code, names = json.loads(done.stderr.splitlines()[-1])
    return code, set(names)


@pytest.mark.parametrize("argv", [["--help"], ["search", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(argv):
    code, names = imported_by(*argv)
    assert code == 0
    assert "typer" in names
    assert names.isdisjoint(HEAVY)


def test_a_mistyped_option_imports_nothing_heavy():
    code, names = imported_by("search", "--trails", 3)
    assert code == 2
    assert names.isdisjoint(HEAVY)


@pytest.mark.parametrize(
    "argv",
    [
        ["show", "default"],
        ["show", "RUN"],
        ["show", "RUN", "--json"],
        ["show", "RUN", "--picture", "RUN/net.svg"],
        ["show", "RUN/trials/00000/architecture.json"],
        ["report", "RUN"],
        ["list", "RUN"],
        ["search", "--data", "mnits"],
        ["search", "--max-params", "10"],
    ],
    ids=" ".join,
)
def test_what_trains_nothing_imports_no_torch(tmp_path: Path, argv):
    run = make_run(tmp_path / "run", [0.5, 0.75])
    code, names = imported_by(*(word.replace("RUN", str(run.path)) for word in argv))
    assert code == (2 if argv[0] == "search" else 0)
    assert names.isdisjoint(("torch", "lightning", "optuna"))


def test_the_package_itself_is_light():
    done = subprocess.run(
        [sys.executable, "-c", "import sys, nas; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    names = done.stdout.split()
    assert {name for name in names if name.startswith("nas")} == {"nas"}
    assert set(names).isdisjoint((*HEAVY, "typer", "rich", "yaml"))
