"""Domains read from YAML, and the fields of specs judged by the specs themselves."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from itertools import islice
from typing import Any, Final

from nas.arch import Gene
from nas.errors import ConfigError, SpecError, shown
from nas.space.domains import Choice, Domain, FloatRange, IntRange
from nas.space.nodes import Node

_RANGE_KEYS: Final = ("int", "float", "step", "log")
_ONE: Final = Choice((1,))
_JUDGED: Final = 64  # of a range's values, besides its ends
_MOST_RELATIVE: Final = 1000
_MOST_OPTIONS: Final = 1000


def spec_options(
    node: Node | None,
    place: Node,
    cls: type[Any],
    *,
    relative: tuple[str, ...] = (),
    other: tuple[str, ...] = (),
    given: Mapping[str, Domain] | None = None,
) -> tuple[dict[str, Domain], dict[str, Node]]:
    """Read the domains of a spec's fields, whose values the spec itself judges.

    Args:
        node: the mapping of options, None or empty for none.
        place: what to complain about where there is no mapping.
        cls: the spec's class.
        relative: fields that are relative to a width here.
        other: further keys, which are returned as they are.
        given: domains of fields that need not be there; one that is not relative has
            been read already.

    Raises:
        SpaceError: for an unknown or missing field, or a value that the spec refuses.
    """
    names = tuple(field.name for field in fields(cls))
    entries: dict[str, Node] = {}
    if node is not None and (node.is_mapping or node.scalar() is not None):
        entries = node.mapping(known=(*names, *other))
    needed = [f.name for f in fields(cls) if f.default is MISSING]
    given = given or {}
    for name in needed:
        if name not in entries and name not in given:
            kind = getattr(cls, "kind", cls.__name__.lower())
            raise place.error(f"must say the {name!r} of {kind!r}; add {name}: ...")
    options: dict[str, Domain] = dict(given)
    judged: dict[str, _Values] = {}
    for name in names:
        if name not in entries or (name in given and name not in relative):
            continue
        if name in relative:
            options[name] = read_relative(entries[name], name)
        else:
            options[name], judged[name] = _values(entries[name])
    _judge(cls, dict.fromkeys(needed, 1), judged)
    return options, {name: entries[name] for name in other if name in entries}


_Values = list[tuple[Node, Gene]]


def _values(node: Node) -> tuple[Domain, _Values]:
    """Return a domain and its values to be judged, each with its place."""
    domain, values = read_domain(node)
    if isinstance(domain, IntRange):
        steps = range(domain.low, domain.high, domain.step)
        values += [(node, value) for value in islice(steps, _JUDGED)]
    return domain, values


def _judge(
    cls: type[Any], needed: Mapping[str, Any], judged: Mapping[str, _Values]
) -> None:
    """Build the spec with every value, the other fields at their first one.

    Raises:
        SpaceError: with what the spec said, at the value that it spoke of.
    """
    first = {**needed, **{name: values[0][1] for name, values in judged.items()}}
    for name, values in judged.items():
        for place, value in values:
            try:
                cls(**{**first, name: value})
            except SpecError as error:
                field = str(error).split()[0].rstrip(":")
                blamed = judged[field][0][0] if field in judged else place
                at = place if field == name else blamed
                raise at.error(str(error).removeprefix(field).lstrip(": ")) from None


def read_judged(
    node: Node, name: str, judge: Callable[[Gene], object], remedy: str = ""
) -> Domain:
    """Read a domain; ``judge`` raises Spec- or ConfigError for a value that is none.

    What it says is followed by ``remedy``, unless it names the values that there are.

    Raises:
        SpaceError: with what the judge said, at the value's place.
    """
    domain, values = _values(node)
    for place, value in values:
        try:
            judge(value)
        except (SpecError, ConfigError) as error:
            rule = str(error).removeprefix(f"{name}: ").removeprefix(f"{name} ")
            if rule.startswith("unknown"):
                raise place.error(f"is an {rule}") from None
            raise place.error(rule + remedy) from None
    return domain


def read_positive(node: Node | None, at_most: int) -> Domain:
    """Read a domain of positive integers; nothing means 1."""
    if node is None:
        return _ONE
    domain, values = read_domain(node)
    for place, value in values:
        if (
            isinstance(value, bool)
            or not isinstance(value, int)
            or not 1 <= value <= at_most
        ):
            raise place.error(
                f"must be an integer from 1 to {at_most:,}; got {shown(value)}; use one"
            )
    return domain


def read_relative(node: Node, what: str) -> Domain:
    """Read a domain of a few positive numbers."""
    domain, values = read_domain(node)
    if not isinstance(domain, Choice):
        raise node.error(
            f"must be a number or a list of numbers, because a relative {what} is "
            "solved for; write for example [0.75, 1, 1.5]"
        )
    for place, value in values:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise place.error(f"must be a number; got {shown(value)}")
        if not 0 < value <= _MOST_RELATIVE:
            raise place.error(
                f"must be above 0 and at most {_MOST_RELATIVE}; got {shown(value)}"
            )
    return domain


def read_domain(node: Node) -> tuple[Domain, list[tuple[Node, Gene]]]:
    """Read a value, a list of values or a range, and the values that need a check."""
    if node.is_mapping:
        return _range(node)
    members = node.sequence() if node.is_sequence else [node]
    if len(members) > _MOST_OPTIONS:
        raise node.error(
            f"must have at most {_MOST_OPTIONS:,} options; got {len(members):,}; write "
            "a range such as {int: [1, 64]}"
        )
    values: list[tuple[Node, Gene]] = []
    known: set[tuple[bool, Gene]] = set()
    for member in members:
        value = member.scalar()
        if value is None:
            raise member.error("must have a value; it is empty")
        if (isinstance(value, bool), value) in known:
            raise member.error(f"stands in the list twice: {shown(value)}; keep one")
        known.add((isinstance(value, bool), value))
        values.append((member, value))
    if not values:
        raise node.error("must have at least one option; the list is empty")
    return Choice(tuple(value for _, value in values)), values


def _range(node: Node) -> tuple[Domain, list[tuple[Node, Gene]]]:
    entries = node.mapping(known=_RANGE_KEYS)
    kind = [name for name in ("int", "float") if name in entries]
    if len(kind) != 1:
        raise node.error("must be a range {int: [low, high]} or {float: [low, high]}")
    ends = entries[kind[0]].sequence()
    if len(ends) != 2:
        raise entries[kind[0]].error(f"must be [low, high]; got {len(ends)} numbers")
    types: Any = int if kind[0] == "int" else (int, float)
    values: list[Any] = []
    for end in ends:
        value = end.scalar()
        if isinstance(value, bool) or not isinstance(value, types):
            raise end.error(f"must be {kind[0]}; got {shown(value)}")
        values.append(value)
    low, high = values
    if low >= high:
        raise entries[kind[0]].error(
            f"must have its low end first; got [{low}, {high}]; use [{high}, {low}]"
        )
    log = entries["log"].scalar() if "log" in entries else False
    if not isinstance(log, bool):
        raise entries["log"].error(f"must be true or false; got {shown(log)}")
    if log and low <= 0:
        raise ends[0].error(f"must be above 0 in a logarithmic range; got {low}")
    step = entries["step"].integer(at_least=1) if "step" in entries else 1
    if "step" in entries and (kind[0] == "float" or log or (high - low) % step):
        raise entries["step"].error(
            f"must divide {high} - {low} of an integer range without log; got {step}"
        )
    if kind[0] == "float":
        # Their values are never integers, even where the ends are written as such.
        domain = FloatRange(float(low), float(high), log)
        return domain, [(ends[0], domain.low), (ends[1], domain.high)]
    return IntRange(low, high, step, log), list(zip(ends, values, strict=True))
