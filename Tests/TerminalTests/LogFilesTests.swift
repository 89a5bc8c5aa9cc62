import Foundation
import Terminal
import Testing

struct LogFilesTests {
    let directory = FileManager.default.temporaryDirectory.appending(path: "logs-\(UUID())")

    init() throws { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) }

    private func append(_ name: String, _ text: String) throws {
        let path = directory.appending(path: name).path
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }

    private func line(_ second: Int, _ message: String, project: String? = nil, kind: String? = nil) -> String {
        let project = project.map { ",\"project\":\"\($0)\"" } ?? ""
        let kind = kind.map { ",\"kind\":\"\($0)\"" } ?? ""
        return
            "{\"time\":\"2026-11-23T13:14:0\(second).000Z\",\"level\":\"info\","
            + "\"message\":\"\(message)\"\(project)\(kind)}\n"
    }

    private func texts(_ lines: [LogLine]) -> [String] {
        lines.map { $0.text(Style(isColoured: false)) }.map {
            $0.split(separator: " ").dropFirst().joined(separator: " ")
        }
    }

    @Test func `puts the lines of all files in order and gives the last`() throws {
        try append("supervisor.jsonl.1", line(0, "zero"))
        try append("supervisor.jsonl", line(1, "one") + line(4, "four"))
        try append("bundoc.jsonl", line(2, "two", project: "demo", kind: "bundoc") + "not json\n")
        try append("init.log", "2026 said\n")
        #expect(texts(LogFiles(directory.path, .init()).last(3)) == ["one", "demo/bundoc two", "four"])
        #expect(LogFiles(directory.path, .init()).last(100).count == 4)
    }

    @Test func `keeps to a project and a kind`() throws {
        try append(
            "bundoc.jsonl",
            line(1, "a", project: "demo", kind: "bundoc") + line(2, "b", project: "other", kind: "bundoc"))
        try append("supervisor.jsonl", line(3, "c", project: "demo", kind: "bunder"))
        #expect(texts(LogFiles(directory.path, .init(project: "demo")).last(9)) == ["demo/bundoc a", "demo/bunder c"])
        #expect(texts(LogFiles(directory.path, .init(project: "demo", kind: "bunder")).last(9)) == ["demo/bunder c"])
    }

    @Test func `goes on with whole lines, also when a file was set aside`() throws {
        try append("supervisor.jsonl", line(1, "one"))
        let files = LogFiles(directory.path, .init())
        try files.watch()
        _ = files.last(9)
        let next = line(2, "two")
        try append("supervisor.jsonl", String(next.prefix(20)))
        try files.wait()
        #expect(texts(files.more()) == [])
        try append("supervisor.jsonl", String(next.dropFirst(20)))
        #expect(texts(files.more()) == ["two"])
        let path = directory.appending(path: "supervisor.jsonl").path
        try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
        try append("supervisor.jsonl", line(3, "three"))
        try files.wait()
        #expect(texts(files.more()) == ["three"])
    }
}
