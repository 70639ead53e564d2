// The room Processors.
