"""Lightning imported, also where a broken matplotlib would not let it.

Lightning imports torchmetrics, and that matplotlib for pictures that nobody here draws.
"""

import sys
from types import ModuleType
from typing import Any, Final

_TAKEN: Final = tuple(
    f"matplotlib{name}" for name in ("", ".axes", ".colors", ".pyplot")
)


def _import_lightning() -> None:
    try:
        import matplotlib.pyplot  # noqa: F401
    except Exception:  # anything that an import may come up with
        stubs = _stubs()
        sys.modules.update(stubs)
    else:
        stubs = {}
    try:
        import lightning  # noqa: F401
    finally:
        # Whoever wants to draw shall hear what is wrong with the real one.
        for name in stubs:
            del sys.modules[name]


def _stubs() -> dict[str, ModuleType]:
    """Return modules with what torchmetrics takes from matplotlib's."""
    stubs: dict[str, Any] = {name: ModuleType(name) for name in _TAKEN}
    package, axes, colors, pyplot = stubs.values()
    package.axes, package.colors, package.pyplot = axes, colors, pyplot
    axes.Axes = colors.Colormap = pyplot.Figure = object
    pyplot.style = ModuleType("style")
    pyplot.style.context = lambda *_: lambda function: function
    return stubs


_import_lightning()
