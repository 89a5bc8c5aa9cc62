import Foundation
import Testing

/// `docs/reference/errors.md` names each error that a program answers with, and no other.
struct ErrorCodesTests {
    struct Entry: Hashable, Comparable, CustomStringConvertible {
        var status: String
        var code: String
        var description: String { "\(status) \(code)" }

        static func < (a: Self, b: Self) -> Bool { a.description < b.description }
    }

    /// A section of the page, and the folder below `Sources` whose errors it lists.
    static let sections = [
        "All programs": ["Base", "HTTP", "Linux", "Log", "SQL", "Service"], "Front": ["Front"],
        "Documents": ["Bundoc"], "Key-values": ["Bunder"], "Platform": ["Platform"], "Supervisor": ["Supervisor"],
    ]

    @Test(arguments: sections.keys.sorted())
    func `the page of errors and the sources agree`(section: String) throws {
        let listed = try Self.listed(in: section)
        let thrown = Set(Self.sections[section]!.flatMap(Self.thrown(in:)))
        #expect(thrown.subtracting(listed).sorted() == [], "not on the page")
        #expect(listed.subtracting(thrown).sorted() == [], "not in the sources")
        #expect(!thrown.isEmpty)
    }

    @Test func `no code has two statuses within a program`() {
        for folders in Self.sections.values {
            let thrown = Set(folders.flatMap(Self.thrown(in:)))
            #expect(Set(thrown.map(\.code)).count == thrown.count, "\(thrown.sorted())")
        }
    }

    /// The first two cells of each row: `| 404 | `project.unknown` | …`.
    static func listed(in section: String) throws -> Set<Entry> {
        let path = TidyTests.root.appending(path: "docs/reference/errors.md")
        let text = try String(contentsOf: path, encoding: .utf8)
        let parts = text.components(separatedBy: "\n## ").filter { $0.hasPrefix(section + "\n") }
        let part = try #require(parts.first, "no section \(section)")
        return Set(part.matches(of: /(?m)^\| (\d{3}) \| `([^`]+)` \|/).map { Entry($0.1, $0.2) })
    }

    /// What is written as `Fault(404, "project.unknown"` or, within an initializer of `Fault`, `self.init(404, "…"`,
    /// in one line or several.
    static func thrown(in folder: String) -> [Entry] {
        TidyTests.files.filter { $0.path.hasPrefix("Sources/\(folder)/") }.flatMap { file in
            file.code.joined(separator: "\n").matches(of: /(?:Fault|self\.init)\(\s*(\d{3}),\s*"([a-z_]+\.[a-z_.]+)"/)
                .map { Entry($0.1, $0.2) }
        }
    }
}

extension ErrorCodesTests.Entry {
    init(_ status: Substring, _ code: Substring) { self.init(status: String(status), code: String(code)) }
}
