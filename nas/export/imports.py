"""Import statements: one bound name each, and how they are written together."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from nas.export.formatting import INDENT, LINE


@dataclass(frozen=True, slots=True)
class Import:
    """``from module import name as alias``; without a name, ``import module``."""

    module: str
    name: str | None = None
    alias: str | None = None

    @property
    def root(self) -> str:
        """The top-level package."""
        return self.module.partition(".")[0]

    @property
    def binds(self) -> str:
        """The name that the statement binds."""
        return self.alias or self.name or self.root

    @property
    def origin(self) -> str:
        """Where that name comes from: the same for the same object."""
        if self.name:
            return f"{self.module}.{self.name}"
        return self.module if self.alias else self.root


def import_block(imports: Iterable[Import]) -> str:
    """Return the statements in isort's order: future, standard library, others."""
    sections = groupby(sorted(set(imports), key=_key), key=_section)
    return "\n\n".join("\n".join(_statements(items)) for _, items in sections)


def model_imports(names: Iterable[str]) -> str:
    """Return the import of what another file of an export takes from ``model.py``.

    Where such a line is sorted to depends on the folder in which somebody calls ruff:
    the comment keeps it where it is.
    """
    line, *rows = import_block(Import("model", name) for name in names).split("\n")
    return "\n".join([f"{line}  # isort: skip", *rows])


def _statements(imports: Iterable[Import]) -> Iterator[str]:
    for (module, plain, alias), group in groupby(imports, key=_statement):
        if plain:
            yield f"import {module}" + (f" as {alias}" if alias else "")
            continue
        names = [f"{item.name} as {alias}" if alias else item.name for item in group]
        line = f"from {module} import {', '.join(map(str, names))}"
        if len(line) > LINE:
            rows = "".join(f"{' ' * INDENT}{name},\n" for name in names)
            line = f"from {module} import (\n{rows})"
        yield line


def _statement(item: Import) -> tuple[str, bool, str | None]:
    return item.module, item.name is None, item.alias


def _section(item: Import) -> int:
    if item.root == "__future__":
        return 0
    return 1 if item.root in sys.stdlib_module_names else 2


def _key(item: Import) -> tuple[object, ...]:
    name = item.name or ""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return (
        _section(item),
        item.name is not None,
        item.module.lower(),
        item.alias is not None,
        kind,
        name,
        item.alias or "",
    )
