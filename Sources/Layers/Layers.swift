// The room Layers.
