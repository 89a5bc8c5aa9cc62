import HTTP
import Nouns

/// A request whose head is complete, and what of its body has come.
struct IncomingBody {
    /// Room made at once for a body that says how long it is; more is made as it comes.
    private static let reservedMax = 65_536

    let head: RequestHead
    let headBytes: [UInt8]
    private(set) var bytes: [UInt8] = []
    private let bodyMax: Int
    private var decoder: ChunkedDecoder?
    /// Of a body that says how long it is: bytes still to come.
    private var remaining = 0

    init(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer, bodyMax: Int) {
        (self.head, self.bodyMax) = (head, bodyMax)
        headBytes = Array(bytes[..<head.length])
        switch head.framing {
        case .none, .untilClose: break
        case .length(let length): remaining = length
        case .chunked: decoder = ChunkedDecoder()
        }
    }

    var isComplete: Bool { decoder?.isComplete ?? (remaining == 0) }

    var requestID: String? {
        head.fields.first(.bunbaseRequestID).map { range in headBytes.withUnsafeBytes { $0[range].text } }
    }

    /// Throws 413 when the body says that it is too long.
    func checkLength() throws(Fault) {
        if remaining > bodyMax { throw tooLong }
    }

    mutating func reserve() { bytes.reserveCapacity(min(remaining, Self.reservedMax)) }

    /// Takes bytes of the body and returns how many.
    ///
    /// Throws 413 when it becomes too long, 400 when it is not in chunks as it says.
    mutating func take(_ input: UnsafeRawBufferPointer) throws(Fault) -> Int {
        guard var decoder else {
            let count = min(remaining, input.count)
            bytes += input[..<count]
            remaining -= count
            return count
        }
        var taken = bytes
        bytes = []
        let used = try decoder.decode(input) { taken += $0 }
        guard taken.count <= bodyMax else { throw tooLong }
        bytes = taken
        self.decoder = decoder
        return used
    }

    private var tooLong: Fault {
        Fault(413, "request.body_too_long", "The request's body is longer than \(bodyMax) bytes.")
    }
}
