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
    /// The form towards the client.
    private let framing: BodyFraming

    /// - Parameters:
    ///   - source: the form that the instance chose.
    ///   - framing: the form towards the client.
    init(_ source: BodyFraming, as framing: BodyFraming) {
        self.framing = framing
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

    /// Takes what belongs to the body from the front of the bytes and passes it on in the client's form; returns how
    /// much it took.
    ///
    /// - Throws: a fault of the instance, whose answer is then cut off.
    mutating func receive(
        _ input: UnsafeRawBufferPointer, _ send: (UnsafeRawBufferPointer) -> Void
    ) throws(Fault) -> Int {
        switch rest {
        case .none: return 0
        case .length(let remaining):
            let count = min(remaining, input.count)
            rest = count == remaining ? .none : .length(remaining - count)
            send(UnsafeRawBufferPointer(rebasing: input[..<count]))
            return count
        case .untilClose:
            pass(input, send)
            return input.count
        case .chunked(var decoder):
            var data: [UInt8] = []
            let count = try decoder.decode(input) { data += $0 }
            data.withUnsafeBytes { pass($0, send) }
            if decoder.isComplete {
                rest = .none
                sendEnd(send)
            } else {
                rest = .chunked(decoder)
            }
            return count
        }
    }

    /// The instance's connection has ended: true when that is the end of the body.
    mutating func end(_ send: (UnsafeRawBufferPointer) -> Void) -> Bool {
        guard case .untilClose = rest else { return isComplete }
        rest = .none
        sendEnd(send)
        return true
    }

    private func pass(_ data: UnsafeRawBufferPointer, _ send: (UnsafeRawBufferPointer) -> Void) {
        guard !data.isEmpty else { return }
        guard !isVerbatim else { return send(data) }
        var chunk: [UInt8] = []
        chunk.reserveCapacity(data.count + 16)
        ChunkedEncoder.append(data, to: &chunk)
        chunk.withUnsafeBytes { send($0) }
    }

    private func sendEnd(_ send: (UnsafeRawBufferPointer) -> Void) {
        guard !isVerbatim else { return }
        var end: [UInt8] = []
        ChunkedEncoder.appendEnd(to: &end)
        end.withUnsafeBytes { send($0) }
    }
}
