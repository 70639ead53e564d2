/// A shard's name in its stage: its number, behind the task's name where the job has several.
struct ShardName {
    /// The task's name; nil in a job with one task, and in stages that serve all of them.
    let task: String?
    /// The shard's number in its stage.
    let index: Int

    init(task: String?, index: Int) { (self.task, self.index) = (task, index) }

    /// Reads a name.
    init(_ text: String) {
        let parts = text.split(separator: "-", maxSplits: 1).map(String.init)
        task = parts.count == 2 ? parts[0] : nil
        index = Int(parts.last ?? "") ?? 0
    }

    /// The name as text.
    var text: String {
        let number = String(repeating: "0", count: max(0, 5 - "\(index)".count)) + "\(index)"
        return task.map { "\($0)-\(number)" } ?? number
    }

    /// Where samples of the task lie, below the run directory.
    var samplesFolder: String { task.map { "samples/\($0)" } ?? "samples" }
}
