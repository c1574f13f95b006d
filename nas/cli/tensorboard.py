"""TensorBoard on a run, on a free port of this machine."""

import socket
import subprocess
import sys
from pathlib import Path

from nas.errors import ConfigError, printable
from nas.run import Run


def serve(path: Path, port: int) -> None:
    """Print the address and serve a run, all that is trained in it, until Ctrl-C.

    Raises:
        ConfigError: when the port is taken.
    """
    run = Run(path)
    port = _free(port)
    shown = printable(str(path))
    print(f"TensorBoard shows {shown} at http://localhost:{port}/ (Ctrl-C ends it)")
    sys.stdout.flush()
    process = subprocess.Popen(
        command(run.path, port, f"nas: {path.name}"), stderr=subprocess.DEVNULL
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
