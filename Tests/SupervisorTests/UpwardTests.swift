import Config
import Foundation
import JSON
import Linux
import Nouns
import SupervisorShell
import Testing

/// What the supervisor says to systemd, heard at a socket that stands in for systemd's.
struct UpwardTests {
    let scratch = Scratch()
    let loop: EventLoop

    init() throws { loop = try EventLoop() }

    private final class Ear {
        var texts: [String] = []
        var descriptors: [[Descriptor]] = []
    }

    private func listen(_ name: String) throws -> (Ear, NotifyReceiver) {
        let ear = Ear()
        let receiver = try NotifyReceiver(at: "\(scratch.path)/\(name)", on: loop) {
            ear.texts.append($0.text)
            ear.descriptors.append($0.descriptors)
        }
        return (ear, receiver)
    }

    private func until(_ what: Comment, _ condition: () -> Bool) throws {
        let deadline = EventLoop.clock() + .seconds(10)
        while !condition() {
            try #require(EventLoop.clock() < deadline, what)
            try loop.turn(wait: .milliseconds(50))
        }
    }

    private func manager(_ variables: [String: String] = [:]) -> ServiceManager {
        let all = variables.merging(["NOTIFY_SOCKET": scratch.path + "/notify"]) { $1 }
        return ServiceManager(on: loop) { all[$0] }
    }

    @Test func `says once that it is ready`() throws {
        let (ear, receiver) = try listen("notify")
        let manager = manager()
        manager.tellReady()
        manager.tellReady()
        manager.tellStopping()
        try until("the last word") { ear.texts.last == "STOPPING=1" }
        #expect(ear.texts == ["READY=1", "STOPPING=1"])
        receiver.close()
    }

    @Test func `tells the first status at once, and of many in a second only the last`() throws {
        let (ear, receiver) = try listen("notify")
        let manager = manager()
        var line = "starting"
        for number in 0..<100 {
            manager.statusChanged { line }
            line = "ready: \(number)"
        }
        let start = EventLoop.clock()
        try until("the last status") { ear.texts.count == 2 }
        #expect(ear.texts == ["STATUS=starting", "STATUS=ready: 99"])
        #expect(EventLoop.clock() - start > .milliseconds(900))
        manager.statusChanged { line }
        try loop.turn(wait: .milliseconds(1))
        #expect(ear.texts.count == 2)
        receiver.close()
    }

    @Test func `pings twice in the time that systemd waits, if it is meant`() throws {
        let (ear, receiver) = try listen("notify")
        let watched = manager(["WATCHDOG_USEC": "40000", "WATCHDOG_PID": "\(getpid())"])
        #expect(watched.pingPeriod == .milliseconds(20))
        try until("three pings") { ear.texts.count >= 3 }
        #expect(Set(ear.texts) == ["WATCHDOG=1"])
        #expect(manager(["WATCHDOG_USEC": "40000", "WATCHDOG_PID": "1"]).pingPeriod == nil)
        #expect(manager().pingPeriod == nil)
        receiver.close()
    }

    @Test func `keeps what belongs together in one message, and lets it go in one`() throws {
        let (ear, receiver) = try listen("notify")
        let store = DescriptorStore(manager().notifier)
        let pair = try Socket.pair(.packets)
        store.keep([pair.0, pair.1], as: "child-7")
        store.keep([], as: "nothing")
        store.drop("child-7")
        try until("both messages") { ear.texts.count == 2 }
        #expect(ear.texts == ["FDSTORE=1\nFDNAME=child-7", "FDSTOREREMOVE=1\nFDNAME=child-7"])
        #expect(ear.descriptors.map(\.count) == [2, 0])
        receiver.close()
        DescriptorStore(nil).keep([pair.0], as: "kept by nobody")
    }

    @Test func `loses no word while systemd is busy, and keeps their order`() throws {
        let notifier = try #require(manager().notifier)
        let pair = try Socket.pair(.packets)
        for number in 0..<200 { notifier.post("X=\(number)", descriptors: [pair.0]) }
        let (ear, receiver) = try listen("notify")
        try until("all words") { ear.texts.count == 200 }
        #expect(ear.texts == (0..<200).map { "X=\($0)" })
        #expect(ear.descriptors.allSatisfy { $0.count == 1 })
        #expect(notifier.droppedCount == 0)
        receiver.close()
    }

    // MARK: the journal

    private func fields(_ text: String) -> [String: String] {
        Dictionary(
            text.split(separator: "\n").compactMap { line in
                line.firstIndex(of: "=").map { (String(line[..<$0]), String(line[line.index(after: $0)...])) }
            }, uniquingKeysWith: { "\($0) and \($1)" })
    }

    @Test func `tells the journal whose a line is, and how grave`() throws {
        let (ear, receiver) = try listen("journal")
        let log = ServerLog(settings: LogSettings(), journal: try SystemJournal(at: receiver.path, on: loop))
        let instance = try #require(InstanceID("acme/bundoc"))
        log.write(.warning, "port taken") {
            $0.member("port", 9001)
            $0.member("instance", "acme/bundoc")
        }
        log.write(output: Array("hello".utf8), of: instance, .bundoc, Incarnation(17))
        log.write(
            output: Array(#"{"level":"error","message":"disk full"}"#.utf8), of: instance, .bundoc, Incarnation(17))
        try until("all records") { ear.texts.count == 3 }
        let records = ear.texts.map(fields)
        #expect(
            records[0] == [
                "MESSAGE": "port taken port=9001 instance=acme/bundoc", "PRIORITY": "4", "BUNBASE_PORT": "9001",
                "BUNBASE_PROJECT": "acme", "BUNBASE_KIND": "bundoc", "SYSLOG_IDENTIFIER": "bunbase-supervisor",
            ])
        #expect(
            records[1] == [
                "MESSAGE": "hello", "PRIORITY": "6", "BUNBASE_PROJECT": "acme", "BUNBASE_KIND": "bundoc",
                "BUNBASE_INCARNATION": "17", "BUNBASE_STREAM": "output", "SYSLOG_IDENTIFIER": "bundoc",
            ])
        #expect(records[2]["PRIORITY"] == "3")
        receiver.close()
    }

    @Test func `gives a value with newlines its length`() throws {
        let (ear, receiver) = try listen("journal")
        let journal = try SystemJournal(at: receiver.path, on: loop)
        journal.write(Array(#"{"message":"two\nlines","level":"info"}"#.utf8), as: "x")
        try until("the record") { ear.texts.count == 1 }
        #expect(ear.texts[0] == "MESSAGE\n\u{9}\0\0\0\0\0\0\0two\nlines\nPRIORITY=6\nSYSLOG_IDENTIFIER=x\n")
        receiver.close()
    }

    // MARK: programs

    @Test func `knows a program by its file, not by its path`() throws {
        let path = scratch.path + "/program"
        try "one".write(toFile: path, atomically: true, encoding: .utf8)
        let first = try #require(ProgramIdentity(ofFile: path))
        #expect(ProgramIdentity(first.description) == first)
        #expect(ProgramIdentity(ofFile: path) == first)
        try "one".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(ProgramIdentity(ofFile: path) != first)
        #expect(ProgramIdentity(ofFile: scratch.path + "/none") == nil)
        for text in ["", "1.2", "1.2.x", "1.2.3.4"] { #expect(ProgramIdentity(text) == nil) }
    }
}
