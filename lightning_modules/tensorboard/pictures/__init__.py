"""Pictures for TensorBoard: tensors in, matplotlib figures out; independent of Lightning."""
