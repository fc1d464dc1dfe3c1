"""Pictures for TensorBoard: tensors in, PIL images out; nothing here knows of Lightning."""
