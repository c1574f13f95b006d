"""GPUs that are not there, are hidden, or that nothing here can use."""

from pathlib import Path

import pytest
from commands import TINY, broken_package, nas

pytestmark = pytest.mark.faults

DRIVER = """
class NVMLError(Exception): pass
def nvmlInit(): pass
def nvmlShutdown(): pass
def nvmlDeviceGetCount(): return 2
def nvmlDeviceGetHandleByIndex(number): return number
def nvmlDeviceGetUUID(number): return f"GPU-{number}abc-def"
"""
"""A driver that tells of two GPUs; PyTorch, which is the real one, cannot use them."""

BROKEN = "class NVMLError(Exception): pass\ndef nvmlInit(): raise NVMLError('no match')"
MISSING = "raise ModuleNotFoundError('No module named pynvml', name='pynvml')"

cpu_torch = pytest.mark.skipif(
    not __import__("importlib.metadata").metadata.version("torch").endswith("+cpu"),
    reason="needs a PyTorch that was built for CPUs",
)


@pytest.fixture
def driver(tmp_path: Path) -> Path:
    return broken_package(tmp_path / "packages", "pynvml", DRIVER)


@pytest.mark.parametrize(
    ("options", "visible", "says"),
    [
        (["--device", "cuda"], "", "'' hides the machine's 2 GPUs; use cpu"),
        (["--device", "cuda"], "-1", "'-1' hides the machine's 2 GPUs; use cpu"),
        (["--device", "cuda"], "GPU-7", "'GPU-7' hides the machine's 2 GPUs"),
        (["--devices", "0,2"], "0,1", "there are 0 to 1; got 2; use 0,1"),
        (["--devices", "1"], "GPU-1a", "there are 0 to 0; got 1; use 0"),
        (["--devices", "0,1"], "", "there are none (CUDA_VISIBLE_DEVICES='' hides"),
        pytest.param(
            *(["--device", "cuda"], "0", "is built for CPUs; use cpu"), marks=cpu_torch
        ),
        pytest.param(
            *(["--devices", "0,1"], "0,1", "is built for CPUs; use"), marks=cpu_torch
        ),
    ],
)
def test_a_gpu_asked_for_and_not_had_is_an_error(
    tmp_path: Path, driver: Path, options: list[str], visible: str, says: str
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    ended = nas(
        ["search", *options], here, packages=driver, CUDA_VISIBLE_DEVICES=visible
    )
    assert ended.code == 2, ended
    assert says in ended.line
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("module", "visible", "says"),
    [
        (
            DRIVER,
            "",
            "on the CPU: CUDA_VISIBLE_DEVICES='' hides the machine's 2",
        ),
        (
            BROKEN,
            "0",
            "on the CPU: GPUs cannot be counted (NVMLError: no match)",
        ),
        (
            MISSING,
            "0",
            "on the CPU: GPUs cannot be counted (ModuleNotFoundError",
        ),
        pytest.param(*(DRIVER, "0", "trains on the CPU: PyTorch "), marks=cpu_torch),
    ],
)
def test_a_search_says_why_it_does_without(
    tmp_path: Path, module: str, visible: str, says: str
) -> None:
    packages = broken_package(tmp_path / "packages", "pynvml", module)
    options = ["--trials", "1", "--workers", "0", "--run", "run"]
    ended = nas(
        ["search", *TINY, *options],
        tmp_path,
        packages=packages,
        CUDA_VISIBLE_DEVICES=visible,
    )
    assert ended.code == 0, ended
    assert [line for line in ended.out.splitlines() if says in line] == [
        line for line in ended.out.splitlines() if line.startswith("warning:")
    ]
    assert ended.out.count("warning:") == 1
    errors = nas(
        ["search", "--device", "cuda"],
        tmp_path,
        packages=packages,
        CUDA_VISIBLE_DEVICES=visible,
    )
    assert errors.code == 2, errors
    assert errors.line.endswith("use cpu")


def test_without_a_gpu_nothing_is_said(tmp_path: Path) -> None:
    options = ["--trials", "1", "--workers", "0", "--run", "run"]
    module = (
        "class NVMLError(Exception): pass\n"
        "class NVMLError_LibraryNotFound(NVMLError): pass\n"
        "def nvmlInit(): raise NVMLError_LibraryNotFound()\n"
    )
    packages = broken_package(tmp_path / "packages", "pynvml", module)
    ended = nas(["search", *TINY, *options], tmp_path, packages=packages)
    assert ended.code == 0, ended
    assert "warning" not in ended.out


def test_a_run_whose_gpus_are_gone_names_the_way_on(tmp_path: Path) -> None:
    options = ["--trials", "1", "--workers", "1", "--run", "run"]
    assert nas(["search", *TINY, *options], tmp_path).code == 0
    config = tmp_path / "run" / "config.yaml"
    text = config.read_text()
    for old, new, says in (
        ("  device: auto", "  device: cuda", "device 'cuda' needs an NVIDIA GPU; "),
        ("  devices: null", "  devices: [0, 1]", "must be numbers of GPUs; there are "),
    ):
        assert text.count(old) == 1
        config.write_text(text.replace(old, new))
        ended = nas(["resume", "run"], tmp_path, CUDA_VISIBLE_DEVICES="")
        assert ended.code == 2, ended
        assert says in ended.line
        assert "continue with 'nas resume run --device cpu'" in ended.line
