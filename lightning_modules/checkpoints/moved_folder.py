"""A run folder that was moved, or is named another way, since its checkpoint was saved."""

from pathlib import Path
from typing import Any

from pytorch_lightning import Trainer
from pytorch_lightning.callbacks import ModelCheckpoint

PATHS = ("best_model_path", "kth_best_model_path", "last_model_path")


def follow_run_folder(trainer: Trainer, checkpoint: dict[str, Any]) -> None:
    """Give a checkpoint's paths the present name of the folder that it lies in.

    Lightning compares folders by name, and forgets the best score where they differ: the next
    epoch, however bad, would then take the place of the best. A checkpoint that lies in another
    run's folder is left alone: a new run has its own best.
    """
    for callback in trainer.checkpoint_callbacks:
        state = checkpoint["callbacks"].get(callback.state_key)
        if not isinstance(callback, ModelCheckpoint) or state is None or not callback.dirpath:
            continue
        folder = Path(callback.dirpath)
        if folder.resolve() != Path(str(trainer.ckpt_path)).resolve().parent:
            continue
        state["dirpath"] = callback.dirpath
        for name in PATHS:
            state[name] = _moved(state[name], folder)
        state["best_k_models"] = {
            _moved(path, folder): score for path, score in state["best_k_models"].items()
        }


def _moved(path: str, folder: Path) -> str:
    return str(folder / Path(path).name) if path else ""
