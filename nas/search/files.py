"""Files that are either there and whole, or not there."""

import json
import os
from pathlib import Path
from typing import Any


def write_atomic(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file under a temporary name, make it durable, then give it its name.

    Args:
        path: of the file.
        data: that it will hold.
        durable: whether it must outlast a power failure; without it the file may then
            be gone or empty, which saves a wait for the disk.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, data: Any, *, durable: bool = True) -> None:
    """Write JSON that people can read, atomically."""
    text = json.dumps(data, indent=2) + "\n"
    write_atomic(path, text.encode(), durable=durable)
