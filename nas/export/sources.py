"""Modules read as text: their top-level definitions and what they import."""

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.abc import InspectLoader

from nas.errors import SpecError, one_line
from nas.export.imports import Import


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A function, class or assignment at the top of a module, as it is written."""

    module: str
    names: tuple[str, ...]
    line: int
    text: str
    node: ast.stmt

    @property
    def is_assignment(self) -> bool:
        """Whether it is a constant, neither a function nor a class."""
        return isinstance(self.node, ast.Assign | ast.AnnAssign)


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """What the names at the top of a module stand for."""

    name: str
    definitions: dict[str, Definition]
    imports: dict[str, Import]


def read_module(name: str) -> Module:
    """Return a module's definitions and imports, from its source alone.

    Raises:
        SpecError: when there is no source, or none that is Python.
    """
    text, package = _source(name)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:  # it has changed since it was imported
        raise SpecError(
            f"the source of module {name!r} cannot be read: {one_line(error)}; mend it"
        ) from None
    lines = text.split("\n")
    definitions = {
        bound: definition
        for node in tree.body
        if (definition := _definition(name, node, lines)) is not None
        for bound in definition.names
    }
    imports = {
        item.binds: item for node in tree.body for item in _imports(node, package)
    }
    return Module(name=name, definitions=definitions, imports=imports)


def method(module: str, cls: str, name: str) -> str:
    """Return the source of a method as it stands in its class."""
    definition = read_module(module).definitions[cls]
    assert isinstance(definition.node, ast.ClassDef)
    lines = _source(module)[0].split("\n")
    found = [n for n in definition.node.body if getattr(n, "name", None) == name]
    return "\n".join(lines[found[0].lineno - 1 : found[0].end_lineno])


def _source(name: str) -> tuple[str, str]:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):  # ValueError: a script run as __main__
        spec = None
    loader = spec.loader if spec is not None else None
    try:
        text = loader.get_source(name) if isinstance(loader, InspectLoader) else None
    except (ImportError, SyntaxError, ValueError):  # gone, or not in its encoding
        text = None
    if spec is None or text is None:
        raise SpecError(
            f"module {name!r} has no source to export; put it back into a .py file "
            "that can be imported by that name"
        )
    return text, spec.parent or ""


def _definition(module: str, node: ast.stmt, lines: list[str]) -> Definition | None:
    first = node.lineno
    match node:
        case (
            ast.FunctionDef(name=name, decorator_list=decorators)
            | ast.ClassDef(name=name, decorator_list=decorators)
        ):
            names: tuple[str, ...] = (name,)
            first = min([first, *(item.lineno for item in decorators)])
        case ast.Assign(targets=targets):
            names = tuple(
                part.id
                for target in targets
                for part in ast.walk(target)
                if isinstance(part, ast.Name)
            )
        case ast.AnnAssign(target=ast.Name(id=name)):
            names = (name,)
        case _:
            return None
    while first > 1 and lines[first - 2].startswith("#"):
        first -= 1
    text = "\n".join(lines[first - 1 : node.end_lineno])
    return Definition(module=module, names=names, line=first, text=text, node=node)


def _imports(node: ast.stmt, package: str) -> Iterator[Import]:
    match node:
        case ast.ImportFrom(module=module, names=aliases, level=level):
            source = "." * level + (module or "")
            if level:
                source = importlib.util.resolve_name(source, package)
            for alias in aliases:
                yield Import(source, alias.name, _renamed(alias))
        case ast.Import(names=aliases):
            for alias in aliases:
                yield Import(alias.name, None, alias.asname)
        case ast.If(body=body):  # if TYPE_CHECKING
            for inner in body:
                yield from _imports(inner, package)


def _renamed(alias: ast.alias) -> str | None:
    return alias.asname if alias.asname != alias.name else None
