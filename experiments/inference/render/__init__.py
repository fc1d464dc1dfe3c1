"""A prediction to look at: the video with its scores over time, and Grad-CAM of its frames."""
