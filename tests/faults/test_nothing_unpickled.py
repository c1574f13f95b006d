"""A run folder from a stranger: nothing in it is ever unpickled or evaluated."""

import ast
import os
import pickle
import shutil
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import TINY, nas

import nas as package
from nas.__main__ import main

pytestmark = pytest.mark.faults

SOURCES = Path(package.__file__).parent

ALLOWED = {
    ("data/sources/cifar_pickle.py", "pickle"),  # takes data alone, and nothing by name
    ("executors/call.py", "pickle"),  # these three: between our own processes, by pipe
    ("executors/watched.py", "pickle"),
    ("executors/worker.py", "pickle"),
}
"""Files of the package, and the modules that they may import all the same."""

NEVER = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
CALLS = {"eval", "exec", "compile", "__import__"}
YAML = {"load", "load_all", "full_load", "unsafe_load", "full_load_all"}


READ_BY = {
    "config": ["show", "resume"],
    "space": ["resume"],
    "study": ["resume"],
    "index": ["show", "report"],
    "result": ["report", "export", "repeat"],
    "architecture": ["resume"],
    "weights": ["export", "resume"],
}
"""The commands that read a file, by how its name begins; others read reports."""


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with everything that a run may hold."""
    folder = tmp_path_factory.mktemp("finished")
    options = ["--trials", "7", "--workers", "0", "--repeats", "2", "--run", "run"]
    ended = nas(["search", *TINY, *options], folder)
    assert ended.code == 0, ended
    return folder / "run"


@pytest.fixture
def on_terminate() -> Iterator[None]:
    """Leave the handler as it was, which a command line replaces."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def in_every_form(payload: Payload) -> list[bytes]:
    """Return the payload as a pickle and as torch and NumPy keep theirs."""
    plain = pickle.dumps(payload)
    path = payload.mark.with_suffix(".pt")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", plain)
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    header += b" " * (117 - len(header)) + b"\n"
    return [plain, path.read_bytes(), b"\x93NUMPY\x01\x00v\x00" + header + plain]


def test_a_payload_in_place_of_any_file_never_runs(
    tmp_path: Path,
    finished: Path,
    capsys: pytest.CaptureFixture[str],
    on_terminate: None,
) -> None:
    mark = tmp_path / "ran"
    payloads = in_every_form(Payload(mark))
    pickle.loads(payloads[0])
    mark.rmdir()  # so it does run where somebody unpickles it
    names = sorted(p.relative_to(finished) for p in finished.rglob("*") if p.is_file())
    # One of a kind: the other trials hold the same.
    kinds = {(len(path.parts), path.name.split(".")[0]): path for path in names}
    assert {"config", "result", "weights", "study", "beliefs"} <= {
        stem for _, stem in kinds
    }
    for number, (kind, path) in enumerate(kinds.items()):
        run = tmp_path / f"run{number}"
        shutil.copytree(finished, run)
        (run / path).write_bytes(payloads[number % len(payloads)])
        for command in READ_BY.get(kind[1], ["report"]):
            # In this process, which would make the mark as well as any other.
            assert main([command, str(run)]) in (0, 2), (path, command)
            assert "Traceback" not in capsys.readouterr().err, (path, command)
            assert not mark.exists(), (path, command)


def test_weights_that_are_a_pickle_are_refused(tmp_path: Path, finished: Path) -> None:
    mark = tmp_path / "ran"
    run = tmp_path / "run"
    for payload in in_every_form(Payload(mark)):
        shutil.copytree(finished, run)
        for path in run.rglob("*.safetensors"):
            path.write_bytes(payload)
        ended = nas(["export", run], tmp_path)
        assert ended.code == 2, ended
        assert not mark.exists()
        shutil.rmtree(run)


def test_no_module_can_unpickle_or_evaluate() -> None:
    paths = sorted(SOURCES.rglob("*.py"))
    assert len(paths) > 150
    used = set()
    for path in paths:
        name = path.relative_to(SOURCES).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            used |= {(name, what) for what in dangers(node)}
    assert used == ALLOWED


def dangers(node: ast.AST) -> set[str]:
    """Return what in a piece of syntax could run code that a file brings along."""
    match node:
        case ast.Import(names=names):
            return {n.name for n in names} & NEVER
        case ast.ImportFrom(module=str(module)):
            return {module.partition(".")[0]} & NEVER
        case ast.Call(func=ast.Name(id=name)):
            return {name} & CALLS
        case ast.Call(func=ast.Attribute(value=value, attr=name), keywords=keywords):
            owner = ast.unparse(value)
            given = {k.arg: ast.unparse(k.value) for k in keywords}
            safe = owner == "torch" and given.get("weights_only") == "True"
            loads = name in YAML if owner == "yaml" else name == "load"
            if owner in ("yaml", "torch", "np", "numpy") and loads and not safe:
                return set() if _is_plain_numpy(owner, given) else {f"{owner}.{name}"}
            return {"allow_pickle"} if given.get("allow_pickle") == "True" else set()
        case _:
            return set()


def _is_plain_numpy(owner: str, given: dict[str | None, str]) -> bool:
    # NumPy itself unpickles nothing unless it is told to.
    return owner in ("np", "numpy") and given.get("allow_pickle", "False") == "False"


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "np.lib.format.read_array(file, allow_pickle=True)",
        "yaml.load(text, Loader=yaml.Loader)",
        "yaml.unsafe_load(text)",
        "eval(text)",
        "exec(text)",
    ],
)
def test_the_check_sees_what_it_is_to_see(source: str) -> None:
    assert any(dangers(node) for node in ast.walk(ast.parse(source)))
