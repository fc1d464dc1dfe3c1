"""A trained network as a file for other programs: ONNX, torch.export, or its weights alone."""
