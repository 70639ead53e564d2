// The room Batching.
