import Linux
import Testing

@Suite struct SocketAddressTests {
    @Test(arguments: ["127.0.0.1:8090", "0.0.0.0:0", "[::1]:80", "[2001:db8::5]:65535", "255.255.255.255:1"])
    func `reads and writes an address`(text: String) throws {
        #expect(try #require(SocketAddress(text)).description == text)
    }

    @Test(arguments: [
        "", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1:1x",
        "1.2.3:80",
        "::1:80", "[::1]", "[::1", "[127.0.0.1]:80", "localhost:80", "[::1%lo]:80", "127.0.0.1:000080", "127.0.0.1 :80",
    ])
    func `refuses what is no numeric address`(text: String) {
        #expect(SocketAddress(text) == nil)
    }

    @Test func `knows the loopback`() throws {
        #expect(SocketAddress.loopback(port: 9000).isLoopback)
        #expect(SocketAddress.loopback(port: 9000).description == "127.0.0.1:9000")
        #expect(try #require(SocketAddress("[::1]:1")).isLoopback)
        #expect(try #require(SocketAddress("127.9.9.9:1")).isLoopback)
        #expect(try !#require(SocketAddress("0.0.0.0:1")).isLoopback)
        #expect(try !#require(SocketAddress("[::2]:1")).isLoopback)
    }
}
