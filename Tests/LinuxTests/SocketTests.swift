import CLinux
import Glibc
import Linux
import Testing

@Suite struct SocketTests {
    @Test(arguments: ["127.0.0.1:0", "[::1]:0"])
    func `listens on an internet address and accepts`(text: String) throws {
        let listener = try Socket.listen(on: try #require(SocketAddress(text)))
        let port = try Socket.localPort(of: listener)
        #expect(port != 0)
        #expect(try Socket.accept(from: listener) == nil)

        let client = try Socket.connect(to: try Socket.localAddress(of: listener))
        let served = try #require(try Socket.accept(from: listener))
        #expect(Socket.pendingError(of: client) == 0)
        #expect(try Socket.remoteAddress(of: client).port == port)
        #expect(try Socket.remoteAddress(of: served) == Socket.localAddress(of: client))
        for socket in [listener, client, served] {
            #expect(fcntl(socket.number, F_GETFD) & FD_CLOEXEC != 0)
            #expect(fcntl(socket.number, F_GETFL) & O_NONBLOCK != 0)
        }
    }

    @Test func `says that a port is taken`() throws {
        let listener = try Socket.listen(on: .loopback(port: 0))
        let address = try Socket.localAddress(of: listener)
        #expect { try Socket.listen(on: address) } throws: {
            ($0 as? SystemError)?.code == EADDRINUSE && ($0 as? SystemError)?.path == address.description
        }
    }

    @Test func `takes a port again at once after its connections`() throws {
        let listener = try Socket.listen(on: .loopback(port: 0))
        let address = try Socket.localAddress(of: listener)
        let client = try Socket.connect(to: address)
        let served = try #require(try Socket.accept(from: listener))
        served.close()
        client.close()
        listener.close()
        #expect(try Socket.localAddress(of: Socket.listen(on: address)) == address)
    }

    @Test func `binds several listeners to one port and spreads connections over them`() throws {
        let listeners = try Socket.listen(on: .loopback(port: 0), count: 3)
        let ports = try Set(listeners.map { try Socket.localPort(of: $0) })
        #expect(ports.count == 1)
        let clients = try (0..<90).map { _ in try Socket.connect(to: .loopback(port: ports.first!)) }
        var counts = [0, 0, 0]
        for (index, listener) in listeners.enumerated() {
            while try Socket.accept(from: listener) != nil { counts[index] += 1 }
        }
        #expect(counts.reduce(0, +) == clients.count)
        #expect(counts.allSatisfy { $0 > 0 })
    }

    @Test func `refuses connections to a listener that was shut down`() throws {
        let listener = try Socket.listen(on: .loopback(port: 0))
        let address = try Socket.localAddress(of: listener)
        let copy = Descriptor(fcntl(listener.number, F_DUPFD_CLOEXEC, 0))
        Socket.shutDown(listener)
        #expect(throws: SystemError.self) { try Socket.accept(from: copy) }
        let client = try? Socket.connect(to: address)
        #expect(client == nil || Socket.pendingError(of: client!) == ECONNREFUSED)
    }

    @Test(arguments: [Socket.Form.stream, .packets])
    func `listens at a path in place of a socket nobody uses`(form: Socket.Form) throws {
        let scratch = Scratch()
        let path = scratch["x.sock"]
        try Socket.listen(at: path, form).close()
        let listener = try Socket.listen(at: path, form, mode: 0o620)
        var status = stat()
        #expect(lstat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o620)

        let client = try Socket.connect(to: path, form)
        let served = try #require(try Socket.accept(from: listener))
        #expect(try PeerCredentials(of: served) == PeerCredentials(pid: getpid(), uid: geteuid(), gid: getegid()))
        #expect(try PeerCredentials(of: client).isSameUserOrRoot)
    }

    @Test func `leaves a file that is no socket alone`() throws {
        let scratch = Scratch()
        let path = scratch["precious"]
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        #expect { try Socket.listen(at: path, .stream) } throws: { ($0 as? SystemError)?.code == EADDRINUSE }
        #expect(access(path, F_OK) == 0)
    }

    @Test func `says why a path cannot be connected to`() throws {
        let scratch = Scratch()
        #expect { try Socket.connect(to: scratch["none"], .stream) } throws: { ($0 as? SystemError)?.code == ENOENT }
        try Socket.listen(at: scratch["dead"], .stream).close()
        #expect { try Socket.connect(to: scratch["dead"], .stream) } throws: {
            ($0 as? SystemError)?.code == ECONNREFUSED
        }
        let long = String(repeating: "x", count: UnixPath.lengthMax + 1)
        #expect { try Socket.connect(to: long, .stream) } throws: { ($0 as? SystemError)?.code == ENAMETOOLONG }
        let longest = String(repeating: "x", count: UnixPath.lengthMax)
        #expect { try Socket.connect(to: longest, .stream) } throws: { ($0 as? SystemError)?.code == ENOENT }
    }

    @Test func `reaches a listener at an abstract name`() throws {
        let name = "@linux-tests-\(Random.word())"
        let listener = try Socket.listen(at: name, .stream)
        let client = try Socket.connect(to: name, .stream)
        #expect(try Socket.accept(from: listener) != nil)
        #expect(client.number >= 0)
    }

    @Test func `accepts from the loop until it is closed`() throws {
        let loop = try EventLoop()
        let scratch = Scratch()
        var accepted: [Descriptor] = []
        let listener = try Listener(try Socket.listen(at: scratch["x.sock"], .stream), on: loop) { accepted.append($0) }
        var clients = try (0..<3).map { _ in try Socket.connect(to: scratch["x.sock"], .stream) }
        try loop.turn { accepted.count == 3 }
        let released = listener.release()
        clients.append(try Socket.connect(to: scratch["x.sock"], .stream))
        try loop.turn(wait: .zero)
        #expect(accepted.count == 3)
        #expect(try Socket.accept(from: released) != nil)
    }
}

extension EventLoop {
    func turn(_ condition: () -> Bool) throws { try turn(until: condition) }
}
