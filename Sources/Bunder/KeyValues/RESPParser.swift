/// Cuts a stream of bytes into commands: RESP arrays of bulk strings, or lines of words as typed by hand.
///
/// Bytes may come in any pieces; nothing is read twice.
package struct RESPParser {
    /// What the bytes are not; the connection ends behind the error. The message is Redis's.
    package struct Malformed: Error, Hashable, Sendable {
        package let message: String
        package init(message: String) { self.message = message }
    }

    private enum State {
        /// Between commands.
        case idle
        /// In an array, before a word's length.
        case length(remaining: Int)
        /// In a word of that many bytes.
        case word(Int, remaining: Int)
    }

    private let limits: KeyValueLimits
    private var buffer: [UInt8] = []
    private var start = 0
    private var state = State.idle
    private var words: [[UInt8]] = []
    private var wordBytes = 0

    package init(_ limits: KeyValueLimits) { self.limits = limits }

    /// Bytes taken and not yet given out.
    package var waitingBytes: Int { buffer.count - start + wordBytes }
    package var isIdle: Bool {
        if case .idle = state { return start == buffer.count }
        return false
    }

    package mutating func take(_ bytes: UnsafeRawBufferPointer) {
        if start == buffer.count { drop() } else if start > 64 << 10 { compact() }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole command; nil when there is none yet. An empty line or array is none.
    package mutating func next() throws(Malformed) -> [[UInt8]]? {
        while true {
            switch state {
            case .idle:
                guard start < buffer.count else {
                    drop()
                    return nil
                }
                guard buffer[start] == UInt8(ascii: "*") else {
                    guard let line = try line(named: "inline request") else { return nil }
                    let words = line.split { $0 == 32 || $0 == 9 }.map(Array.init)
                    if words.isEmpty { continue }
                    return words
                }
                guard let line = try line(named: "mbulk count string") else { return nil }
                guard let count = Decimal.parse(line.dropFirst()), count <= Int64(limits.wordsMax) else {
                    throw Malformed(message: "invalid multibulk length")
                }
                if count > 0 { state = .length(remaining: Int(count)) }
            case .length(let remaining):
                guard let length = try length() else { return nil }
                state = .word(length, remaining: remaining)
            case .word(let length, let remaining):
                guard buffer.count - start >= length + 2 else { return nil }
                words.append(Array(buffer[start..<start + length]))
                wordBytes += length
                start += length + 2
                guard remaining == 1 else {
                    state = .length(remaining: remaining - 1)
                    continue
                }
                state = .idle
                defer { (words, wordBytes) = ([], 0) }
                return words
            }
        }
    }

    private mutating func length() throws(Malformed) -> Int? {
        guard start < buffer.count else { return nil }
        guard buffer[start] == UInt8(ascii: "$") else {
            let scalar = Unicode.Scalar(buffer[start])
            throw Malformed(
                message: "expected '$', got '\(scalar.isASCII && buffer[start] > 31 ? String(scalar) : "?")'")
        }
        guard let line = try line(named: "bulk count string") else { return nil }
        guard let length = Decimal.parse(line.dropFirst()), length >= 0, length <= Int64(limits.valueMax),
            wordBytes + Int(length) <= limits.commandMax
        else { throw Malformed(message: "invalid bulk length") }
        return Int(length)
    }

    /// The bytes up to the next line feed, without it and a carriage return before it.
    private mutating func line(named name: String) throws(Malformed) -> ArraySlice<UInt8>? {
        let limit = min(buffer.count, start + KeyValueLimits.inlineMax)
        guard let end = buffer[start..<limit].firstIndex(of: 10) else {
            guard buffer.count - start < KeyValueLimits.inlineMax else { throw Malformed(message: "too big \(name)") }
            return nil
        }
        let line = buffer[start..<end]
        start = end + 1
        return line.last == 13 ? line.dropLast() : line
    }

    private mutating func drop() {
        if buffer.capacity > 64 << 10 { buffer = [] } else { buffer.removeAll(keepingCapacity: true) }
        start = 0
    }

    private mutating func compact() {
        buffer.removeFirst(start)
        start = 0
    }
}
