// The room ClusterRuntime.
