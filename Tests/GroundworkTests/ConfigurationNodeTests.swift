import Foundation
import Groundwork
import TestSupport
import Testing

/// YAML is decoded strictly; errors name file, line and key.
@Suite struct ConfigurationNodeTests {
    private func node(_ text: String) throws -> ConfigurationNode {
        try ConfigurationNode.parse(text, file: "a.yaml")
    }

    private func refusal(_ body: () throws -> Void) -> String {
        do {
            try body()
            return ""
        } catch {
            return
                "\((error as? ConfigurationError)?.code ?? "") \((error as? ConfigurationError)?.message ?? "")"
        }
    }

    @Test func valuesAreRead() throws {
        let root = try node("a: 1_000\nb: 2.5\nc: yes\nd: [x, 3]\ne: {f: text}\ng: null\n")
        #expect(try root.required("a").int() == 1000)
        #expect(try root.required("b").double() == 2.5)
        #expect(try root.required("c").bool())
        #expect(try root.required("d").strings() == ["x", "3"])
        #expect(try root.required("e").required("f").string() == "text")
        #expect(root.child("g") == nil)
        #expect(root.keys == ["a", "b", "c", "d", "e", "g"])
    }

    @Test func errorsNameTheirPlace() throws {
        let root = try node("a:\n  b: x\n")
        #expect(
            refusal { _ = try root.required("a").required("b").int() }.contains("a.yaml, line 2, key \"a.b\"")
        )
        #expect(
            refusal { try root.required("a").allow(["c"]) }.contains("a.yaml, line 2: unknown key \"a.b\""))
        #expect(refusal { _ = try root.required("z") }.hasPrefix("config.missing-key"))
        #expect(refusal { _ = try root.required("a").string() }.hasPrefix("config.type"))
    }

    @Test func duplicateKeysBrokenTextAndEmptyFilesAreRefused() {
        #expect(
            refusal { _ = try node("a: 1\nb: {c: 1, c: 2}\n") }.contains("line 2: the key \"c\" stands twice")
        )
        #expect(refusal { _ = try node("a: [1\n") }.hasPrefix("config.yaml a.yaml, line"))
        #expect(refusal { _ = try node("") }.hasPrefix("config.empty"))
        #expect(refusal { _ = try node("\u{0}") }.hasPrefix("config.yaml"))
    }

    @Test func overridesReplaceAddAndAreNamedInErrors() throws {
        let document = ConfigurationDocument(
            "a: {b: 1}\n", file: "a.yaml", overrides: [("a.b", "2"), ("c.d", "[1, 2]"), ("a.e", "x")])
        let root = try document.root()
        #expect(try root.required("a").required("b").int() == 2)
        #expect(try root.required("c").required("d").items().map { try $0.int() } == [1, 2])
        #expect(refusal { _ = try root.required("a").required("e").int() }.contains("--set a.e:"))
        #expect(refusal { _ = try root.required("c").required("d").items()[1].bool() }.contains("--set c.d"))
        #expect(refusal { try root.allow(["a"]) }.contains("--set: unknown key \"c\""))
        #expect(
            refusal {
                _ = try ConfigurationDocument("a: 1\n", file: "a.yaml", overrides: [("a.b", "1")]).root()
            }
            .hasPrefix("config.set"))
    }

    @Test func equalContentHasOneCanonicalForm() throws {
        #expect(
            try node("b: 1\na: {d: 2, c: [x]}\n").canonical
                == node("a:\n  c:\n  - x\n  d: 2\nb: 1\n").canonical)
        #expect(try node("a: 1").canonical != node("a: 2").canonical)
    }

    @Test func suggestionsAreNear() {
        #expect(suggestion(for: "epoch", among: ["epochs", "monitor"]) == " Did you mean \"epochs\"?")
        #expect(suggestion(for: "xyzzy", among: ["epochs", "monitor"]).isEmpty)
    }

    /// PyYAML writes keys that look like something else in quotes.
    @Test(arguments: ["'on': x", "\"on\": x", "on: x"]) func keysAreTheirText(text: String) throws {
        #expect(try node(text).required("on").string() == "x")
        #expect(try node("'1': x\n'null': y").required("1").string() == "x")
    }

    @Test(arguments: [5, 7, 9, 12]) func aliasesOfAliasesAreRefusedBeforeTheyFillTheMemory(depth: Int) throws
    {
        var text = "a0: &a0 [" + Array(repeating: "x", count: 10).joined(separator: ", ") + "]\n"
        for level in 1...depth {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        let refused = refusal { _ = try node(text) }
        #expect(refused.hasPrefix("config.too-large a.yaml has more than") == (depth > 4), "\(refused)")
        #expect(try node("a: &a [1, 2]\nb: *a").required("b").items().count == 2)
    }
}
