"""Grad-CAM of the first validation clip, over all of its frames."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from lightning_modules.errors import RunError
from lightning_modules.tensorboard.explain import clip_maps
from lightning_modules.tensorboard.pictures.clip_maps import draw_clip_maps
from lightning_modules.tensorboard.writer import PictureTimes, show


class ClipMaps(Callback):
    """Draws ``cam/first_clip``: where the network sees the class that it predicts.

    Networks with SME also show its saliency and attention. The clip runs through the network a few
    times more, after the first validation batch of process 0; no weight gets a gradient. A network
    without a spatial map is left out.

    Args:
        times: Approximate number of pictures in a fit; see `PictureTimes`.
    """

    def __init__(self, times: int = 10) -> None:
        self.times = PictureTimes(times)

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Draw the first clip of the first batch."""
        if batch_idx > 0 or not self.times.due(trainer) or not trainer.is_global_zero:
            return
        clip, network, names = batch["clips"][0, 0], pl_module.network, pl_module.class_names
        try:
            with trainer.precision_plugin.forward_context():
                cam, maps = clip_maps(pl_module, network, clip)  # type: ignore[arg-type]
        except RunError:
            return
        label = names[int(batch["label"][0])]  # type: ignore[index]
        said = f"{names[cam.label]} {100 * cam.probability:.0f} %"  # type: ignore[index]
        title = f"prediction: {said}   label: {label}"
        show(trainer, "cam/first_clip", draw_clip_maps(clip.cpu(), maps, title))
