"""One request in, one result out: what a worker does."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import final

import torch
from safetensors.numpy import save
from torch import nn

from nas.data import SearchData, Split
from nas.errors import ConfigError, traceback_of
from nas.nn.build import build, supervised
from nas.nn.cost import cost
from nas.nn.memory import keep_parts
from nas.nn.processor import suit_processor
from nas.records import EvalRequest, EvalResult, OnTestSplit, Recipe, Status
from nas.train.events import Events
from nas.train.failures import explained, free_memory, reason_of
from nas.train.feed import Feed
from nas.train.fit import fit
from nas.train.graph import CudaGraph
from nas.train.module import Metrics, Training
from nas.train.paused import Paused, read_paused, write_paused
from nas.train.resident import ResidentFeed
from nas.train.settings import training_settings
from nas.train.streamed import StreamedFeed

WEIGHTS = "weights.safetensors"


@final
class Evaluator:
    """Trains what is asked for, on data that its device holds or is streamed to it.

    A result depends on the request and the data alone, not on earlier requests; on a
    CPU it is the same to the last digit.

    Args:
        data: what to train and to validate on.
        device: "auto" (CUDA where there is any, else the CPU), "cpu", "cuda", "cuda:1".
        data_memory: bytes of images to hold at most; data of more bytes are streamed.
            None holds all of them.
        test: what every network is tested on, once it is trained; None tests nothing.
        validates: whether the validation images are held out. Where they are not, they
            are among the training images, and no epoch is validated.

    Raises:
        ConfigError: there is no such device.
    """

    def __init__(
        self,
        data: SearchData,
        device: str,
        data_memory: int | None = None,
        *,
        test: Split | None = None,
        validates: bool = True,
    ) -> None:
        self._data = data
        self._device = resolve_device(device)
        named = {
            "train": data.train,
            "validation": data.validation if validates else None,
            "test": test,
        }
        splits = {name: split for name, split in named.items() if split is not None}
        num_bytes = sum(split.images.nbytes for split in splits.values())
        feeds: dict[str, Feed] = {
            name: ResidentFeed(split, self._device)
            if data_memory is None or num_bytes <= data_memory
            else StreamedFeed(split, self._device, data_memory)
            for name, split in splits.items()
        }
        self._train = feeds["train"]
        self._validation, self._test = feeds.get("validation"), feeds.get("test")

    def __call__(self, request: EvalRequest) -> EvalResult:
        """Train one network; whatever goes wrong in it comes back as a failure.

        Writes the events for TensorBoard and, when complete, ``weights.safetensors``
        in the request's folder; when stopped, what it takes to go on.
        """
        started = perf_counter()
        paused = self._paused(request)
        curve = [] if paused is None else list(paused.curve)
        epochs: list[Metrics] = []
        notes: list[str] = []
        if paused is None and request.start_epoch:
            notes.append("trained anew from its start: it could not go on")
        error, reason, trace = None, None, None
        outcome = _Outcome(standing=None if paused is None else paused.standing)
        try:
            if len(curve) < (request.stop_epoch or request.recipe.epochs):
                with training_settings(self._device, request.seed):
                    outcome = self._evaluate(request, paused, epochs, notes)
        except Exception as failure:
            error, reason = explained(failure), reason_of(failure)
            if reason != "diverged":  # where in our code that was seen says nothing
                trace = traceback_of(failure)
        if reason == "out of memory":
            # Not before the error is gone, whose traceback holds on to the network.
            free_memory()
        done = not error and len(curve) + len(epochs) == request.recipe.epochs
        curve += _accuracies(epochs, request.recipe)
        status: Status = "complete" if done else "failed" if error else "stopped"
        return EvalResult(
            trial=request.trial,
            status=status,
            seconds=perf_counter() - started,
            accuracy=curve[-1] if done and curve else None,
            loss=epochs[-1].validation_loss if done else None,
            curve=tuple(curve),
            device=str(self._device),
            error=error,
            reason=reason,
            notes=tuple(notes),
            epochs=len(epochs),
            standing=outcome.standing if status == "stopped" else None,
            traceback=trace,
            weights=outcome.weights if done else None,
            tested=outcome.tested if done else None,
        )

    def _paused(self, request: EvalRequest) -> Paused | None:
        if request.stop_epoch is None and not request.start_epoch:
            return None
        return read_paused(request, self._device.type)

    def _evaluate(
        self,
        request: EvalRequest,
        paused: Paused | None,
        epochs: list[Metrics],
        notes: list[str],
    ) -> "_Outcome":
        """Train as far as is asked for."""
        architecture, recipe = request.architecture, request.recipe
        network = build(architecture, self._data.mean, self._data.std, request.seed)
        keep_parts(network)
        if self._device.type == "cpu":
            suit_processor(network)
        trained: nn.Module = network
        if architecture.aux:
            trained = supervised(architecture, network, request.seed)
        trained.to(self._device)
        trained.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        first_epoch = 0 if paused is None else paused.epochs
        stop_epoch = request.stop_epoch or recipe.epochs
        Path(request.folder).mkdir(parents=True, exist_ok=True)
        with Events(request.folder, first_epoch, notes.append) as events:
            if paused is None:
                total = cost(architecture).total
                events.begin(architecture, recipe, total, request.row)

            def on_epoch(metrics: Metrics) -> None:
                epochs.append(metrics)
                events.epoch(metrics)

            def on_note(note: str) -> None:
                notes.append(note)
                events.note(note)

            training = Training(
                trained,
                recipe,
                train=self._train,
                validation=self._validation,
                num_classes=self._data.num_classes,
                seed=request.seed,
                aux_weights=tuple(head.weight for head in architecture.aux),
                bf16=_in_bf16(recipe, self._device),
                new_graph=CudaGraph if self._device.type == "cuda" else None,
                resumed=None if paused is None else paused.tensors,
                first_epoch=first_epoch,
                on_epoch=on_epoch,
                on_note=on_note,
            )
            try:
                fit(
                    training,
                    stop_epoch - first_epoch,
                    self._device,
                    validates=self._validation is not None,
                )
                if stop_epoch < recipe.epochs:
                    curve = () if paused is None else paused.curve
                    curve += _accuracies(epochs, recipe)
                    tensors = training.snapshot()
                    standing = training.standing()
                    stopped = Paused(curve=curve, standing=standing, tensors=tensors)
                    write_paused(request, self._device.type, stopped)
                    return _Outcome(standing=standing)
                tested = None if self._test is None else training.tested(self._test)
            finally:
                training.release()
            weights = _save(network, Path(request.folder))
            accuracy, name = epochs[-1].objective(recipe), "accuracy"
            if tested is not None:
                accuracy, name = tested.objective(recipe), "test_accuracy"
            assert accuracy is not None, "what is not validated is tested"
            events.outcome(accuracy, name)
        return _Outcome(weights=weights, tested=tested)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What a training came to: its standing at a pause, or its weights' digest."""

    standing: float | None = None
    weights: str | None = None
    tested: OnTestSplit | None = None


def _accuracies(epochs: Iterable[Metrics], recipe: Recipe) -> tuple[float, ...]:
    """Return what the epochs reached that were validated."""
    found = (metrics.objective(recipe) for metrics in epochs)
    return tuple(accuracy for accuracy in found if accuracy is not None)


def _in_bf16(recipe: Recipe, device: torch.device) -> bool:
    if recipe.precision == "auto":
        return device.type == "cuda"
    return recipe.precision == "bf16"


def resolve_device(name: str) -> torch.device:
    """Return the device of a name, "auto" being CUDA where there is any.

    Raises:
        ConfigError: there is no such device.
    """
    has_cuda = torch.cuda.is_available()
    if name == "auto":
        return torch.device("cuda" if has_cuda else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in ("cpu", "cuda"):
        raise ConfigError(f"device must be auto, cpu or cuda; got {name!r}")
    count = torch.cuda.device_count() if has_cuda else 0
    if device.type == "cuda" and (device.index or 0) >= count:
        raise ConfigError(
            f"device must be one that PyTorch sees; got {name!r}, "
            f"and there are {count} CUDA devices; use cpu or auto"
        )
    return device


def _save(network: nn.Module, folder: Path) -> str:
    """Write the weights, and return their SHA-256.

    They are on disk before anybody hears of the result, as a whole or not at all.
    """
    # By way of NumPy, whose arrays are written much faster than tensors.
    state = {
        name: value.cpu().contiguous().numpy()
        for name, value in network.state_dict().items()
    }
    unfinished = folder / f"{WEIGHTS}.part"
    data = save(state)
    with unfinished.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(folder / WEIGHTS)
    return hashlib.sha256(data).hexdigest()
