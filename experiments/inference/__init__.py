"""A trained network for use: scores, features and pictures of anyone's videos.

It is a part of `experiments` because it joins what may not know each other elsewhere: networks
and checkpoints on one side, reading and sampling of videos on the other.

    recognizer = load_recognizer("runs/a/checkpoints/best.ckpt")
    scores = recognizer("clip.mp4")  # {"class name": probability, ...}, the most probable first
"""

from experiments.inference.load import load_recognizer
from experiments.inference.recognizer import Features, Recognizer, Scores

__all__ = ["Features", "Recognizer", "Scores", "load_recognizer"]
