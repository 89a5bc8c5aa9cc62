/// Cuts a stream of bytes into lines. A line longer than `lineMax` is split: its parts are lines of their own.
package struct LineSplitter {
    /// Bytes, without the newline.
    package static let lineMax = 8_192

    private var rest: [UInt8] = []
    /// A newline right behind a part that was split off ends that part; it begins no empty line.
    private var wasSplit = false

    package init() {}

    /// The lines that are whole now, without their newlines.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let isEndOfPart = wasSplit && bytes[start] == UInt8(ascii: "\n")
            wasSplit = false
            if isEndOfPart {
                start += 1
                continue
            }
            let window = bytes[start..<min(bytes.endIndex, start + Self.lineMax - rest.count)]
            let end = window.firstIndex(of: UInt8(ascii: "\n"))
            rest += bytes[start..<(end ?? window.endIndex)]
            start = end.map { $0 + 1 } ?? window.endIndex
            wasSplit = end == nil && rest.count == Self.lineMax
            if end != nil || wasSplit {
                lines.append(rest)
                rest = []
            }
        }
        return lines
    }

    /// What is left when the stream has ended; nil when the last line was whole.
    package mutating func finish() -> [UInt8]? {
        defer { rest = [] }
        return rest.isEmpty ? nil : rest
    }
}
