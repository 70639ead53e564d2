import Groundwork
import Testing

@testable import Tasks

/// Notes become samples of words and labels, whole or in windows.
@Suite struct DeIDNERTaskTests {
    private func notes(_ texts: [String?], labels: [String?]? = nil) -> HandMadeEvents {
        var events = HandMadeEvents()
        for (number, text) in texts.enumerated() {
            var values = ["note_id": "\(number)"]
            values["text"] = text
            values["labels"] =
                labels?[number]
                ?? text.map { $0.split(separator: " ").map { _ in "O" }.joined(separator: " ") }
            events.add("physionet_deid", "7", values)
        }
        return events
    }

    private func words(_ count: Int) -> String { (0..<count).map { "w\($0)" }.joined(separator: " ") }

    @Test func aNoteIsASampleWithItsNumber() throws {
        let found = try notes(["Ann Roe came", nil, "well"], labels: ["B-NAME I-NAME O", nil, "O"])
            .extraction(DeIDNERTask())
        #expect(found.samples.map { $0.values["text"] } == [.text("Ann Roe came"), .text("well")])
        #expect(found.samples.map { $0.values["labels"] } == [.text("B-NAME I-NAME O"), .text("O")])
        #expect(found.samples.map { $0.values["token_start"] } == [.text("0"), .text("0")])
        #expect(found.samples.map(\.visit) == ["0", "2"])
        #expect(found.attrition.exclusions.map(\.visits) == [0, 1, 0])
    }

    /// Words, size and overlap; where windows begin and how many words they have.
    @Test(arguments: [
        (10, 4, 0, [0, 4, 8], [4, 4, 2]), (8, 4, 0, [0, 4], [4, 4]), (3, 4, 0, [0], [3]),
        (10, 4, 2, [0, 2, 4, 6, 8], [4, 4, 4, 4, 2]), (5, 4, 3, [0, 1, 2, 3, 4], [4, 4, 3, 2, 1]),
        (2, 1, 0, [0, 1], [1, 1]),
    ])
    func windowsBeginEverySizeMinusOverlapWords(
        count: Int, size: Int, overlap: Int, starts: [Int], sizes: [Int]
    ) throws {
        let task = try makeTask("{name: DeIDNERTask, window_size: \(size), window_overlap: \(overlap)}")
        let found = try notes([words(count)]).extraction(task)
        #expect(found.samples.map { $0.values["token_start"] } == starts.map { .text("\($0)") })
        let all = words(count).split(separator: " ")
        for (sample, (start, size)) in zip(found.samples, zip(starts, sizes)) {
            #expect(sample.values["text"] == .text(all[start..<(start + size)].joined(separator: " ")))
            #expect(sample.values["labels"]?.text?.split(separator: " ").count == size)
            #expect(sample.visit == "0")
        }
        #expect(found.attrition.visitsOut == 1 && found.attrition.samplesOut == starts.count)
    }

    @Test func aWindowOfManyWordsIsTheWholeNote() throws {
        let whole = try notes([words(9), "a b"]).extraction(DeIDNERTask())
        let one = try notes([words(9), "a b"]).extraction(DeIDNERTask(windowSize: 9, windowOverlap: 0))
        #expect(whole.samples == one.samples)
    }

    @Test func refusesANoteWithAnotherNumberOfLabels() throws {
        for labels in ["O", "O O O", nil] {
            let error = #expect(throws: TaskError.self) {
                var events = HandMadeEvents()
                var values = ["note_id": "1", "text": "CANARY3310 b"]
                values["labels"] = labels
                events.add("physionet_deid", "7", values)
                _ = try events.extraction(DeIDNERTask())
            }
            #expect(error?.code == "task.wrong-label" && error?.message.contains("CANARY") == false)
        }
    }

    @Test(arguments: [
        ("window_size: 0", "config.range"), ("window_size: many", "config.type"),
        ("window_size: 4, window_overlap: 4", "config.range"), ("window_overlap: 1", "config.range"),
        ("window_size: 4, window_overlap: -1", "config.range"), ("window: 4", "config.unknown-key"),
    ])
    func refusesWindowsThatCannotBe(options: String, code: String) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try makeTask("{name: DeIDNERTask, \(options)}")
        }
        #expect(error?.code == code)
        _ = try makeTask("{name: DeIDNERTask, window_size: null, window_overlap: 0}")
    }
}
