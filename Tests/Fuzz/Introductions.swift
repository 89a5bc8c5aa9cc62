import HTTP
import Nouns
import Routing

extension FuzzTarget {
    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]

    /// The PROXY protocol: what is read does not depend on how the bytes come, and nothing behind a header counts.
    package static let proxy: FuzzTarget = {
        var target = FuzzTarget(
            "proxy",
            seeds: [
                "PROXY TCP4 192.0.2.1 10.0.0.1 56324 443\r\nGET / HTTP/1.1\r\n",
                "PROXY TCP6 2001:db8::1 ::1 0 65535\r\n",
                "PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff::1 ::1 1 2\r\n", "PROXY TCP4 1.1.1.1 1.1.1.1 01 1\r\n",
                "PROXY",
            ],
            words: [
                "PROXY ", "TCP4 ", "TCP6 ", "UNKNOWN", "\r\n", "::", "::ffff:", "255", "65535",
                "\u{21}\u{11}\u{00}\u{0C}",
                "\u{20}\u{00}\u{00}\u{00}", "\u{21}\u{21}\u{00}\u{24}",
            ]
        ) { try checkIntroduction($0) }
        let (four, six): ([UInt8], [UInt8]) = (
            [192, 0, 2, 1, 10, 0, 0, 1, 0, 80, 1, 187], [UInt8](repeating: 0x20, count: 36)
        )
        target.seeds += [
            signature + [0x21, 0x11, 0, 12] + four, signature + [0x21, 0x21, 0, 36] + six,
            signature + [0x20, 0, 0, 0], signature + [0x21, 0x11, 0, 16] + four + [4, 0, 1, 9],
            signature + [0x21, 0x31, 0, 216] + [UInt8](repeating: 97, count: 216), signature + [0x21, 0x11, 0x10, 0],
        ]
        return target
    }()

    private static func checkIntroduction(_ bytes: UnsafeRawBufferPointer) throws {
        let whole = ProxyHeader.read(bytes)
        for count in bytes.prefixes where count < bytes.count {
            let part = bytes.withPrefix(count) { ProxyHeader.read($0) }
            switch part {
            case .incomplete:
                if case .found(let length, _) = whole {
                    try demand(count < length, "\(count) of \(length) are too few")
                }
            case .malformed: try demand(whole == .malformed, "\(count) bytes are malformed, more are \(whole)")
            case .found(let length, _): try demand(length <= count && part == whole, "\(part), then \(whole)")
            }
        }
        switch whole {
        case .incomplete: try demand(bytes.count < ProxyHeader.lengthMax, "\(bytes.count) bytes and no end")
        case .malformed: break
        case .found(let length, let client):
            try demand((1...min(bytes.count, ProxyHeader.lengthMax)).contains(length), "\(length) of \(bytes.count)")
            try demand(bytes.withPrefix(length) { ProxyHeader.read($0) } == whole, "what stands behind counts")
            try demand(said(bytes, length) == client, "\(String(describing: client)) is not who was said")
        }
    }

    /// Who a header names, read in another way.
    private static func said(_ bytes: UnsafeRawBufferPointer, _ length: Int) -> IPAddress? {
        guard bytes.starts(with: signature) else {
            let words = String(decoding: bytes[..<(length - 2)], as: UTF8.self).split(separator: " ")
            return words.count == 6 && words[1] != "UNKNOWN" ? IPAddress(words[2]) : nil
        }
        guard bytes[12] & 15 == 1 else { return nil }
        switch bytes[13] {
        case 0x11: return IPAddress(bytes[16..<20])
        case 0x21: return IPAddress(bytes[16..<32])
        default: return nil
        }
    }
}
