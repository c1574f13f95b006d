"""The wheel holds what an installed package needs, and finds it there."""

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from nas import __version__

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(
    not (ROOT / "pyproject.toml").is_file(), reason="needs the checkout"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--wheel", "--no-isolation", "--skip-dependency-check"]
    done = subprocess.run(
        [sys.executable, "-m", "build", *options, "--outdir", folder, ROOT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's files, as pip would lay them out."""
    folder = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_it_holds_all_sources_and_spaces_and_nothing_else(installed: Path):
    for source in ROOT.glob("nas/**/*.py"):
        assert (installed / source.relative_to(ROOT)).is_file()
    for name in ("page.html", "page.css", "page.js"):
        part = Path("nas", "report", "page", name)
        assert (installed / part).read_bytes() == (ROOT / part).read_bytes()
    for space in ROOT.glob("search_spaces/*.yaml"):
        copy = installed / "nas" / "search_spaces" / space.name
        assert copy.read_bytes() == space.read_bytes()
    assert (installed / "nas" / "py.typed").is_file()
    assert sorted(path.name for path in installed.iterdir()) == [
        "nas",
        f"nas-{__version__}.dist-info",
    ]


def test_its_metadata(installed: Path):
    folder = installed / f"nas-{__version__}.dist-info"
    entry_points = (folder / "entry_points.txt").read_text()
    assert "nas = nas.__main__:main" in entry_points
    metadata = (folder / "METADATA").read_text()
    assert "Requires-Python: >=3.11" in metadata
    for extra in ("dev", "onnx", "ray", "hf", "dashboard"):
        assert f"Provides-Extra: {extra}" in metadata
    assert (folder / "licenses" / "LICENSE").is_file()


def run(code: str, installed: Path, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_installed_package_finds_its_spaces(installed: Path, tmp_path: Path):
    out = run(
        "import nas.space; print(*nas.space.shipped().values(), sep='\\n')",
        installed,
        tmp_path,
    )
    paths = [Path(line) for line in out.splitlines()]
    assert {path.parent for path in paths} == {installed / "nas" / "search_spaces"}
    assert {path.name for path in paths} == {
        path.name for path in ROOT.glob("search_spaces/*.yaml")
    }


def test_the_installed_command_shows_a_space(installed: Path, tmp_path: Path):
    # Told apart from the checkout's by a word that only the installed one has.
    path = installed / "nas" / "search_spaces" / "minimal.yaml"
    original = path.read_text()
    try:
        path.write_text(original.replace("description: ", "description: Installed. "))
        out = run(
            "import sys; from nas.__main__ import main; "
            "sys.exit(main(['show', 'minimal']))",
            installed,
            tmp_path,
        )
    finally:
        path.write_text(original)
    assert out.startswith("minimal: Installed. ")
    assert list(tmp_path.iterdir()) == []


def test_every_import_is_a_declared_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    optional = [*extras["hf"], *extras["onnx"]]
    declared = {
        re.split(r"[^\w.-]", line)[0].lower()
        for line in [*project["dependencies"], *optional]
    }
    modules = {
        "huggingface-hub": "huggingface_hub",
        "nvidia-ml-py": "pynvml",
        "pillow": "PIL",
        "pyyaml": "yaml",
        "scikit-learn": "sklearn",
    }
    known = {modules.get(name, name) for name in declared}
    imported = set()
    for source in ROOT.glob("nas/**/*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
    assert imported - set(sys.stdlib_module_names) - known == {"nas"}
