"""TIM, TEINet's Temporal Interaction Module (Liu et al., AAAI 2020, section 3.2)."""

from models.blocks.depthwise_temporal_conv import DepthwiseTemporalConv


class TemporalInteraction(DepthwiseTemporalConv):
    """TIM, equation 4: Y[c, t] = sum over i of V[c, i] * U[c, t + i], i = -1, 0, 1.

    One kernel of 3 frames per channel, C x 3 parameters, no bias. It starts as TSM's shift,
    bit for bit; the paper names a "special initialization" only (**paper leaves open**).

    Args:
        channels: C.
        num_segments: T, the frames of one clip.
        fold_div: At the start, 1/``fold_div`` of the channels read the next frame, as many the
            previous one.
    """

    def __init__(self, channels: int, num_segments: int = 8, fold_div: int = 8) -> None:
        super().__init__(channels, num_segments, fold_div)
