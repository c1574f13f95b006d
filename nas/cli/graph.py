"""The graph of a trial's network, for TensorBoard."""

import warnings
from contextlib import redirect_stdout
from io import BytesIO, StringIO
from typing import Final

from nas.drawing import picture, png
from nas.errors import RunError, one_line
from nas.run import Run

_SUFFIX: Final = ".graph"


def write_graph(run: Run, trial: int) -> None:
    """Add the graph of a trial's network, and its large picture, to its events.

    Raises:
        RunError: when there is no such trial, or its graph cannot be had or written.
    """
    import numpy as np
    import torch
    from PIL import Image
    from torch.utils.tensorboard import SummaryWriter

    from nas.nn.build import build

    architecture = run.trial(trial).architecture
    folder = run.folder.trial_path(trial)
    try:
        network = build(architecture, seed=0).eval()
        images = torch.zeros(1, *architecture.input_shape)
        with Image.open(BytesIO(png(picture(architecture), 1.5))) as opened:
            drawn = np.asarray(opened.convert("RGB"))
        for earlier in folder.glob(f"events.out.tfevents.*{_SUFFIX}"):
            earlier.unlink()
        with (
            warnings.catch_warnings(),
            redirect_stdout(StringIO()),  # where a failure is told, too
            SummaryWriter(folder, filename_suffix=_SUFFIX) as writer,
        ):
            warnings.simplefilter("ignore")  # about what was traced
            writer.add_graph(network, images)
            writer.add_image("architecture/large", drawn, dataformats="HWC")
    except Exception as error:  # a plugin's layers may fail in every way there is
        raise RunError(
            f"{run.path}: trial {trial} has no graph: {one_line(error)}"
        ) from None
