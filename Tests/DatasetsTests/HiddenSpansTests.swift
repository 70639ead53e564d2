import Foundation
import Groundwork
import TestSupport
import Testing

@testable import Datasets

/// What a de-identified note hides is found in the original, and told by its tag.
@Suite struct HiddenSpansTests {
    private func labelled(_ original: String, _ deidentified: String) -> LabelledWords {
        let note = original.unicodeScalars.map(\.value)[...]
        return LabelledWords(
            note,
            HiddenSpans(original: note, deidentified: deidentified.unicodeScalars.map(\.value)[...]))
    }

    @Test(arguments: [
        ("80 year old", "AGE"), ("a 80 yo man", "AGE"), ("the age is", "AGE"), ("Age over 90", "NAME"),
        ("yo", "NAME"), ("Date range", "DATE"), ("MONTH-DAY", "DATE"), ("Holiday", "DATE"),
        ("Sunday", "DATE"),
        ("3-4", "DATE"), ("2098-1-2", "NAME"), ("12/31/2004", "DATE"), ("1/2/3", "NAME"), ("123-1", "NAME"),
        ("2098", "DATE"),
        ("  7 ", "DATE"), ("٣", "DATE"), ("3 - 4", "NAME"), ("Telephone/Fax (1) 5", "CONTACT"),
        ("E-mail", "NAME"), ("Email 3", "CONTACT"), ("Hospital1 104", "LOCATION"),
        ("State/Zipcode", "LOCATION"),
        ("Hospital Phone", "CONTACT"), ("Medical Record Number 107", "ID"), ("MRN", "ID"), ("ID 5", "ID"),
        ("my id", "ID"), ("Identity", "NAME"), ("Unit No", "ID"), ("Doctor First Name 201", "PROFESSION"),
        ("Attending Info", "PROFESSION"), ("Name (MD) 3", "PROFESSION"), ("Name (MD)", "NAME"),
        ("Dr. Roe", "NAME"), ("First Name 101", "NAME"), ("", "NAME"), ("\u{212A}", "NAME"),
    ])
    func aTagTellsItsClass(tag: String, kind: String) {
        #expect(IdentifierClass(tag: tag.unicodeScalars.map(\.value)[...]).rawValue == kind)
    }

    /// Original, de-identified form, and the labels.
    @Test(arguments: [
        ("Ann Roe came", "[**Name**] came", "B-NAME I-NAME O"),
        ("came Ann Roe", "came [**Name**]", "O B-NAME I-NAME"),
        ("Ann and Roe", "[**Name**] and [**Name**]", "B-NAME O B-NAME"),
        // Neighbours of one class are one entity.
        ("Ann Roe.", "[**Name**] [**Name**].", "B-NAME I-NAME"),
        // A tag in front of another one hides the rest, as in PyHealth.
        ("AnnRoe came here", "[**Name**][**Name**] came here", "B-NAME I-NAME I-NAME"),
        // The words behind a tag are not there: it hides nothing, and as many characters are passed over.
        ("a Roe b at Leeds", "a [**Name**] c at [**Hospital**]", "O O O B-LOCATION I-LOCATION"),
        ("a Roe c at Leeds", "a [**Name**] c at [**Hospital**]", "O B-NAME O O B-LOCATION"),
        // A word with characters of two classes has that of most.
        ("Smith01/15 x", "[**Name**]0[**Date**] x", "B-NAME O"),
        ("Jo01/15 x", "Jo[**Date**] x", "B-DATE O"),
        // No tags: an empty one, one that is not closed.
        ("a [****] b", "a [****] b", "O O O"), ("a [**Name b", "a [**Name b", "O O O"),
        ("a b c", "a [**\nName\n**] c", "O B-NAME O"), ("a ]b", "a [*****]b", "O B-NAME"),
        ("\u{2003}é\u{00A0}Ann\u{3000}", "\u{2003}é\u{00A0}[**Name**]\u{3000}", "O B-NAME"),
        ("e\u{301}x Ann", "e\u{301}x [**Name**]", "O B-NAME"), ("a b", "a b", "O O"), ("a b", "", "O O"),
        ("", "[**Name**]", ""), ("Ann", "[**Name**]", "B-NAME"),
    ])
    func wordsAreLabelledByWhatIsHidden(original: String, deidentified: String, labels: String) {
        let found = labelled(original, deidentified)
        #expect(found.labels == labels)
        #expect(found.text.split(separator: " ").count == labels.split(separator: " ").count)
    }

    @Test func ofTwoClassesWithAsManyCharactersTheFirstCounts() {
        #expect(labelled("ab12 x", "[**Name**]12 x").labels == "B-NAME O")
        #expect(labelled("é-12 x", "[**Date**]-[**Name**] x").labels == "B-NAME O")
        #expect(labelled("éa-12 x", "[**Date**]-[**Name**] x").labels == "B-DATE O")
    }

    @Test(arguments: 1...60) func whatWasHiddenIsFoundAgain(seed: UInt64) {
        var stream = RandomStream(seed: seed, purpose: .test)
        let kinds: [(tag: String, kind: String)] = [
            ("Hospital 1", "LOCATION"), ("Name", "NAME"), ("1-2-2098", "DATE"), ("Phone", "CONTACT"),
            ("year old", "AGE"), ("SSN", "ID"), ("Nurse", "PROFESSION"),
        ]
        var words: [(original: String, deidentified: String, label: String)] = []
        for number in 0..<(2 + stream.nextInt(below: 40)) {
            // Plain words are unlike each other and unlike what is hidden, so that there is one way to find them.
            let plain = "w\(number)" + ["", ",", "é", "…"][stream.nextInt(below: 4)]
            words.append((plain, plain, "O"))
            let (tag, kind) = kinds[stream.nextInt(below: kinds.count)]
            guard stream.nextInt(below: 2) == 0 else { continue }
            let parts = (0...stream.nextInt(below: 3)).map { "H\(number)x\($0)Ü" }
            for (place, part) in parts.enumerated() {
                words.append((part, place == 0 ? "[**\(tag)**]" : "", "\(place == 0 ? "B" : "I")-\(kind)"))
            }
        }
        let original = words.map(\.original).joined(separator: " ")
        let deidentified = words.map(\.deidentified).filter { !$0.isEmpty }.joined(separator: " ")
        let found = labelled(original, deidentified)
        #expect(found.text == original, "seed \(seed)")
        #expect(found.labels == words.map(\.label).joined(separator: " "), "seed \(seed)")
    }

    @Test(arguments: 1...40) func textsAreFoundWhereAPlainSearchFindsThem(seed: UInt64) {
        var stream = RandomStream(seed: seed, purpose: .test)
        let text = (0..<200).map { _ in stream.nextInt(below: 2) }
        let wanted = (0..<(1 + stream.nextInt(below: 9))).map { _ in stream.nextInt(below: 2) }
        let (start, end) = (stream.nextInt(below: 100), 100 + stream.nextInt(below: 101))
        let expected = (start..<max(start, end - wanted.count + 1)).first {
            Array(text[$0..<($0 + wanted.count)]) == wanted
        }
        #expect(text.firstRange(of: wanted, from: start, to: end)?.lowerBound == expected, "seed \(seed)")
    }
}
