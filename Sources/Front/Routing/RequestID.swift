import HTTP

/// What names a request in logs, answers and at the instance: the client's own, if it is sane, else one of ours.
///
/// A value of fixed size: naming a request allocates nothing.
package struct RequestID: Sendable {
    package static let lengthMax = 64

    private typealias Words = (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)
    private var words: Words = (0, 0, 0, 0, 0, 0, 0, 0)
    private var count = 0

    fileprivate init() {}

    fileprivate mutating func append(_ bytes: UnsafeRawBufferPointer) {
        withUnsafeMutableBytes(of: &words) { words in
            UnsafeMutableRawBufferPointer(rebasing: words[count...]).copyMemory(from: bytes)
        }
        count += bytes.count
    }

    /// - Parameter digits: how many of the 16 there are, the lowest.
    fileprivate mutating func append(hexadecimal number: UInt64, digits: Int) {
        let (high, low) = HexWord.digits(digits == 16 ? number : number << UInt64(64 - 4 * digits))
        withUnsafeMutableBytes(of: &words) { words in
            words.storeBytes(of: high, toByteOffset: count, as: UInt64.self)
            words.storeBytes(of: low, toByteOffset: count + 8, as: UInt64.self)
        }
        count += digits
    }

    package func append(to output: OutputBuffer) {
        withUnsafeBytes(of: words) { output.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }

    package var text: String {
        withUnsafeBytes(of: words) { String(decoding: $0[..<count], as: UTF8.self) }
    }

    /// 1 to 64 letters, digits, `-`, `_` and `.`; nil for anything else.
    package init?(_ text: UnsafeRawBufferPointer) {
        guard (1...Self.lengthMax).contains(text.count) else { return nil }
        let isSane = text.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard isSane else { return nil }
        append(text)
    }

    /// The client's `X-Request-Id`, if it is sane.
    package static func presented(_ head: RequestHead, in bytes: UnsafeRawBufferPointer) -> RequestID? {
        guard let range = head.fields.first(.requestID) else { return nil }
        return RequestID(bytes[range])
    }
}

/// Names the requests of one loop in turn: its session, then a number.
package struct RequestIDs: Sendable {
    private let prefix: RequestID
    private var last: UInt64 = 0

    /// - Parameter session: random, so that two fronts' numbers differ.
    package init(session: UInt64) {
        var prefix = RequestID()
        prefix.append(hexadecimal: session, digits: 16)
        [UInt8(ascii: "-")].withUnsafeBytes { prefix.append($0) }
        self.prefix = prefix
    }

    package mutating func next() -> RequestID {
        last += 1
        var id = prefix
        id.append(hexadecimal: last, digits: (64 - last.leadingZeroBitCount + 3) / 4)
        return id
    }
}
