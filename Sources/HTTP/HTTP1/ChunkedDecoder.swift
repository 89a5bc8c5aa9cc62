import Nouns

/// Takes a chunked body apart (RFC 9112 §7.1) as it comes. Extensions are checked and dropped.
package struct ChunkedDecoder: Hashable, Sendable {
    /// Bytes of one line with a chunk's size and extensions.
    package static let lineMax = 256
    /// Bytes of all trailers together.
    package static let trailersMax = 4_096
    /// Bytes of framing beyond 16 and twice the data of each chunk.
    package static let overheadMax = 16_384

    private enum State: Hashable {
        /// The chunk's size. Leaves to `extensions` at `;` or a space, to `sizeEnd` at CR.
        case size(digits: Int)
        /// What stands behind a size. Leaves to `sizeEnd` at CR.
        case extensions
        /// LF is due. Leaves to `data`, or to `trailer` behind the last chunk.
        case sizeEnd
        /// Leaves to `dataEnd` when the chunk is complete.
        case data
        /// CR is due, then LF (`isHalf`). Leaves to `size`.
        case dataEnd(isHalf: Bool)
        /// The beginning of a trailer line. Leaves to `trailerName`, or to `end` at CR.
        case trailer
        /// Leaves to `trailerValue` at the colon.
        case trailerName
        /// Leaves to `trailerEnd` at CR.
        case trailerValue
        /// LF is due. Leaves to `trailer`.
        case trailerEnd
        /// The last LF is due. Leaves to `complete`.
        case end
        /// Nothing more belongs to this body.
        case complete
    }

    private var state = State.size(digits: 0)
    /// Of the chunk that is being read: bytes still to come.
    private var remaining = 0
    private var lineLength = 0
    private var trailersLength = 0
    private var overhead = 0

    /// The trailer section's lines, each with its line end.
    package private(set) var trailers: [UInt8] = []

    package init() {}

    package var isComplete: Bool { state == .complete }

    /// Calls `body` with each piece of data, in order, and returns how many bytes belong to the body: all of them
    /// unless it is complete.
    package mutating func decode(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(Fault) -> Int {
        var index = 0
        while index < bytes.count, state != .complete {
            if state == .data {
                let count = min(remaining, bytes.count - index)
                body(bytes[ByteRange(index, index + count)])
                index += count
                remaining -= count
                if remaining == 0 { state = .dataEnd(isHalf: false) }
            } else {
                try step(bytes[index])
                index += 1
            }
        }
        return index
    }

    private mutating func step(_ byte: UInt8) throws(Fault) {
        switch state {
        case .size, .extensions, .sizeEnd: try stepSize(byte)
        case .dataEnd(let isHalf):
            guard byte == UInt8(ascii: isHalf ? "\n" : "\r") else { throw .chunkMalformed }
            state = isHalf ? .size(digits: 0) : .dataEnd(isHalf: true)
        case .trailer, .trailerName, .trailerValue, .trailerEnd, .end: try stepTrailer(byte)
        case .data, .complete: break
        }
    }

    private mutating func stepSize(_ byte: UInt8) throws(Fault) {
        lineLength += 1
        guard lineLength <= Self.lineMax else { throw .chunkOverhead }
        switch state {
        case .size(let digits):
            if let value = byte.hexValue {
                guard digits < 15 else { throw .chunkMalformed }
                remaining = remaining << 4 | Int(value)
                state = .size(digits: digits + 1)
            } else {
                guard digits > 0 else { throw .chunkMalformed }
                switch byte {
                case UInt8(ascii: "\r"): state = .sizeEnd
                case UInt8(ascii: ";"), UInt8(ascii: " "), UInt8(ascii: "\t"): state = .extensions
                default: throw .chunkMalformed
                }
            }
        case .extensions:
            if byte == UInt8(ascii: "\r") {
                state = .sizeEnd
            } else if !byte.isFieldValue {
                throw .chunkMalformed
            }
        default:
            guard byte == UInt8(ascii: "\n") else { throw .chunkMalformed }
            try beginChunk()
        }
    }

    private mutating func beginChunk() throws(Fault) {
        // Many tiny chunks with long extensions would make the reader work for nothing.
        overhead = max(0, overhead + lineLength + 2 - 16 - 2 * min(remaining, Self.overheadMax))
        guard overhead <= Self.overheadMax else { throw .chunkOverhead }
        lineLength = 0
        state = remaining == 0 ? .trailer : .data
    }

    private mutating func stepTrailer(_ byte: UInt8) throws(Fault) {
        trailersLength += 1
        guard trailersLength <= Self.trailersMax else { throw .trailersTooLong }
        defer { if state != .end, state != .complete { trailers.append(byte) } }
        switch state {
        case .trailer:
            if byte == UInt8(ascii: "\r") {
                state = .end
            } else {
                guard byte.isToken else { throw .chunkMalformed }
                state = .trailerName
            }
        case .trailerName:
            if byte == UInt8(ascii: ":") {
                state = .trailerValue
            } else if !byte.isToken {
                throw .chunkMalformed
            }
        case .trailerValue:
            if byte == UInt8(ascii: "\r") {
                state = .trailerEnd
            } else if !byte.isFieldValue {
                throw .chunkMalformed
            }
        default:
            guard byte == UInt8(ascii: "\n") else { throw .chunkMalformed }
            state = state == .end ? .complete : .trailer
        }
    }
}
