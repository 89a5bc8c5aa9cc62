import CNghttp2
import HTTP

/// The fields of an answer, collected before they are sent. Used again and again without allocating.
package struct HTTP2Fields {
    private struct Entry {
        var name: Range<Int>
        var value: Range<Int>
        var isIndexed: Bool
    }

    private var bytes: [UInt8] = []
    private var entries: [Entry] = []

    package init() {}

    /// Begins an answer with its status.
    package mutating func begin(_ status: Int) {
        bytes.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        bytes.append(":status" as StaticString)
        let start = bytes.count
        bytes.append(decimal: status)
        entries.append(Entry(name: 0..<start, value: start..<bytes.count, isIndexed: true))
    }

    /// Begins fields that stand behind a body.
    package mutating func beginTrailers() {
        bytes.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
    }

    package var isEmpty: Bool { entries.isEmpty }

    /// - Parameters:
    ///   - name: in any case; sent in lower case.
    ///   - isIndexed: likely to come again on the same connection.
    package mutating func add(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, isIndexed: Bool = true
    ) {
        let start = bytes.count
        bytes += name
        let middle = bytes.count
        bytes.withUnsafeMutableBufferPointer { bytes in
            for index in start..<middle { bytes[index] = bytes[index].lowercasedASCII }
        }
        bytes += value
        entries.append(Entry(name: start..<middle, value: middle..<bytes.count, isIndexed: isIndexed))
    }

    /// Takes field lines in the form of HTTP/1, each with its CR LF; what is for one hop only is left out.
    package mutating func add(lines: UnsafeRawBufferPointer) {
        var start = 0
        while let end = lines.first("\n", from: start) {
            let line = UnsafeRawBufferPointer(rebasing: lines[start..<end])
            start = end + 1
            guard let colon = line.first(":", from: 0), line.last == UInt8(ascii: "\r") else { continue }
            var value = line[(colon + 1)..<(line.count - 1)]
            while value.first == UInt8(ascii: " ") { value = value.dropFirst() }
            let name = UnsafeRawBufferPointer(rebasing: line[..<colon])
            if FieldName(name).isHopByHop { continue }
            add(name, UnsafeRawBufferPointer(rebasing: value), isIndexed: Self.isWorthIndexing(name))
        }
    }

    /// Not what differs from answer to answer: it would only push the rest out of the table.
    private static func isWorthIndexing(_ name: UnsafeRawBufferPointer) -> Bool {
        switch name.count {
        case 4: !name.equalsIgnoringCase("etag")
        case 12: !name.equalsIgnoringCase("x-request-id")
        case 13: !name.equalsIgnoringCase("server-timing")
        case 14: !name.equalsIgnoringCase("content-length")
        default: true
        }
    }

    /// Calls with nghttp2's form, which is good during the call.
    func withPairs<Result>(_ body: (UnsafePointer<nghttp2_nv>, Int) -> Result) -> Result {
        bytes.withUnsafeBufferPointer { bytes in
            let base = UnsafeMutablePointer(mutating: bytes.baseAddress!)
            return withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: entries.count) { pairs in
                for (index, entry) in entries.enumerated() {
                    let flags = entry.isIndexed ? NGHTTP2_NV_FLAG_NONE : NGHTTP2_NV_FLAG_NO_INDEX
                    pairs[index] = nghttp2_nv(
                        name: base + entry.name.lowerBound, value: base + entry.value.lowerBound,
                        namelen: entry.name.count, valuelen: entry.value.count, flags: UInt8(flags.rawValue))
                }
                return body(pairs.baseAddress!, entries.count)
            }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Where the first such byte is from `start` on; sixteen are looked at at once.
    fileprivate func first(_ byte: Unicode.Scalar, from start: Int) -> Int? {
        let byte = UInt8(ascii: byte)
        let wanted = SIMD16<UInt8>(repeating: byte)
        var index = start
        while index + 16 <= count, !any(loadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self) .== wanted) {
            index += 16
        }
        while index < count, self[index] != byte { index += 1 }
        return index < count ? index : nil
    }
}
