/// Upper limits, so that no queue, message or wait grows without bound.
package enum ClusterLimits {
    /// Bytes of a shard's or training's payload, and of a result.
    package static let payloadBytes = 16 << 20
    /// Bytes of a control message.
    package static let messageBytes = 20 << 20
    /// Shards of a stage.
    package static let shards = 1 << 20
    /// Bytes of an `ipc://` path, without the scheme (the kernel's `sun_path` with its final zero).
    package static let socketPathBytes = 107
}
