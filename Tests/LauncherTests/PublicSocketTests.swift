import Glibc
import Launcher
import Linux
import Testing

struct PublicSocketTests {
    @Test func `listens`() throws {
        let free = try Socket.localAddress(of: Socket.listen(on: .loopback(port: 0)))
        let sockets = try PublicSocket(name: "http", variable: "BUNBASE_HTTP", address: "\(free)").listen(run: "/r")
        #expect(try sockets.map { try Socket.localAddress(of: $0) } == [free])
    }

    @Test func `listens with several sockets on one address`() throws {
        let free = try Socket.localAddress(of: Socket.listen(on: .loopback(port: 0)))
        let socket = PublicSocket(name: "http", variable: "BUNBASE_HTTP", address: "\(free)")
        let sockets = try socket.listen(run: "/r", count: 3)
        #expect(try sockets.map { try Socket.localAddress(of: $0) } == [free, free, free])
    }

    @Test func `does not listen beside a stranger who shares the port`() throws {
        let stranger = try Socket.listen(on: .loopback(port: 0), sharesPort: true)
        let address = try Socket.localAddress(of: stranger)
        let socket = PublicSocket(name: "http", variable: "BUNBASE_HTTP", address: "\(address)")
        #expect(throws: PublicSocket.Unavailable.self) { try socket.listen(run: "/r", count: 2) }
    }

    @Test func `says which process has the address, and which variable sets another`() throws {
        let taken = try Socket.listen(on: .loopback(port: 0))
        let address = try Socket.localAddress(of: taken)
        let socket = PublicSocket(name: "http", variable: "BUNBASE_HTTP", address: "\(address)")
        let error = try #require(throws: PublicSocket.Unavailable.self) { try socket.listen(run: "/r") }
        #expect(error.reason.hasPrefix("\(address) is taken by process \(getpid()) ("))
        #expect(error.reason.hasSuffix("). Stop it, or set BUNBASE_HTTP to another address."))
    }

    @Test func `says that an address is not of this machine`() throws {
        let socket = PublicSocket(name: "http", variable: "BUNBASE_HTTP", address: "192.0.2.1:8090")
        let error = try #require(throws: PublicSocket.Unavailable.self) { try socket.listen(run: "/r") }
        #expect(
            error.reason == "192.0.2.1:8090 is not an address of this machine. Set BUNBASE_HTTP to one that is.")
    }

    @Test func `finds listeners on IPv6 and on all addresses too`() throws {
        for text in ["[::1]:0", "0.0.0.0:0"] {
            let socket = try Socket.listen(on: #require(SocketAddress(text)))
            let holders = AddressHolder.all(of: try Socket.localAddress(of: socket))
            #expect(holders.map(\.pid) == [getpid()])
            #expect(holders.map(\.descriptor) == [socket.number])
        }
    }
}
