import CLog
import Support
import Testing

/// Puts right checksums where a test has changed what they cover.
enum Checksummed {
    static func header(_ content: [UInt8]) -> [UInt8] {
        var content = content
        let crc = clog_crc32c_portable(0, content, 60)
        for byte in 0..<4 { content[60 + byte] = UInt8(truncatingIfNeeded: crc >> (8 * byte)) }
        return content
    }
}

@Suite struct ChecksumTests {
    @Test func `gives the check values of RFC 3720`() {
        let zeros = [UInt8](repeating: 0, count: 32)
        let ones = [UInt8](repeating: 0xff, count: 32)
        let rising = Array(UInt8(0)..<32)
        for checksum in [clog_crc32c, clog_crc32c_portable] {
            #expect(checksum(0, zeros, 32) == 0x8a91_36aa)
            #expect(checksum(0, ones, 32) == 0x62a8_ab43)
            #expect(checksum(0, rising, 32) == 0x46dd_794e)
            #expect(checksum(0, Array("123456789".utf8), 9) == 0xe306_9283)
        }
    }

    @Test func `the instruction and the loop agree, in one piece and in two`() {
        var random = SplitMix64(seed: 1)
        for length in 0..<200 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            let whole = clog_crc32c(0, bytes, length)
            #expect(whole == clog_crc32c_portable(0, bytes, length))
            let half = length / 2
            let rest = Array(bytes[half...])
            #expect(clog_crc32c(clog_crc32c(0, bytes, half), rest, length - half) == whole)
        }
    }
}
