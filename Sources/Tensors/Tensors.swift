// The room Tensors.
