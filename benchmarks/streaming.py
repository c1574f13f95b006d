"""How much memory a search takes whose images are held, and whose are streamed.

Writes IMAGES made-up images of 3x64x64 to a file and searches them twice with one
worker: as they are, and with ``--data-memory LIMIT``. Prints the peaks of memory that
no file stands behind, in MiB, of the process that coordinates and of the worker. Linux.

    python benchmarks/streaming.py [--images 30000] [--limit 32M]
"""

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

CLASSES = 4


def write(path: Path, num_images: int) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (num_images, 64, 64, 3), dtype=np.uint8)
    labels = rng.integers(0, CLASSES, num_images)
    images[..., 0] //= (labels + 1).astype(np.uint8)[:, None, None]
    np.savez(path, x=images, y=labels)


def family(process: int) -> list[int]:
    """Return a process and all that descend from it."""
    try:
        text = Path(f"/proc/{process}/task/{process}/children").read_text()
    except OSError:
        return []
    return [process, *(each for child in text.split() for each in family(int(child)))]


def own_mib(process: int) -> int:
    """Return the memory of a process that no file stands behind."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"RssAnon:\s+(\d+)", status)
    return int(found[1]) // 1024 if found else 0


def peaks(source: Path, run: Path, options: list[str]) -> tuple[int, int]:
    """Return the peaks of the coordinator and of the largest other process."""
    command = [sys.executable, "-m", "nas", "search", "--data", str(source)]
    command += ["--space", "minimal", "--max-params", "8k", "--trials", "1"]
    command += ["--epochs", "1", "--workers", "1", "--run", str(run), *options]
    found: dict[int, int] = {}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            for each in family(process.pid):
                found[each] = max(found.get(each, 0), own_mib(each))
            time.sleep(0.1)
    assert process.returncode == 0, process.returncode
    coordinator = found.pop(process.pid)
    return coordinator, max(found.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=30_000)
    parser.add_argument("--limit", default="32M")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        source = Path(folder) / "images.npz"
        write(source, options.images)
        print(f"{source.stat().st_size // 2**20} MiB of images; peaks in MiB")
        for name, chosen in (
            ("held", []),
            (f"--data-memory {options.limit}", ["--data-memory", options.limit]),
        ):
            coordinator, worker = peaks(source, Path(folder) / name, chosen)
            print(f"{name:20} coordinator {coordinator:5}  worker {worker:5}")


if __name__ == "__main__":
    main()
