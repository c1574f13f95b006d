"""What has to be installed beside nas for the formats that need more than torch."""

from importlib.util import find_spec
from typing import Final

from nas.errors import ConfigError

_ONNX: Final = ("onnx", "onnxscript", "onnxruntime")


def check_onnx(option: str) -> None:
    """Refuse an option that needs ONNX where its packages are not installed.

    Raises:
        ConfigError: naming those that are missing.
    """
    missing = [name for name in _ONNX if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"{option}: {' and '.join(missing)} cannot be imported; "
            "run pip install 'nas[onnx]'"
        )
