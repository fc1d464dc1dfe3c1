"""The 2D networks that can carry temporal modules, one file per family.

| family | stages | modules at the head of the residual branch | before the last convolution |
| --- | --- | --- | --- |
| ResNet, ResNeXt, Wide ResNet | res2-5 | all blocks | all blocks |
| RegNetX, RegNetY | stage1-4 | all blocks | all blocks |
| MobileNetV2 | stage1-7 | blocks with a shortcut | all blocks |
| EfficientNet | stage1-7 | blocks with a shortcut | all blocks |
| EfficientNetV2 | stage1-7, S: 1-6 | blocks with a shortcut | all but stage1 |
| ConvNeXt | stage1-4 | all blocks | all blocks |
"""

from difflib import get_close_matches

from models.backbones import convnext, efficientnet, mobilenet, regnet, resnet
from models.backbones.backbone import Backbone
from models.errors import ModelError

__all__ = ["BACKBONES", "Backbone", "get_backbone"]

FAMILIES = (resnet, regnet, mobilenet, efficientnet, convnext)
BACKBONES: dict[str, Backbone] = {
    backbone.name: backbone for family in FAMILIES for backbone in family.BACKBONES
}
"""By torchvision's names."""


def get_backbone(name: str) -> Backbone:
    """Look up a backbone by its torchvision name.

    Raises:
        ModelError: If ``name`` is unknown; the message lists the known ones.
    """
    if name in BACKBONES:
        return BACKBONES[name]
    close = get_close_matches(name, BACKBONES, n=1)
    meant = f"; did you mean {close[0]}?" if close else "."
    raise ModelError(f"backbone={name!r} is not known{meant} There are {', '.join(BACKBONES)}")
