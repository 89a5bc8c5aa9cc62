import HTTP
import Nouns
import Routing

/// How much of a request's body has come, and in which form it goes on: as it is, or in chunks of ours.
struct Upload {
    private enum Rest {
        case length(Int)
        case chunked(ChunkedDecoder)
        /// Data alone, whose end is told by `end`; goes on in chunks.
        case untilEnd
        case none
    }

    private var rest: Rest
    private let bytesMax: Int
    /// Bytes of the body, without framing, that have come.
    private(set) var received = 0

    /// - Parameter bytesMax: of the body, without framing.
    init(_ framing: BodyFraming, bytesMax: Int) {
        self.bytesMax = bytesMax
        switch framing {
        case .none: rest = .none
        case .untilClose: rest = .untilEnd
        case .length(let length): rest = .length(length)
        case .chunked: rest = .chunked(ChunkedDecoder())
        }
    }

    var isComplete: Bool { if case .none = rest { true } else { false } }

    /// Of so many bytes that came, how many go on as they are; nil when they need `receive`.
    mutating func passThrough(_ count: Int) -> Int? {
        guard case .length(let remaining) = rest else { return nil }
        rest = count < remaining ? .length(remaining - count) : .none
        received += min(count, remaining)
        return min(count, remaining)
    }

    /// Takes what belongs to the body from the front of the bytes and writes it as it goes on; returns how much it
    /// took.
    ///
    /// - Throws: 400 for malformed chunks, 413 for a body that is too long.
    mutating func receive(_ input: UnsafeRawBufferPointer, into output: OutputBuffer) throws(Fault) -> Int {
        switch rest {
        case .none: return 0
        case .length:
            let count = passThrough(input.count)!
            output.append(UnsafeRawBufferPointer(rebasing: input[..<count]))
            return count
        case .untilEnd:
            try count(input.count)
            output.append(chunk: input)
            return input.count
        case .chunked(var decoder):
            var length = 0
            let count = try decoder.decode(input) {
                length += $0.count
                output.append(chunk: $0)
            }
            try self.count(length)
            if decoder.isComplete {
                output.append("0\r\n" as StaticString)
                Trailers.append(decoder.trailers, to: output)
                output.append("\r\n" as StaticString)
                rest = .none
            } else {
                rest = .chunked(decoder)
            }
            return count
        }
    }

    /// What came by `untilEnd` is all.
    mutating func end(into output: OutputBuffer) {
        guard case .untilEnd = rest else { return }
        output.append("0\r\n\r\n" as StaticString)
        rest = .none
    }

    private mutating func count(_ length: Int) throws(Fault) {
        received += length
        guard received <= bytesMax else { throw .bodyTooLong(bytesMax) }
    }
}
