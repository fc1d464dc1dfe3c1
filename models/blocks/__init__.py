"""Temporal modules, one file each. They are given T and map (B*T, C, H, W) to the same shape."""

from models.blocks.channelwise_motion import ChannelwiseMotion
from models.blocks.channelwise_spatiotemporal import ChannelwiseSpatioTemporal
from models.blocks.cross_perception_temporal_integration import CrossPerceptionTemporalIntegration
from models.blocks.motion_enhancement import MotionEnhancement
from models.blocks.motion_excitation import MotionExcitation
from models.blocks.multiple_temporal_aggregation import MultipleTemporalAggregation
from models.blocks.salient_motion_excitation import SalientMotionExcitation
from models.blocks.temporal_enhancement_interaction import TemporalEnhancementInteraction
from models.blocks.temporal_interaction import TemporalInteraction
from models.blocks.temporal_shift import TemporalShift

__all__ = [
    "ChannelwiseMotion",
    "ChannelwiseSpatioTemporal",
    "CrossPerceptionTemporalIntegration",
    "MotionEnhancement",
    "MotionExcitation",
    "MultipleTemporalAggregation",
    "SalientMotionExcitation",
    "TemporalEnhancementInteraction",
    "TemporalInteraction",
    "TemporalShift",
]
