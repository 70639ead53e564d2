/// Pieces of HTML, every text escaped.
enum HTML {
    /// A text with the five characters of HTML's syntax replaced.
    static func escape(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
        return result
    }

    /// A table of texts; columns whose number is in `numbers` stand to the right.
    static func table(_ header: [String], _ rows: [[String]], numbers: Set<Int> = []) -> String {
        func cells(_ tag: String, _ texts: [String]) -> String {
            texts.enumerated().map { column, text in
                let style = numbers.contains(column) ? " class=\"number\"" : ""
                return "<\(tag)\(style)>\(escape(text))</\(tag)>"
            }.joined()
        }
        let body = rows.map { "<tr>\(cells("td", $0))</tr>" }.joined(separator: "\n")
        return """
            <div class="wide"><table><thead><tr>\(cells("th", header))</tr></thead>
            <tbody>
            \(body)
            </tbody></table></div>

            """
    }

    /// A section with a heading.
    static func section(_ title: String, _ content: String) -> String {
        "<section>\n<h2>\(escape(title))</h2>\n\(content)</section>\n"
    }

    /// A paragraph.
    static func paragraph(_ text: String) -> String { "<p>\(escape(text))</p>\n" }
}
