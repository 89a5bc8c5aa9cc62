import ChaosPlan
import Foundation
import Testing

/// What chaos excuses is what operators are promised.
struct PublishedTableTests {
    @Test func `the page of faults says of each disturbance what a run holds the cluster to`() throws {
        let page = URL(filePath: #filePath).appending(path: "../../../docs/operate/faults.md").standardized
        let text = try String(contentsOf: page, encoding: .utf8)
        let rows = text.matches(of: /(?m)^\| `([a-z-]+)` \|.*$/).map { String($0.0) }
        let expected = Disturbance.Form.allCases.map { form in
            "| `\(form.row[0])` | " + form.row.dropFirst().joined(separator: " | ") + " |"
        }
        #expect(rows == expected, "the table should be:\n\(expected.joined(separator: "\n"))")
    }
}
