"""What has changed since a run began, of what its trials depend on."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff
from itertools import islice
from pathlib import Path
from typing import Any, Final

from nas.data import Dataset
from nas.errors import RunError, shown
from nas.search.began import Began, read_text
from nas.search.config_file import ConfigFile
from nas.search.run import RunFolder

FREE: Final = (
    "data",
    "trials",
    "repeats",
    "workers",
    "device",
    "devices",
    "data_memory",
    "retries",
    "timeout",
    "max_failures",
)
"""Options that may change. Data may move: what they hold is compared instead."""

_LINES: Final = 24
_NAMES: Final = 5


def check_options(run: RunFolder) -> None:
    """Refuse a run whose options, search space or plugins are not those it began with.

    A run of old has not kept them and may be any.

    Raises:
        RunError: with a line for each difference.
    """
    began = run.began()
    if began is None:
        return
    file = run.file()
    spoilt = changed_facts(began, file)
    if spoilt:
        raise RunError(
            f"{run.config_path}: what it says of the data is not what the run began "
            f"with, as shown below; 'nas repair {run.path}' writes it anew",
            spoilt,
        )
    then, now = began.file.config.to_json(), file.config.to_json()
    for name in FREE:
        del then[name], now[name]
    _refuse(run, [*_options("", then, now), *_texts(run, began)])


def changed_facts(began: Began, file: ConfigFile) -> list[str]:
    """Return a line for each fact about the data that a file tells otherwise."""
    return list(_options("data.", began.file.data, file.data))


def check_data(run: RunFolder, dataset: Dataset) -> None:
    """Refuse data that are not those that the run began with, wherever they are now.

    Raises:
        RunError: with a line for each difference.
    """
    began = run.began()
    if began is not None:
        found = data_changes(began.file.data, began.fingerprint, dataset)
        _refuse(run, found)


def data_changes(
    facts: Mapping[str, Any], fingerprint: Mapping[str, str], dataset: Dataset
) -> list[str]:
    """Return a line for each way in which data are not those that a run knew.

    Args:
        facts: that it kept.
        fingerprint: that it kept, empty in a run of old.
        dataset: what there is now.
    """
    shape = dataset.for_search().input_shape
    found = list(_class_changes(facts["classes"], dataset.classes))
    for name, then, now in (
        ("image shape", "x".join(map(str, facts["shape"])), "x".join(map(str, shape))),
        ("training images", facts["fitted"], len(dataset.train)),
        ("validation images", facts["validation"], len(dataset.validation)),
    ):
        if then != now:
            found.append(_change(name, then, now))
    if found:
        return found
    for name, digest in fingerprint.items():
        if digest != dataset.fingerprint.get(name, digest):
            split, what = name.split()
            shown_split = "training" if split == "train" else split
            found.append(f"the {shown_split} {what} are others")
    if not fingerprint and list(facts["mean"]) != list(dataset.mean):
        found.append("the training images are others")
    return found


def _refuse(run: RunFolder, found: Sequence[str]) -> None:
    if found:
        raise RunError(
            f"{run.path}: what its trials depend on has changed since the run began, "
            "as shown below; put it back, or start a run that takes over the trials "
            f"that still fit: nas search --from-run {run.path}",
            found,
        )


def _options(
    place: str, then: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[str]:
    for name in dict.fromkeys([*then, *now]):
        before, after = then.get(name), now.get(name)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _options(f"{place}{name}.", before, after)
        elif before != after:
            yield _change(f"{place}{name}", before, after)


def _change(name: str, then: object, now: object) -> str:
    return f"{name}: {_value(then)} when the run began, {_value(now)} now"


def _value(value: object) -> str:
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, str) and value.isprintable() and len(value) < 60:
        return value
    return shown(value)


def _class_changes(then: Sequence[str], now: Sequence[str]) -> Iterator[str]:
    for what, some, others in (("gone", then, now), ("new", now, then)):
        names = [shown(name) for name in some if name not in others]
        if names:
            more = len(names) - _NAMES
            listed = ", ".join(names[:_NAMES]) + (f" and {more} more" * (more > 0))
            which = "a class is" if len(names) == 1 else f"{len(names):,} classes are"
            yield f"{which} {what}: {listed}"
    if sorted(then) == sorted(now) and list(then) != list(now):
        yield "the classes have another order"


def _texts(run: RunFolder, began: Began) -> Iterator[str]:
    yield from _diff(run.space_path, "space.yaml", began.space)
    for name, text in began.plugins.items():
        yield from _diff(run.plugins_path / name, f"plugins/{name}", text)


def _diff(path: Path, name: str, then: str) -> Iterator[str]:
    try:
        now = read_text(path)
    except OSError as error:
        yield f"{name}: {error.strerror}"
        return
    lines = unified_diff(
        then.splitlines(),
        now.splitlines(),
        f"{name} when the run began",
        f"{name} now",
        n=1,
        lineterm="",
    )
    if then != now:
        some = list(islice(lines, _LINES + 1))
        yield from map(_printable, some[:_LINES])
        if not some:
            yield f"{name}: its ends of lines are others"
        if len(some) > _LINES:
            yield "... and so on"


def _printable(line: str) -> str:
    """Return a line without what would steer a terminal."""
    return "".join(c if c.isprintable() else " " if c == "\t" else "?" for c in line)
