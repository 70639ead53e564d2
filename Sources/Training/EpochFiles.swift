import Foundation
import Groundwork
import Storage

/// The states at the ends of epochs in a training's folder: `epoch-<n>.h5`, 0-based, and in the end `best.h5`, `last.h5` and
/// `history.csv`.
///
/// A file's content follows from its name, since every member comes to the same bits. So a member that was given up and wakes
/// in the middle of writing puts nothing old over something new.
package struct EpochFiles {
    private let folder: String

    /// The files of the training in `folder`.
    package init(folder: String) { self.folder = folder }

    /// Where the state at the end of an epoch is.
    func path(_ epoch: Int) -> String { "\(folder)/epoch-\(epoch).h5" }

    /// Where the best state of a run that is resumed is.
    private func adoptedPath(_ epoch: Int) -> String { "\(folder)/resumed-\(epoch).h5" }

    /// The states that there are, newest first.
    package var newestFirst: [String] {
        let last = "\(folder)/last.h5"
        return epochs.sorted(by: >).map(path) + (access(last, F_OK) == 0 ? [last] : [])
    }

    private var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] }

    private var epochs: [Int] {
        names.compactMap { name in
            guard name.hasPrefix("epoch-"), name.hasSuffix(".h5") else { return nil }
            return Int(name.dropFirst("epoch-".count).dropLast(".h5".count))
        }
    }

    /// Removes states that neither are the last nor the best of `history`.
    func prune(_ history: TrainingHistory) {
        let kept = [history.rows.count - 1, history.best]
        for epoch in epochs where !kept.contains(epoch) && epoch < history.rows.count { unlink(path(epoch)) }
    }

    /// Takes over the best state of a run that is resumed, whole or not at all. Throws `FileError`.
    package func adopt(best path: String, epoch: Int) throws {
        try AtomicFile.write(try Files.contents(of: path), to: adoptedPath(epoch))
    }

    /// Where the state of the best epoch of `history` is; nil if it is nowhere.
    package func best(of history: TrainingHistory) -> String? {
        guard let epoch = history.best else { return nil }
        return [path(epoch), adoptedPath(epoch), "\(folder)/best.h5"].first { access($0, F_OK) == 0 }
    }

    /// Gives the last and the best state the names by which people know them; whoever does it again changes nothing.
    ///
    /// Throws `FileError`.
    func conclude(_ history: TrainingHistory) throws {
        let last = history.rows.count - 1
        if let best = best(of: history) {
            // Two files where one state is both: whoever changes one in place does not change the other.
            try name(best, "best.h5", isCopy: history.best == last)
        }
        try name(path(last), "last.h5", isCopy: false)
        try AtomicFile.write(history.csv, to: "\(folder)/history.csv")
        for name in names where name.hasPrefix("epoch-") || name.hasPrefix("resumed-") {
            unlink("\(folder)/\(name)")
        }
    }

    /// Makes `name` another name of the file `source`, unless that has been done before.
    private func name(_ source: String, _ name: String, isCopy: Bool) throws {
        let target = "\(folder)/\(name)"
        guard source != target, access(source, F_OK) == 0 else { return }
        let temporary = AtomicFile.temporaryName(for: target)
        guard !isCopy, link(source, temporary) == 0 else {
            return try AtomicFile.write(try Files.contents(of: source), to: target)
        }
        try AtomicFile.publish(temporary, as: target)
        // A rename between two names of one file leaves both.
        unlink(temporary)
    }
}

extension TrainingHistory {
    /// The best epoch so far, 0-based.
    package var best: Int? { rows.last(where: \.isBest)?.epoch }
}
