"""TensorBoard on a run, on a free port of this machine."""

import socket
import subprocess
import sys
from pathlib import Path

from nas.errors import ConfigError, printable
from nas.run import Run
from nas.search.retrain_files import retrain_path


def serve(path: Path, port: int) -> None:
    """Print the address and serve a run's trials, and retrainings, until Ctrl-C.

    Raises:
        ConfigError: when the port is taken.
    """
    run = Run(path)
    port = _free(port)
    shown = printable(str(path))
    print(f"TensorBoard shows {shown} at http://localhost:{port}/ (Ctrl-C ends it)")
    sys.stdout.flush()
    command = [sys.executable, "-m", "tensorboard.main"]
    options = {
        "--logdir": str(_folder(run)),
        "--port": str(port),
        "--verbosity": "2",
    }
    for name, value in options.items():
        command += [name, value]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        code = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if code:
        raise ConfigError(f"TensorBoard ended with exit code {code}")


def _folder(run: Run) -> Path:
    """Return the folder of the trials, or of all if some were retrained."""
    folder = run.folder
    return folder.path if retrain_path(folder).is_dir() else folder.trials_path


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
