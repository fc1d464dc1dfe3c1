"""CSTM, STM's Channel-wise SpatioTemporal Module (Jiang et al., STM, ICCV 2019, section 3.1)."""

from models.blocks.depthwise_temporal_conv import DepthwiseTemporalConv


class ChannelwiseSpatioTemporal(DepthwiseTemporalConv):
    """CSTM's channel-wise temporal convolution; its 3x3 convolution is the block's own conv2.

    One kernel of 3 frames per channel, no bias. Keeping conv2 in its place lets ImageNet weights
    load unchanged.

    Args:
        channels: C.
        num_segments: T, the frames of one clip.
        fold_div: At the start, 1/``fold_div`` of the channels read the next frame, as many read the
            previous one, and the rest their own: a quarter, a quarter and a half (as in code
            published under the first author's name; **paper leaves open**).
    """

    def __init__(self, channels: int, num_segments: int = 8, fold_div: int = 4) -> None:
        super().__init__(channels, num_segments, fold_div)
