/// What members answer, and of which training.
extension MessageBody {
    /// The training that a member's answer is about; nil for any other message.
    var training: String? {
        switch self {
        case .opened(let message): message.training
        case .prepared(let message): message.training
        case .ready(let message): message.training
        case .disagreed(let message): message.training
        case .trainingDone(let message): message.training
        case .trainingFailed(let message): message.training
        default: nil
        }
    }
}
