"""The top-level definitions that some functions and classes need, as source.

A definition is taken verbatim with all that it uses, from module to module. What comes
from torch or the standard library stays an import; nothing else can be imported by a
file that has to run on its own.
"""

import ast
import builtins
import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import groupby
from typing import Final

from nas.errors import SpecError
from nas.export.imports import Import
from nas.export.names import string_annotations, used_names
from nas.export.sources import Definition, Module, read_module

LIBRARIES: Final = frozenset(sys.stdlib_module_names) | {"torch"}
_BUILT_IN: Final = frozenset(dir(builtins)) | {"__file__"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """What a file has to hold: the definitions, helpers first, and their imports.

    ``elsewhere`` are the names of those that another file holds.
    """

    definitions: tuple[Definition, ...]
    imports: frozenset[Import]
    elsewhere: frozenset[str] = frozenset()

    @property
    def texts(self) -> list[str]:
        """The definitions' texts, constants that follow each other as one."""
        found = []
        for constant, group in groupby(self.definitions, lambda d: d.is_assignment):
            some = [item.text for item in group]
            found += ["\n".join(some)] if constant else some
        return found


def needed(
    roots: Iterable[tuple[str, str]],
    libraries: frozenset[str] = LIBRARIES,
    elsewhere: Collection[str] = (),
) -> Needed:
    """Return what the (module, name) pairs need, themselves included.

    Args:
        roots: the pairs.
        libraries: what can be imported by the file.
        elsewhere: names that the file can import from another one of ours.

    Raises:
        SpecError: when one of them cannot stand on its own.
    """
    walk = _Walk(libraries, elsewhere)
    for module, name in roots:
        walk.visit(module, name)
    return Needed(
        definitions=walk.in_order(),
        imports=frozenset(walk.imports),
        elsewhere=frozenset(walk.met_elsewhere),
    )


class _Walk:
    """A walk over definitions; each is visited once."""

    def __init__(self, libraries: frozenset[str], elsewhere: Collection[str]) -> None:
        self.libraries = libraries
        self.elsewhere = elsewhere
        self.met_elsewhere: set[str] = set()
        self.imports: set[Import] = set()
        self._modules: dict[str, Module] = {}
        self._found: dict[str, Definition] = {}
        self._uses: dict[str, set[str]] = {}

    def visit(self, module_name: str, name: str) -> None:
        """Take a definition of a module, and all that it uses."""
        module = self._module(module_name)
        if name in module.imports:
            self._follow(module, name)
        elif name in module.definitions:
            self._take(module, name)
        else:
            raise _no_export(
                f"{module_name}.{name}",
                "it is not a function, class or constant at the top of its module",
            )

    def in_order(self) -> tuple[Definition, ...]:
        """Return the definitions, modules before those that use them."""
        try:
            order = list(TopologicalSorter(self._uses).static_order())
        except CycleError as error:
            cycle = " -> ".join(error.args[1])
            raise _no_export(cycle, "these modules use each other") from None
        found = {id(item): item for item in self._found.values()}.values()
        return tuple(sorted(found, key=lambda d: (order.index(d.module), d.line)))

    def _module(self, name: str) -> Module:
        if name not in self._modules:
            self._modules[name] = read_module(name)
        return self._modules[name]

    def _take(self, module: Module, name: str) -> None:
        definition = module.definitions[name]
        earlier = self._found.get(name)
        if earlier is definition:
            return
        where = f"{module.name}.{name}"
        if earlier is not None:
            raise _no_export(where, f"{earlier.module} defines that name as well")
        self._found |= dict.fromkeys(definition.names, definition)
        self._uses.setdefault(module.name, set())
        self.imports |= {i for i in module.imports.values() if i.root == "__future__"}
        self._check_inner_imports(definition, where)
        for used in sorted(used_names(definition.text)):
            if used in module.imports or used in module.definitions:
                self._use(module, used)
            elif used not in _BUILT_IN:
                raise _no_export(where, f"it uses {used!r}, defined nowhere on the top")
        for used in sorted(string_annotations(definition.node)):
            if used in module.imports or used in module.definitions:
                self._use(module, used)

    def _use(self, module: Module, name: str) -> None:
        if name in self.elsewhere:
            self.met_elsewhere.add(name)
        elif name in module.imports:
            self._follow(module, name)
        else:
            self._take(module, name)

    def _follow(self, module: Module, name: str) -> None:
        found = module.imports[name]
        where = f"{module.name}.{name}"
        if found.root in self.libraries:
            self.imports.add(found)
        elif found.name is None or found.alias:
            raise _no_export(
                where,
                f"an export needs it by name: use 'from {found.module} import ...', "
                "without 'as'",
            )
        else:
            self._uses.setdefault(module.name, set()).add(found.module)
            self.visit(found.module, found.name)

    def _check_inner_imports(self, definition: Definition, where: str) -> None:
        for node in ast.walk(definition.node):
            match node:
                case ast.ImportFrom(module=name, level=level):
                    names = ["." * level + (name or "")]
                case ast.Import(names=aliases):
                    names = [alias.name for alias in aliases]
                case _:
                    continue
            for name in names:
                if name.partition(".")[0] not in self.libraries:
                    raise _no_export(where, f"it imports {name!r}")


def _no_export(where: str, why: str) -> SpecError:
    return SpecError(
        f"{where} cannot be exported: {why}; an exported file holds top-level "
        "definitions that use each other, torch and the standard library"
    )
