import CLinux
import Glibc
import Linux
import Testing

@Suite struct ListenFDsTests {
    /// Two descriptors in a row, high up, where nobody else is.
    private func two(from start: Int32) {
        let nothing = Descriptor(open("/dev/null", O_RDWR))
        for number in [start, start + 1] { #expect(dup2(nothing.number, number) == number) }
    }

    @Test func `takes named descriptors and closes them on exec`() throws {
        two(from: 700)
        let passed = try ListenFDs(count: "2", pid: "\(getpid())", names: "http:http", from: 700)
        #expect(passed.all.map(\.name) == ["http", "http"])
        #expect(fcntl(700, F_GETFD) & FD_CLOEXEC != 0)
        #expect(fcntl(700, F_GETFL) & O_NONBLOCK != 0)
        #expect(passed.takeOne("resp") == nil)
        var one = passed.takeOne("http")
        #expect(one?.number == 700)
        #expect(passed.take("http").map(\.number) == [701])
        #expect(passed.all.isEmpty)
        one = nil
        #expect(!isOpen(700))
    }

    @Test func `what was taken is closed with its taker, though someone still has the list`() throws {
        two(from: 750)
        let passed = try ListenFDs(count: "2", pid: "\(getpid())", names: "a:b", from: 750)
        let other = passed
        var taken = other.takeAll()
        #expect(taken.map(\.name) == ["a", "b"])
        taken = []
        #expect(!isOpen(750) && !isOpen(751))
        #expect(passed.all.isEmpty)
    }

    @Test func `gives those without names systemd's`() throws {
        two(from: 710)
        #expect(
            try ListenFDs(count: "2", pid: "\(getpid())", names: nil, from: 710).all.map(\.name) == [
                "unknown", "unknown",
            ])
    }

    @Test func `takes nothing that is meant for another process`() throws {
        two(from: 720)
        #expect(try ListenFDs(count: "2", pid: "1", names: nil, from: 720).all.isEmpty)
        #expect(try ListenFDs(count: "2", pid: nil, names: nil, from: 720).all.isEmpty)
        #expect(try ListenFDs(count: nil, pid: "\(getpid())", names: nil, from: 720).all.isEmpty)
        #expect(isOpen(720))
        close(720)
        close(721)
    }

    @Test(arguments: [("x", "a:b"), ("-1", "a:b"), ("2", "a"), ("2", "a:b:c"), ("99999999999", "a")])
    func `refuses malformed variables`(count: String, names: String) {
        #expect { try ListenFDs(count: count, pid: "\(getpid())", names: names, from: 730) } throws: {
            ($0 as? SystemError)?.code == EINVAL
        }
    }

    @Test func `says that a promised descriptor is not open`() throws {
        let closed = try #require((Int32(740)..<20_000).first { !isOpen($0) })
        #expect { try ListenFDs(count: "1", pid: "\(getpid())", names: "tcp", from: closed) } throws: {
            ($0 as? SystemError)?.code == EBADF
        }
    }
}
