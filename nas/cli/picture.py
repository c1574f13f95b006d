"""What `nas show --picture` does: an architecture as a file to look at."""

from pathlib import Path

from nas.arch import Architecture
from nas.drawing import picture, png, svg
from nas.errors import ConfigError
from nas.search.files import write_atomic


def check_picture(path: Path) -> None:
    """Refuse a path that no picture can be written to, before anything is read."""
    if path.suffix.lower() not in (".svg", ".png"):
        raise ConfigError(
            f"--picture must be a .svg or .png file; got {str(path)!r}; "
            "use for example net.svg"
        )
    if not path.parent.is_dir():
        raise ConfigError(f"--picture: there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise ConfigError(f"--picture: {path} is a folder; name a file in it")


def write_picture(architecture: Architecture, title: str, path: Path) -> None:
    """Write an architecture's picture, in place of what the file has held."""
    drawn = picture(architecture, title)
    is_svg = path.suffix.lower() == ".svg"
    data = svg(drawn).encode() if is_svg else png(drawn)
    try:
        write_atomic(path, data)
    except OSError as error:
        why = error.strerror or error
        raise ConfigError(f"--picture: {path} cannot be written: {why}") from None
