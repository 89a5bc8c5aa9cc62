import HTTP

/// What names a request in logs, answers and at the instance: the client's own, if it is sane, else one of ours.
package struct RequestID: Sendable {
    package static let lengthMax = 64

    private let prefix: String
    private var last: UInt64 = 0

    /// - Parameter session: random, so that two fronts' numbers differ.
    package init(session: UInt64) {
        let text = String(session, radix: 16)
        prefix = String(repeating: "0", count: 16 - text.utf8.count) + text + "-"
    }

    package mutating func next() -> String {
        last += 1
        return prefix + String(last, radix: 16)
    }

    /// The client's `X-Request-Id`: 1 to 64 letters, digits, `-`, `_` and `.`; nil for anything else.
    package static func presented(_ head: RequestHead, in bytes: UnsafeRawBufferPointer) -> String? {
        guard let range = head.fields.first(.requestID), (1...lengthMax).contains(range.count) else { return nil }
        let isSane = bytes[range].allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        return isSane ? bytes[range].text : nil
    }
}
