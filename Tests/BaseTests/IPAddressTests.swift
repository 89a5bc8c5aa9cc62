import Nouns
import Testing

@Suite struct IPAddressTests {
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("::", "::"), ("::1", "::1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"), ("fe80::", "fe80::"),
        ("::ffff:192.0.2.1", "192.0.2.1"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
        ("::ffff:c000:201", "192.0.2.1"),
    ])
    func `an address is read and written`(text: String, written: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == written)
        #expect(IPAddress(address.bytes) == address && IPAddress(written) == address)
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.04", "1.2.3.", ".1.2.3", "1.2.3.-4", "1.2.3.4 ", "a.b.c.d",
        ":",
        ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "12345::", "g::", "::1.2.3",
        "::1%eth0",
        "[::1]", "1.2.3.4::", "::1:", ":1::", "+1.2.3.4", "１.2.3.4",
    ])
    func `what is no address is refused`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false), ("0.0.0.0/0", "255.0.0.1", true),
        ("0.0.0.0/0", "::1", false), ("::/0", "1.2.3.4", false), ("::/0", "fe80::1", true),
        ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.6", false), ("192.0.2.6/31", "192.0.2.7", true),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::", false), ("::1", "::1", true),
        ("2001:db8:0:1::/64", "2001:db8:0:1:8000::", true), ("2001:db8:0:1::/64", "2001:db8:0:2::", false),
        ("2001:db8::8000/113", "2001:db8::ffff", true), ("2001:db8::8000/113", "2001:db8::7fff", false),
        ("::1", "::2", false), ("10.0.0.0/8", "::ffff:10.1.1.1", true),
    ])
    func `a range holds what begins like it`(range: String, address: String, isIn: Bool) throws {
        #expect(try #require(AddressRange(range)).contains(try #require(IPAddress(address))) == isIn)
        #expect(AddressRange(try #require(AddressRange(range)).description) == AddressRange(range))
    }

    @Test(arguments: [
        "", "/8", "10.0.0.0/33", "::/129", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0.0/-1", "x/8",
    ])
    func `what is no range is refused`(text: String) {
        #expect(AddressRange(text) == nil)
    }

    @Test(arguments: [
        ("api.example.com", true), ("*.example.com", true), ("EXAMPLE.com", true), ("localhost", true), ("a_b.c", true),
        ("", false), ("*", false), ("*.com", false), ("*.*.com", false), ("a..b", false), (".a", false), ("a.", false),
        ("-a.b", false), ("a-.b", false), ("a b", false), ("ä.com", false), (String(repeating: "a", count: 64), false),
        (String(repeating: "abcd.", count: 51), false),
    ])
    func `a host is a name or a wildcard`(text: String, isHost: Bool) {
        #expect((HostPattern(text) != nil) == isHost)
        #expect(HostPattern(text).map(\.description) == (isHost ? text.lowercased() : nil))
    }
}
