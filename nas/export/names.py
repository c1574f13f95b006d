"""The names that a piece of source takes from outside of itself."""

import ast
import symtable
from collections.abc import Iterator


def used_names(text: str) -> set[str]:
    """Return the global names that statements use, by Python's own scoping."""
    names = set()
    tables = [symtable.symtable(text, "<export>", "exec")]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        on_top = table.get_type() == "module"
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (on_top or symbol.is_global()):
                names.add(symbol.get_name())
    return names


def string_annotations(node: ast.AST) -> set[str]:
    """Return the names in annotations that are written as strings."""
    names = set()
    for annotation in _annotations(node):
        for part in ast.walk(annotation):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                names |= _names(part.value)
    return names


def _annotations(node: ast.AST) -> Iterator[ast.expr]:
    for part in ast.walk(node):
        match part:
            case ast.arg(annotation=ast.expr() as annotation):
                yield annotation
            case ast.AnnAssign(annotation=annotation):
                yield annotation
            case ast.FunctionDef(returns=ast.expr() as annotation):
                yield annotation


def _names(text: str) -> set[str]:
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError:  # the text of a Literal, say
        return set()
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
