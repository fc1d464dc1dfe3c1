"""A run folder that was moved or renamed after its checkpoint was saved."""

from pathlib import Path
from typing import Any

from pytorch_lightning import Trainer
from pytorch_lightning.callbacks import ModelCheckpoint

PATHS = ("best_model_path", "kth_best_model_path", "last_model_path")


def update_folder(trainer: Trainer, checkpoint: dict[str, Any]) -> None:
    """Replace the folder in the paths that a checkpoint holds by the one in which it lies now.

    `ModelCheckpoint` compares folders by name and forgets the best score if they differ: the next
    epoch would then replace ``best.ckpt``, however bad it is. A checkpoint of another run's folder
    is not changed, because a new run has its own best.
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
