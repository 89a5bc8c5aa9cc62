import Config
import Foundation
import Testing

/// The file that users start from, and that documents every key.
struct LocalClusterTests {
    static let path = URL(filePath: #filePath).appending(path: "../../../cluster/local.yaml").standardized.path

    /// The keys of the file in its order with what the comment above says of their default and what stands there.
    struct Entry: Equatable {
        var path: String
        var fallback: String?
        var value: String
        var isExplained: Bool
    }

    static func entries() throws -> [Entry] {
        var entries: [Entry] = []
        var parents: [(indent: Int, name: String)] = []
        var comments: [String] = []
        for line in try String(contentsOfFile: path, encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: false)
        {
            let isItem = line.drop { $0 == " " }.hasPrefix("- ")
            let plain = isItem ? line.replacing("- ", with: "  ", maxReplacements: 1) : line
            let text = plain.drop { $0 == " " }
            if text.isEmpty {
                comments = []
            } else if text.hasPrefix("#") {
                comments.append(String(text.dropFirst().drop { $0 == " " }))
            } else {
                let indent = plain.count - text.count
                parents.removeAll { $0.indent >= indent }
                let colon = try #require(text.firstIndex(of: ":"))
                let name = String(text[..<colon])
                if parents.last?.name == "routes" { parents.append((indent - 1, "routes[0]")) }
                let within = parents.map(\.name).filter { $0 != "routes" }
                entries.append(
                    Entry(
                        path: (within + [name]).joined(separator: "."),
                        fallback: comments.last { $0.hasPrefix("default: ") }.map { String($0.dropFirst(9)) },
                        value: String(text[text.index(after: colon)...].drop { $0 == " " }),
                        isExplained: comments.contains { !$0.hasPrefix("default: ") }))
                parents.append((indent, name))
                comments = []
            }
        }
        return entries
    }

    @Test func `is accepted and means the defaults`() throws {
        let local = try ClusterFile.load(path: Self.path, environment: [:], programDirectory: "/opt/bin")
        let environment = ["BUNBASE_HOME": local.home.directory]
        var plain = try ClusterFileTests.parse("", environment: environment)
        plain.path = local.path
        #expect(local == plain)
        #expect(local.home.directory.hasSuffix("/.bunbase"))
    }

    @Test func `states the default that the code has`() throws {
        let keys = ClusterFile.documentedKeys
        #expect(keys.count > 80)
        for entry in try Self.entries() where entry.fallback != nil {
            #expect(entry.fallback == keys[entry.path], "\(entry.path)")
        }
    }

    @Test func `explains every key, and for the other kinds those whose default differs`() throws {
        let keys = ClusterFile.documentedKeys
        let entries = Dictionary(try Self.entries().map { ($0.path, $0) }) { first, _ in first }
        for (path, fallback) in keys {
            let parts = path.split(separator: ".", maxSplits: 2)
            let usual = parts.first == "kinds" ? "kinds.bundoc.\(parts[2])" : path
            if usual != path, keys[usual] == fallback { continue }
            #expect(entries[path]?.fallback != nil, "\(path) is not documented")
            if usual == path { #expect(entries[path]?.isExplained == true, "\(path) is not explained") }
        }
    }

    @Test func `has no other keys`() throws {
        let keys = ClusterFile.documentedKeys
        for entry in try Self.entries() where !entry.value.isEmpty {
            #expect(keys[entry.path] != nil, "\(entry.path)")
        }
    }
}
