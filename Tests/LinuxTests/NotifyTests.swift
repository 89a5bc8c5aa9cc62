import CLinux
import Glibc
import Linux
import Testing

@Suite struct NotifyTests {
    private let scratch = Scratch()
    private let loop: EventLoop

    init() throws { loop = try EventLoop() }

    @Test func `tells what was said, by whom, with which descriptors`() throws {
        var notices: [Notice] = []
        let receiver = try NotifyReceiver(at: scratch["notify"], mode: 0o622, on: loop) { notices.append($0) }
        let file = Descriptor(open(scratch["kept"], O_CREAT | O_RDWR, 0o600))
        let notifier = try Notifier(path: scratch["notify"])
        #expect(notifier.send("READY=1", "STATUS=a=b c") == .sent)
        #expect(notifier.send("FDSTORE=1", "FDNAME=first", "FDNAME=last", descriptors: [file]) == .sent)
        try loop.turn { notices.count == 2 }

        #expect(notices[0]["READY"] == "1")
        #expect(notices[0]["STATUS"] == "a=b c")
        #expect(notices[0]["WATCHDOG"] == nil)
        #expect(notices[0]["READ"] == nil)
        #expect(notices[0].sender == PeerCredentials(pid: getpid(), uid: geteuid(), gid: getegid()))
        #expect(notices[1]["FDNAME"] == "last")
        #expect(target(of: try #require(notices[1].descriptors.first).number) == scratch["kept"])
        var status = stat()
        #expect(stat(receiver.path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o622)
        receiver.close()
        #expect(access(receiver.path, F_OK) != 0)
    }

    @Test func `drops what is too long or no text, and goes on`() throws {
        var texts: [String] = []
        let receiver = try NotifyReceiver(at: scratch["notify"], on: loop) { texts.append($0.text) }
        let notifier = try Notifier(path: scratch["notify"])
        #expect(notifier.send(String(repeating: "x", count: NotifyReceiver.bytesMax + 1)) == .sent)
        #expect(notifier.send(String(repeating: "y", count: NotifyReceiver.bytesMax)) == .sent)
        #expect(notifier.send("") == .sent)
        #expect(notifier.send("READY=1") == .sent)
        try loop.turn { texts.count == 2 }
        #expect(texts[0].utf8.count == NotifyReceiver.bytesMax)
        #expect(texts[1] == "READY=1")
        #expect(receiver.droppedCount == 2)
    }

    @Test func `hands over what an exited sender left`() throws {
        var count = 0
        let receiver = try NotifyReceiver(at: scratch["notify"], on: loop) { _ in count += 1 }
        let notifier = try Notifier(path: scratch["notify"])
        #expect(notifier.send("STOPPING=1") == .sent)
        receiver.drain()
        #expect(count == 1)
    }

    @Test func `goes on with the socket of an earlier life, and what waits in it`() throws {
        let first = try NotifyReceiver(at: scratch["notify"], on: loop) { _ in Issue.record("read too early") }
        let notifier = try Notifier(path: scratch["notify"])
        #expect(notifier.send("READY=1") == .sent)
        let copy = Descriptor(fcntl(first.descriptor.number, F_DUPFD_CLOEXEC, 3))
        var texts: [String] = []
        let second = try NotifyReceiver(copy, at: scratch["notify"], on: loop) { texts.append($0.text) }
        second.drain()
        #expect(notifier.send("WATCHDOG=1") == .sent)
        second.drain()
        #expect(texts == ["READY=1", "WATCHDOG=1"])
        let other = try Socket.pair(.packets).0
        #expect(throws: SystemError.self) { try NotifyReceiver(other, at: scratch["notify"], on: loop) { _ in } }
        second.close()
        #expect(access(scratch["notify"], F_OK) != 0)
    }

    @Test func `posts in order to a receiver that is away, then full`() throws {
        let notifier = try Notifier(path: scratch["notify"], on: loop)
        let expected = (0..<30).map { "N=\($0)" }
        for text in expected { notifier.post(text) }
        #expect(notifier.pendingCount == 30)
        var texts: [String] = []
        let receiver = try NotifyReceiver(at: scratch["notify"], on: loop) { texts.append($0.text) }
        try loop.turn { texts.count == 30 }
        #expect(texts == expected)
        #expect(notifier.pendingCount == 0)
        receiver.close()
    }

    @Test func `drops the oldest of too many posts`() throws {
        let notifier = try Notifier(path: scratch["notify"], on: loop)
        for number in 0..<Notifier.pendingMax + 2 { notifier.post("N=\(number)") }
        #expect(notifier.pendingCount == Notifier.pendingMax)
        var texts: [String] = []
        let receiver = try NotifyReceiver(at: scratch["notify"], on: loop) { texts.append($0.text) }
        try loop.turn { texts.count == Notifier.pendingMax }
        #expect(texts.first == "N=2")
        receiver.close()
    }

    @Test func `reaches an abstract name`() throws {
        let name = "@linux-tests-\(Random.word())"
        var texts: [String] = []
        let receiver = try NotifyReceiver(at: name, on: loop) { texts.append($0.text) }
        #expect(try Notifier(path: name).send("READY=1") == .sent)
        try loop.turn { texts == ["READY=1"] }
        receiver.close()
    }
}
