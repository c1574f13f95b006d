"""``began.json``: what a run's trials depend on, as it was when the run began.

Nobody edits it, so it tells what somebody has edited elsewhere, and what to write where
a file is lost.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas.errors import NasError, RunError
from nas.search.config import SearchConfig
from nas.search.config_file import BEGAN, ConfigFile
from nas.space import SearchSpace


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """A run as it was asked for.

    ``fingerprint`` is that of the data, see `nas.data.Dataset`; ``space`` the text of
    the search space and ``plugins`` those of its plugins, by their files' names.
    """

    file: ConfigFile
    fingerprint: Mapping[str, str]
    space: str
    plugins: Mapping[str, str]

    @classmethod
    def of(
        cls, file: ConfigFile, space: SearchSpace, fingerprint: Mapping[str, str]
    ) -> "Began":
        """Return what a run with a configuration and a search space begins with."""
        return cls(
            file=file,
            fingerprint=dict(fingerprint),
            space=space.text,
            plugins={plugin.file: read_text(plugin.path) for plugin in space.plugins},
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return {
            "config": self.file.config.to_json(),
            "data": dict(self.file.data),
            "environment": dict(self.file.environment),
            "fingerprint": dict(self.fingerprint),
            "space": self.space,
            "plugins": dict(self.plugins),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Began":
        """Return what ``to_json`` wrote."""
        return cls(
            file=ConfigFile(
                config=SearchConfig.from_json(data["config"]),
                data=dict(data["data"]),
                environment=dict(data["environment"]),
            ),
            fingerprint=dict(data["fingerprint"]),
            space=data["space"],
            plugins=dict(data["plugins"]),
        )


def read_began(folder: Path) -> Began | None:
    """Return what the run in a folder began with, None for a run of old.

    Raises:
        RunError: when it cannot be read.
    """
    path = folder / BEGAN
    try:
        return Began.from_json(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        why = str(error) if isinstance(error, NasError | OSError) else "it is torn"
        raise RunError(
            f"{path}: cannot be read: {why}; 'nas repair {folder}' sets it aside"
        ) from None


def read_text(path: Path) -> str:
    """Return a file's text, which `to_bytes` turns back into the same bytes."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


def to_bytes(text: str) -> bytes:
    """Return what a file of some text holds."""
    return text.encode("utf-8", "surrogateescape")
