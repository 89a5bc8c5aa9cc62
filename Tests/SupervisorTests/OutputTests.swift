import Config
import Foundation
import JSON
import Nouns
import SupervisorShell
import Testing

struct LineSplitterTests {
    private func lines(of text: String, in sizes: Int) -> [String] {
        var splitter = LineSplitter()
        var lines: [[UInt8]] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            Array(rest.prefix(sizes)).withUnsafeBytes { lines += splitter.feed($0) }
            rest = rest.dropFirst(sizes)
        }
        if let last = splitter.finish() { lines.append(last) }
        return lines.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(arguments: [1, 2, 3, 7, 100_000])
    func `gives the same lines however the bytes come`(sizes: Int) {
        #expect(lines(of: "one\n\ntwo\nthree", in: sizes) == ["one", "", "two", "three"])
        #expect(lines(of: "one\n", in: sizes) == ["one"])
        #expect(lines(of: "", in: sizes) == [])
    }

    @Test(arguments: [4_095, 8_191, 8_192, 8_193, 100_000])
    func `splits a line that is too long and adds no empty one`(sizes: Int) {
        let max = LineSplitter.lineMax
        let full = String(repeating: "x", count: max)
        #expect(lines(of: full + "\nnext\n", in: sizes) == [full, "next"])
        #expect(lines(of: full + full + "y\n\n", in: sizes) == [full, full, "y", ""])
        #expect(lines(of: full, in: sizes) == [full])
    }
}

struct LineBudgetTests {
    @Test func `lets a second's worth through at once, then a steady rate, and says how much it dropped`() {
        var now = Instant.zero
        var budget = LineBudget(at: now)
        for _ in 0..<LineBudget.rate { #expect(budget.take(at: now) == .pass) }
        for _ in 0..<25 { #expect(budget.take(at: now) == .drop) }
        now = now + .milliseconds(10)
        #expect(budget.take(at: now) == .passAfter(dropped: 25))
        for _ in 0..<9 { #expect(budget.take(at: now) == .pass) }
        #expect(budget.take(at: now) == .drop)
        #expect(budget.takeDropped() == 1)
        #expect(budget.takeDropped() == 0)
    }
}

struct LogTests {
    let scratch = Scratch()

    private func settings(fileMax: Int = 1 << 20, kept: Int = 2) -> LogSettings {
        var settings = LogSettings()
        (settings.directory, settings.fileMax, settings.filesKept) = (scratch.path, fileMax, kept)
        return settings
    }

    private func records(_ name: String) throws -> [JSONValue] {
        try scratch.bytes(name).split(separator: UInt8(ascii: "\n")).map { try JSONValue(parsing: Array($0)) }
    }

    @Test func `writes one object a line, its own and what processes print apart`() throws {
        let log = ServerLog(settings: settings())
        log.write(.warning, "port taken") { $0.member("port", 9001) }
        let instance = try #require(InstanceID("acme/bundoc"))
        log.write(output: Array("say \"hi\"\u{1}".utf8) + [0xFF], of: instance, .bundoc, Incarnation(17))
        log.write(dropped: 12, of: instance, .bundoc, Incarnation(17))
        log.flush()
        let own = try records("supervisor.jsonl")
        #expect(own.count == 1)
        #expect(own[0]["message"]?.string == "port taken")
        #expect(own[0]["level"]?.string == "warning")
        #expect(own[0]["port"]?.int == 9001)
        let printed = try records("bundoc.jsonl")
        #expect(printed.count == 2)
        #expect(printed[0]["message"]?.string == "say \"hi\"\u{1}\u{FFFD}")
        #expect(printed[0]["project"]?.string == "acme")
        #expect(printed[0]["kind"]?.string == "bundoc")
        #expect(printed[0]["incarnation"]?.int == 17)
        #expect(printed[0]["stream"]?.string == "output")
        #expect(printed[1]["lines"]?.int == 12)
    }

    @Test func `keeps as many files of such a size as it may`() throws {
        let log = ServerLog(settings: settings(fileMax: 1_000, kept: 2))
        for number in 0..<100 {
            log.write(.info, "counting") { $0.member("number", number) }
            log.flush()
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path).sorted()
        #expect(names == ["supervisor.jsonl", "supervisor.jsonl.1", "supervisor.jsonl.2"])
        for name in names { #expect(scratch.size(name) <= 1_000) }
        let numbers = try ["supervisor.jsonl.2", "supervisor.jsonl.1", "supervisor.jsonl"].flatMap { try records($0) }
            .map { $0["number"]?.int }
        #expect(numbers.last == 99)
        #expect(numbers == Array((100 - numbers.count)...99))
    }

    @Test func `counts what it cannot write and goes on when it can`() throws {
        let log = ServerLog(settings: settings())
        try FileManager.default.createDirectory(
            atPath: scratch.path + "/supervisor.jsonl", withIntermediateDirectories: true)
        log.write(.info, "lost")
        log.flush()
        #expect(log.lost == 1)
        try FileManager.default.removeItem(atPath: scratch.path + "/supervisor.jsonl")
        log.write(.info, "kept")
        log.flush()
        #expect(try records("supervisor.jsonl").map { $0["message"]?.string } == ["kept"])
    }
}
