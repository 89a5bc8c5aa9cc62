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
    private var bytes = 0

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

    /// Takes what belongs to the body from the front of the bytes and writes it as it goes on; returns how much it
    /// took.
    ///
    /// - Throws: 400 for malformed chunks, 413 for a body that is too long.
    mutating func receive(_ input: UnsafeRawBufferPointer, into output: inout [UInt8]) throws(Fault) -> Int {
        switch rest {
        case .none: return 0
        case .length(let remaining):
            let count = min(remaining, input.count)
            output += UnsafeRawBufferPointer(rebasing: input[..<count])
            rest = count == remaining ? .none : .length(remaining - count)
            return count
        case .untilEnd:
            try count(input.count)
            ChunkedEncoder.append(input, to: &output)
            return input.count
        case .chunked(var decoder):
            var pieces: [UInt8] = []
            let count = try decoder.decode(input) { pieces += $0 }
            try self.count(pieces.count)
            pieces.withUnsafeBytes { ChunkedEncoder.append($0, to: &output) }
            if decoder.isComplete {
                ChunkedEncoder.appendEnd(to: &output)
                rest = .none
            } else {
                rest = .chunked(decoder)
            }
            return count
        }
    }

    /// What came by `untilEnd` is all.
    mutating func end(into output: inout [UInt8]) {
        guard case .untilEnd = rest else { return }
        ChunkedEncoder.appendEnd(to: &output)
        rest = .none
    }

    private mutating func count(_ length: Int) throws(Fault) {
        bytes += length
        guard bytes <= bytesMax else { throw .bodyTooLong(bytesMax) }
    }
}
