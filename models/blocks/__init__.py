"""Temporal modules, one small file each: (B*T, C, H, W) to the same shape, told T."""

from models.blocks.cross_perception_temporal_integration import CrossPerceptionTemporalIntegration
from models.blocks.motion_enhancement import MotionEnhancement
from models.blocks.salient_motion_excitation import SalientMotionExcitation
from models.blocks.temporal_interaction import TemporalInteraction
from models.blocks.temporal_shift import TemporalShift

__all__ = [
    "CrossPerceptionTemporalIntegration",
    "MotionEnhancement",
    "SalientMotionExcitation",
    "TemporalInteraction",
    "TemporalShift",
]
