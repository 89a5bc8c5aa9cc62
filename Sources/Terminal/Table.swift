/// Text in columns that align, with a line of headings.
package struct Table {
    package struct Cell: ExpressibleByStringLiteral {
        package var text: String
        package var colour: Style.Colour?

        package init(_ text: String, _ colour: Style.Colour? = nil) { (self.text, self.colour) = (text, colour) }
        package init(stringLiteral text: String) { self.init(text) }
    }

    package enum Side: Sendable { case left, right }

    private let headings: [(text: String, side: Side)]
    private var rows: [[Cell]] = []

    package init(_ headings: [(String, Side)]) { self.headings = headings.map { ($0.0, $0.1) } }

    package mutating func add(_ cells: [Cell]) {
        precondition(cells.count == headings.count, "a row has as many cells as there are headings")
        rows.append(cells)
    }

    package var isEmpty: Bool { rows.isEmpty }

    /// The last column is as wide as it comes; no line ends in spaces.
    package func text(_ style: Style) -> String {
        let widths = headings.indices.map { column in
            max(headings[column].text.count, rows.map { $0[column].text.count }.max() ?? 0)
        }
        let lines = [headings.map { Cell($0.text) }] + rows
        return lines.enumerated().map { index, cells in
            let line = cells.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.text.count)
                let text = style.paint(cell.text, cell.colour)
                let isLast = column == cells.count - 1
                switch headings[column].side {
                case .left: return isLast ? text : text + padding
                case .right: return padding + text
                }
            }.joined(separator: "  ")
            return (index == 0 ? style.bold(line) : line).trimmingTrailingSpaces + "\n"
        }.joined()
    }
}

extension String {
    var trimmingTrailingSpaces: String {
        var text = Substring(self)
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
