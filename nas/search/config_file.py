"""``config.yaml``: read with care, because people edit it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import yaml

from nas.errors import ConfigError, RunError, SpaceError
from nas.records import Recipe
from nas.search.config import ADDED, ADDED_TO_RECIPE, SearchConfig
from nas.space.nodes import Node, read_yaml

BEGAN: Final = "began.json"
"""The file beside it that keeps what it said in the beginning."""

# Names and counts of 20,000 classes take one of these MiB.
_MOST_BYTES: Final = 4 << 20
_MOST_VALUES: Final = 200_000
_TEXTS: Final = ("data", "space", "sampler", "device")
_TEXT_TAG: Final = "tag:yaml.org,2002:str"
_SECTIONS: Final = ("config", "data", "environment")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """What the file says: the search's options, its data's facts, who made it."""

    config: SearchConfig
    data: Mapping[str, Any]
    environment: Mapping[str, Any]

    def text(self) -> str:
        """Return the file's text."""
        written = {
            "config": self.config.to_json(),
            "data": dict(self.data),
            "environment": dict(self.environment),
        }
        return yaml.safe_dump(written, sort_keys=False, allow_unicode=True)


def read_config_file(path: Path) -> ConfigFile:
    """Return what a run's configuration says.

    Raises:
        RunError: 'file:line:column: what rule got' for the first mistake, with the
            remedy.
    """
    remedy = "mend it by hand"
    if (path.parent / BEGAN).is_file():  # which runs of old do not have
        remedy += f", or have 'nas repair {path.parent}' write what the run began with"
    try:
        root, _ = read_yaml(
            path, most_bytes=_MOST_BYTES, most_values=_MOST_VALUES, remedy=remedy
        )
        sections = root.mapping(known=_SECTIONS, required=("config", "data"))
        return ConfigFile(
            config=_config(sections["config"]),
            data=_section(sections["data"]),
            environment=(
                _section(sections["environment"]) if "environment" in sections else {}
            ),
        )
    except SpaceError as error:
        message = str(error)
        ending = "" if message.endswith(remedy) else f"; {remedy}"
        raise RunError(message + ending) from None


def _config(node: Node) -> SearchConfig:
    """Return the options of a search."""
    entries = _entries(node, SearchConfig, ADDED)
    recipe = _entries(entries["recipe"], Recipe, ADDED_TO_RECIPE)
    values = {name: _plain(entry) for name, entry in entries.items()}
    for name in _TEXTS:
        values[name] = entries[name].string()
    if "devices" in values and not isinstance(values["devices"], list | None):
        raise entries["devices"].error(
            f"must be a list of numbers of GPUs; got {values['devices']!r}"
        )
    try:
        return SearchConfig.from_json(values)
    except ConfigError as error:
        place = _named_by(str(error), recipe, entries) or node
        mark = place.raw.start_mark
        where = f"{place.source}:{mark.line + 1}:{mark.column + 1}"
        raise SpaceError(f"{where}: {error}") from None


def _section(node: Node) -> dict[str, Any]:
    """Return a section that we wrote, whose keys may be any."""
    return {name: _plain(entry, written=True) for name, entry in node.mapping().items()}


def _plain(node: Node, *, written: bool = False) -> Any:
    """Return what a node stands for; 1e3 is text where PyYAML has ``written`` it.

    A class may be called so.
    """
    if node.is_mapping:
        return {
            name: _plain(entry, written=written)
            for name, entry in node.mapping().items()
        }
    if node.is_sequence:
        return [_plain(item, written=written) for item in node.sequence()]
    if written and node.raw.tag == _TEXT_TAG:
        return node.raw.value
    return node.scalar()


def _entries(
    node: Node, cls: type[Any], added: Mapping[str, object]
) -> dict[str, Node]:
    names = [field.name for field in fields(cls)]
    return node.mapping(
        known=names, required=[name for name in names if name not in added]
    )


def _named_by(message: str, *sections: Mapping[str, Node]) -> Node | None:
    """Return the place of the option that a complaint is about, if it names one."""
    for word in message.split()[:2]:
        for entries in sections:
            if word in entries:
                return entries[word]
    return None
