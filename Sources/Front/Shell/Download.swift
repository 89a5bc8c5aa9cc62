import HTTP
import Nouns

/// How much of an answer's body has come, and in which form it goes on to the client.
struct Download {
    private enum Rest {
        case length(Int)
        case chunked(ChunkedDecoder)
        case untilClose
        case none
    }

    private var rest: Rest
    /// Bytes of the body, without framing, that went on to the client.
    private(set) var passed = 0
    /// What stands behind the body for a client whose own form has no place for it, unless it takes none.
    private(set) var trailers: [UInt8] = []
    /// The form towards the client.
    private let framing: BodyFraming
    /// The client said `TE: trailers`; to others none are sent (RFC 9110 §6.5.1).
    private let takesTrailers: Bool

    /// - Parameters:
    ///   - source: the form that the instance chose.
    ///   - framing: the form towards the client.
    ///   - takesTrailers: whether fields behind the body go on.
    init(_ source: BodyFraming, as framing: BodyFraming, takesTrailers: Bool) {
        (self.framing, self.takesTrailers) = (framing, takesTrailers)
        switch source {
        case .none: rest = .none
        case .length(let length): rest = .length(length)
        case .chunked: rest = .chunked(ChunkedDecoder())
        case .untilClose: rest = .untilClose
        }
    }

    var isComplete: Bool { if case .none = rest { true } else { false } }

    /// Whether bytes go on exactly as they come.
    private var isVerbatim: Bool { framing != .chunked }

    /// Of so many bytes that came, how many go on as they are; nil when they need `receive`.
    mutating func passThrough(_ count: Int) -> Int? {
        switch rest {
        case .none: return 0
        case .length(let remaining):
            rest = count < remaining ? .length(remaining - count) : .none
            passed += min(count, remaining)
            return min(count, remaining)
        case .untilClose:
            guard isVerbatim else { return nil }
            passed += count
            return count
        case .chunked: return nil
        }
    }

    /// Takes what belongs to the body from the front of the bytes and writes it in the client's form; returns how much
    /// it took.
    ///
    /// - Throws: a fault of the instance, whose answer is then cut off.
    mutating func receive(_ input: UnsafeRawBufferPointer, into output: OutputBuffer) throws(Fault) -> Int {
        switch rest {
        case .none: return 0
        case .length, .untilClose:
            if let count = passThrough(input.count) {
                output.append(UnsafeRawBufferPointer(rebasing: input[..<count]))
                return count
            }
            output.append(chunk: input)
            passed += input.count
            return input.count
        case .chunked(var decoder):
            var length = 0
            let count = try decoder.decode(input) { [isVerbatim] data in
                length += data.count
                if isVerbatim { output.append(data) } else { output.append(chunk: data) }
            }
            passed += length
            if decoder.isComplete {
                rest = .none
                if isVerbatim, takesTrailers { trailers = decoder.trailers }
                appendEnd(decoder.trailers, to: output)
            } else {
                rest = .chunked(decoder)
            }
            return count
        }
    }

    /// The instance's connection has ended: true when that is the end of the body.
    mutating func end(into output: OutputBuffer) -> Bool {
        guard case .untilClose = rest else { return isComplete }
        rest = .none
        appendEnd(to: output)
        return true
    }

    private func appendEnd(_ trailers: [UInt8] = [], to output: OutputBuffer) {
        guard !isVerbatim else { return }
        output.append("0\r\n" as StaticString)
        if takesTrailers { Trailers.append(trailers, to: output) }
        output.append("\r\n" as StaticString)
    }
}
