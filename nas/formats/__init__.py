"""Networks in other formats than our own: ONNX, PyTorch's programs, 8-bit integers.

What is written has been read again and compared with the network. Importing this
package loads neither torch nor onnx; using it does.
"""

from nas.formats.int8 import SCHEME, Quantized, quantized
from nas.formats.onnx_file import write_onnx
from nas.formats.packages import check_onnx
from nas.formats.torch_export import write_torch_export

__all__ = [
    "SCHEME",
    "Quantized",
    "check_onnx",
    "quantized",
    "write_onnx",
    "write_torch_export",
]
