"""TSM's temporal shift (Lin, Gan, Han: TSM, ICCV 2019, section 3)."""

from torch import Tensor, nn

from models import native
from models.blocks.folding import unfold_time
from models.blocks.shifted_frames import shift_frames


class TemporalShift(nn.Module):
    """Shift some channels one frame back and as many one frame forward; no parameters.

    The first C/fold_div channels come from the next frame, the second C/fold_div from the previous
    one, the rest from their own. Zeros fill the ends of the clip.

    Args:
        channels: C; only the parts' sizes depend on it.
        num_segments: T, the frames of one clip.
        fold_div: 8, TSM's residual setting: a quarter of the channels moves.
    """

    def __init__(self, channels: int, num_segments: int = 8, fold_div: int = 8) -> None:
        super().__init__()
        self.fold = channels // fold_div
        self.num_segments = num_segments

    def forward(self, x: Tensor) -> Tensor:
        """Shift: (B*T, C, H, W) -> (B*T, C, H, W)."""
        return shift_frames(unfold_time(x, self.num_segments), self.fold, 1).flatten(0, 1)

    def project(self, x: Tensor, weight: Tensor) -> Tensor:
        """Shift, then apply a 1x1 convolution, by a kernel; see `apply_before`.

        Args:
            x: Folded frames, (B*T, C, H, W).
            weight: (C', C, 1, 1).

        Returns:
            (B*T, C', H, W).
        """
        unfold_time(x, self.num_segments)  # refuses a clip that is cut
        return native.shift_and_project(x, self.num_segments, self.fold, weight)

    def can_project(self, x: Tensor) -> bool:
        """Tell whether `project` takes frames of this shape."""
        return x.ndim == 4 and x.shape[1] >= 2 * self.fold

    def extra_repr(self) -> str:
        """Show the parts' size and T in the printed network."""
        return f"fold={self.fold}, num_segments={self.num_segments}"
