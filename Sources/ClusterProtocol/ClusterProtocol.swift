// The room ClusterProtocol.
