import Glibc
import Launcher
import Linux
import Testing

struct KeptDescriptorsTests {
    static func socket() throws -> Descriptor { try Socket.pair(.stream).0 }

    /// A descriptor with its peer open, so that it has not hung up.
    static func pair() throws -> (Descriptor, Descriptor) { try Socket.pair(.stream) }

    static func isOpen(_ number: Int32) -> Bool { fcntl(number, F_GETFD) >= 0 }

    @Test func `gives back what it was given, in order and with its name`() throws {
        var kept = KeptDescriptors()
        #expect(kept.keep(try Self.socket(), as: "tcp.9000") == nil)
        #expect(kept.keep(try Self.socket(), as: "tcp.9001") == nil)
        #expect(kept.keep(try Self.socket(), as: "tcp.9000") == nil)
        #expect(kept.all.map(\.name) == ["tcp.9000", "tcp.9001", "tcp.9000"])
    }

    @Test func `keeps one copy of the same socket`() throws {
        var kept = KeptDescriptors()
        let socket = try Self.socket()
        #expect(kept.keep(Descriptor(dup(socket.number)), as: "a") == nil)
        #expect(kept.keep(Descriptor(dup(socket.number)), as: "a") == nil)
        #expect(kept.keep(Descriptor(dup(socket.number)), as: "b") == nil)
        #expect(kept.all.map(\.name) == ["a", "b"])
    }

    @Test func `closes all of a name when it is dropped`() throws {
        var kept = KeptDescriptors()
        let sockets = try (0..<3).map { _ in try Self.pair() }
        for (index, name) in ["a", "b", "a"].enumerated() {
            _ = kept.keep(Descriptor(sockets[index].0.release()), as: name)
        }
        let numbers = kept.all.map(\.descriptor.number)
        kept.drop("a")
        #expect(kept.all.map(\.name) == ["b"])
        #expect(!Self.isOpen(numbers[0]))
        #expect(Self.isOpen(numbers[1]))
        #expect(!Self.isOpen(numbers[2]))
    }

    @Test func `takes no more than its limit, and again when there is room`() throws {
        var kept = KeptDescriptors(countMax: 2)
        #expect(kept.keep(try Self.socket(), as: "a") == nil)
        #expect(kept.keep(try Self.socket(), as: "b") == nil)
        #expect(kept.keep(try Self.socket(), as: "c") == .full)
        kept.drop("a")
        #expect(kept.keep(try Self.socket(), as: "c") == nil)
    }

    @Test func `takes no more names than a variable holds`() throws {
        var kept = KeptDescriptors(namesLengthMax: 10)
        #expect(kept.keep(try Self.socket(), as: "aaaa") == nil)
        #expect(kept.keep(try Self.socket(), as: "bbbb") == nil)
        #expect(kept.keep(try Self.socket(), as: "c") == .full)
        kept.drop("aaaa")
        #expect(kept.keep(try Self.socket(), as: "c") == nil)
    }

    @Test(arguments: ["", "a:b", "a b", "é", String(repeating: "n", count: 256)])
    func `refuses names that cannot travel`(name: String) throws {
        var kept = KeptDescriptors()
        #expect(kept.keep(try Self.socket(), as: name) == .badName)
        #expect(kept.all.isEmpty)
    }

    @Test func `lets go of sockets that were shut down, and of no others`() throws {
        var kept = KeptDescriptors()
        let listener = try Socket.listen(on: .loopback(port: 0))
        let ended = try Socket.listen(on: .loopback(port: 0))
        _ = kept.keep(Descriptor(dup(listener.number)), as: "open")
        _ = kept.keep(Descriptor(dup(ended.number)), as: "ended")
        Socket.shutDown(ended)
        kept.dropHungUp()
        #expect(kept.all.map(\.name) == ["open"])
    }
}
