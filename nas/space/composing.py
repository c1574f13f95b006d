"""YAML composed into nodes, with a limit on their number and depth.

PyYAML itself composes whatever there is: megabytes of brackets take it minutes, and a
few lines of aliases stand for more values than there is memory for.
"""

from typing import Any, Final

import yaml

from nas.errors import shown

MOST_LEVELS: Final = 40


class Excess(Exception):
    """More than a file may hold; ``mark`` is the place, the message says what."""

    def __init__(self, rule: str, mark: yaml.Mark) -> None:
        super().__init__(rule)
        self.mark = mark


def compose(text: str, most_values: int) -> yaml.Node | None:
    """Return the root of a YAML text, None when there is nothing in it.

    Args:
        text: in YAML.
        most_values: keys and values, each counted wherever an alias repeats it.

    Raises:
        Excess: when there are more, or they are nested too deeply.
        yaml.YAMLError: when it is not YAML.
    """
    loader = _Composer(text, most_values)
    try:
        root: yaml.Node | None = loader.get_single_node()
    finally:
        loader.dispose()
    return root


class _Composer(yaml.SafeLoader):
    """A composer that knows how many values a node stands for, aliases resolved."""

    def __init__(self, text: str, most_values: int) -> None:
        super().__init__(text)
        self._most = most_values
        self._levels = 0
        self._read = 0
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Return the next node, once it is known not to be too large."""
        is_alias = self.check_event(yaml.AliasEvent)
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        mark = event.start_mark
        self._read += 1
        self._check(self._read, mark)
        if self._levels == MOST_LEVELS:
            raise Excess(f"must be nested at most {MOST_LEVELS} levels deep", mark)
        self._levels += 1
        node = super().compose_node(parent, index)
        self._levels -= 1
        if node is None:
            return None
        if is_alias and id(node) not in self._sizes:
            name = shown(event.anchor)
            raise Excess(f"must not hold itself; got the alias {name}", mark)
        if not is_alias:
            size = 1 + sum(self._sizes[id(child)] for child in _children(node))
            self._check(size, mark)
            self._sizes[id(node)] = size
        return node

    def _check(self, number: int, mark: yaml.Mark) -> None:
        if number > self._most:
            raise Excess(
                f"must hold at most {self._most:,} values, aliases resolved; got more; "
                "write ranges such as {int: [1, 64]} in place of long lists",
                mark,
            )


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []
