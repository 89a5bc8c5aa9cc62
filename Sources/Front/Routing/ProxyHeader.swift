import HTTP
import Nouns

/// What a proxy in front of us says on a connection before the client does: the PROXY protocol of HAProxy
/// (proxy-protocol.txt, versions 1 and 2).
package enum ProxyHeader {
    package enum Reading: Hashable, Sendable {
        /// It may become one.
        case incomplete
        /// None, or a broken one.
        case malformed
        /// So many bytes, and who the client is; nil when the proxy speaks for itself.
        case found(length: Int, client: IPAddress?)
    }

    /// Bytes of a header with all that may be attached to it.
    package static let lengthMax = 4_096
    /// Of a line of version 1, its end included.
    static let lineMax = 107

    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]
    private static let line: [UInt8] = Array("PROXY ".utf8)

    /// - Parameter bytes: all that has come, from the connection's first byte on.
    package static func read(_ bytes: UnsafeRawBufferPointer) -> Reading {
        guard let first = bytes.first else { return .incomplete }
        let start = first == signature[0] ? signature : line
        guard bytes.prefix(start.count).elementsEqual(start.prefix(bytes.count)) else { return .malformed }
        guard bytes.count > start.count else { return .incomplete }
        return first == signature[0] ? readBinary(bytes) : readLine(bytes)
    }

    /// Version 1: `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443`.
    private static func readLine(_ bytes: UnsafeRawBufferPointer) -> Reading {
        guard let end = bytes.prefix(lineMax).firstIndex(of: UInt8(ascii: "\n")) else {
            return bytes.count < lineMax ? .incomplete : .malformed
        }
        guard bytes[end - 1] == UInt8(ascii: "\r") else { return .malformed }
        let text = UnsafeRawBufferPointer(rebasing: bytes[line.count..<(end - 1)])
        guard text.allSatisfy({ (0x20...0x7E).contains($0) }) else { return .malformed }
        let words = text.text.split(separator: " ", omittingEmptySubsequences: false)
        if words[0] == "UNKNOWN" { return .found(length: end + 1, client: nil) }
        guard words.count == 5, words[0] == "TCP4" || words[0] == "TCP6", let source = IPAddress(words[1]),
            let destination = IPAddress(words[2]), isPort(words[3]), isPort(words[4]),
            words[1].contains(":") == (words[0] == "TCP6"), words[2].contains(":") == (words[0] == "TCP6")
        else { return .malformed }
        _ = destination
        return .found(length: end + 1, client: source)
    }

    private static func isPort(_ text: Substring) -> Bool {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy(\.isDigit), text == "0" || text.first != "0"
        else { return false }
        return UInt16(text) != nil
    }

    /// Version 2: signature, version and command, family, length, addresses, then attachments that we pass over.
    private static func readBinary(_ bytes: UnsafeRawBufferPointer) -> Reading {
        guard bytes.count >= 16 else { return .incomplete }
        let length = Int(bytes[14]) << 8 | Int(bytes[15])
        let (version, command) = (bytes[12] >> 4, bytes[12] & 15)
        guard version == 2, command <= 1, 16 + length <= lengthMax else { return .malformed }
        let addresses: Int
        switch bytes[13] {
        case 0x00: addresses = 0
        case 0x11: addresses = 4
        case 0x21: addresses = 16
        case 0x31: addresses = 0
        default: return .malformed
        }
        // Both addresses and both ports.
        guard addresses == 0 || length >= addresses * 2 + 4 else { return .malformed }
        guard bytes.count >= 16 + length else { return .incomplete }
        let source = command == 1 && addresses > 0 ? IPAddress(bytes[16..<(16 + addresses)]) : nil
        return .found(length: 16 + length, client: source)
    }
}
