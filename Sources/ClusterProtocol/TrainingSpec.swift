package import Foundation

/// A training stage as the coordinator sees it.
package struct TrainingSpec: Sendable, Equatable {
    package var stage: String
    package var stageName: String
    package var payload: Data
    /// K.
    package var virtualRanks: Int
    /// The stage's folder, relative to the run directory.
    package var folder: String
    package var epoch: UInt64
    /// How many workers to wait for at the start, as far as known.
    package var expectedWorkers: Int
    /// Seconds for which newcomers are collected.
    package var joinDelay: Seconds
    /// With fewer members the training is paused. The default is 1.
    package var minimumMembers = 1
    /// Further workers are surplus and take the place of lost ones. The default is no limit.
    package var maximumMembers = Int.max
    /// Seconds that a pause may last before the job ends. The default is an hour.
    package var pauseLimit: Seconds = 3600
    /// The way in which members add up.
    package var route = CollectiveRoute.Wish.auto
    /// Bytes of a bucket of gradients; 0 leaves it to the members.
    package var bucketBytes = 0

    package init(
        stage: String, stageName: String, payload: Data, virtualRanks: Int, folder: String, epoch: UInt64,
        expectedWorkers: Int, joinDelay: Seconds
    ) {
        self.stage = stage
        self.stageName = stageName
        self.payload = payload
        self.virtualRanks = virtualRanks
        self.folder = folder
        self.epoch = epoch
        self.expectedWorkers = expectedWorkers
        self.joinDelay = joinDelay
    }

    /// Members at most: every one computes a virtual rank at least.
    var capacity: Int { max(1, min(virtualRanks, maximumMembers)) }
    /// Members at least, as far as there is room for them.
    var quorum: Int { max(1, min(minimumMembers, capacity)) }
}
