import CNghttp2
import HTTP

/// The fields of an answer, collected before they are sent. Used again and again without allocating.
package final class HTTP2Fields {
    /// Names and values, one behind the other.
    private let text = OutputBuffer(capacity: 512)
    /// Their lengths; where they lie is filled in when they are sent.
    private var pairs: [nghttp2_nv] = []

    package init() {}

    /// Begins an answer with its status.
    package func begin(_ status: Int) {
        beginTrailers()
        text.append(":status" as StaticString)
        let middle = text.count
        text.append(decimal: status)
        note(middle, text.count - middle, isIndexed: true)
    }

    /// Begins fields that stand behind a body.
    package func beginTrailers() {
        text.removeAll()
        pairs.removeAll(keepingCapacity: true)
    }

    package var isEmpty: Bool { pairs.isEmpty }

    /// - Parameters:
    ///   - name: in any case; sent in lower case.
    ///   - isIndexed: likely to come again on the same connection.
    package func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, isIndexed: Bool = true) {
        text.append(lowercasing: name)
        text.append(value)
        note(name.count, value.count, isIndexed: isIndexed)
    }

    private func note(_ name: Int, _ value: Int, isIndexed: Bool) {
        let flags = isIndexed ? NGHTTP2_NV_FLAG_NONE : NGHTTP2_NV_FLAG_NO_INDEX
        pairs.append(
            nghttp2_nv(name: nil, value: nil, namelen: name, valuelen: value, flags: UInt8(flags.rawValue)))
    }

    /// Takes field lines in the form of HTTP/1, each with its CR LF; what is for one hop only is left out.
    package func add(lines: UnsafeRawBufferPointer) {
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
        var place = UnsafeMutablePointer(mutating: text.bytes.bindMemory(to: UInt8.self).baseAddress!)
        return pairs.withUnsafeMutableBufferPointer { pairs in
            for index in pairs.indices {
                (pairs[index].name, pairs[index].value) = (place, place + pairs[index].namelen)
                place += pairs[index].namelen + pairs[index].valuelen
            }
            return body(UnsafePointer(pairs.baseAddress!), pairs.count)
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
