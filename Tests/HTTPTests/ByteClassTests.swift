import HTTP
import Testing

struct ByteClassTests {
    static let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

    @Test func `a token is what RFC 9110 lists`() {
        let members = Set("!#$%&'*+-.^_`|~\(Self.letters)".utf8)
        for byte in UInt8.min...UInt8.max { #expect(byte.isToken == members.contains(byte), "\(byte)") }
    }

    @Test func `a target is visible ASCII without delimiters of other grammars`() {
        for byte in UInt8.min...UInt8.max {
            let isMember = (0x21...0x7E).contains(byte) && !Set("\"#<>\\".utf8).contains(byte)
            #expect(byte.isTarget == isMember, "\(byte)")
        }
    }

    @Test func `an authority is what RFC 3986 lists`() {
        let members = Set("-._~!$&'()*+,;=%:[]\(Self.letters)".utf8)
        for byte in UInt8.min...UInt8.max { #expect(byte.isAuthority == members.contains(byte), "\(byte)") }
    }

    @Test func `a value holds no control byte but the tab`() {
        for byte in UInt8.min...UInt8.max {
            #expect(byte.isFieldValue == (byte == 9 || (byte >= 32 && byte != 127)), "\(byte)")
        }
    }
}
