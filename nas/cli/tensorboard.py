"""TensorBoard on a run, on a free port of this machine."""

import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from nas.errors import ConfigError, printable
from nas.search import RunFolder

_SEARCH: Final = "#custom_scalars&regexInput=%5Esearch&_smoothingWeight=0"
"""TensorBoard selects no run at all where there are more than 40."""


def serve(path: Path, port: int, graphs: Sequence[int] = ()) -> None:
    """Print the address and serve a run, all that is trained in it, until Ctrl-C.

    Args:
        path: of the run.
        port: 0 for a free one.
        graphs: trials whose graphs are added first.

    Raises:
        ConfigError: when the port is taken.
        RunError: when there is no run, or no such trial.
    """
    RunFolder.open(path)
    port = _free(port)
    if graphs:
        _add_graphs(path, graphs)
    shown = printable(str(path))
    print(f"TensorBoard shows {shown} at http://localhost:{port}/ (Ctrl-C ends it)")
    if (path / "search").is_dir():
        print(f"the search alone: http://localhost:{port}/{_SEARCH}")
    else:
        print(f"the search itself is not there yet; 'nas report {shown}' adds it")
    for trial in dict.fromkeys(graphs):
        print(f"the graph of trial {trial}: page Graphs, run trials/{trial:05d}")
    sys.stdout.flush()
    process = subprocess.Popen(
        command(path, port, f"nas: {path.resolve().name}"), stderr=subprocess.DEVNULL
    )
    try:
        code = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if code:
        raise ConfigError(f"TensorBoard ended with exit code {code}")


def command(folder: Path, port: int, title: str) -> list[str]:
    """Return the command line that serves a run's folder.

    Runs are called as their folders in it are, ``trials/00042`` and ``search``.
    """
    options = {
        "--logdir": str(folder),
        "--port": str(port),
        "--window_title": title,
        "--verbosity": "2",
    }
    words = [f"{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "tensorboard.main", *words]


def _add_graphs(path: Path, trials: Sequence[int]) -> None:
    from nas.cli.graph import write_graph  # with torch, and all that knows of trials
    from nas.run import Run

    run = Run(path)
    for trial in dict.fromkeys(trials):
        write_graph(run, trial)


def _free(port: int) -> int:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ConfigError(
                f"port {port} cannot be used: {error.strerror}; use --port 0"
            ) from None
        number: int = probe.getsockname()[1]
        return number
