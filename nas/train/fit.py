"""Lightning's fit, without anything that it would print or write by itself."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from lightning.pytorch import LightningModule, Trainer


def fit(
    module: LightningModule,
    epochs: int,
    device: torch.device,
    *,
    validates: bool = True,
) -> None:
    """Train a module in place, silently, with a validation after every epoch or none.

    Raises:
        KeyboardInterrupt: as it came; Lightning makes an exit of the process of it.
    """
    with _quiet():
        trainer = Trainer(
            accelerator="gpu" if device.type == "cuda" else "cpu",
            devices=[device.index or 0] if device.type == "cuda" else 1,
            max_epochs=epochs,
            logger=False,
            num_sanity_val_steps=0,
            limit_val_batches=None if validates else 0,
            use_distributed_sampler=False,
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=False,
        )
        try:
            trainer.fit(module)
        except SystemExit as end:
            if isinstance(end.__context__, KeyboardInterrupt):
                raise KeyboardInterrupt from None
            raise
        finally:
            # The trainer refers to itself: it stays until Python looks for such cycles,
            # and with it all that it holds.
            trainer.strategy.optimizers = []


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Lightning's log and all warnings, for as long as it lasts."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
