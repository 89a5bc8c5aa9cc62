/// Makes document ids that sort by the time of their making: ULIDs (<https://github.com/ulid/spec>), 26 characters of
/// Crockford's base 32: 48 bits of Unix milliseconds, 80 bits of randomness.
///
/// Neighbours in time are neighbours in the index, so that inserts touch few pages. Within one millisecond, or when
/// the clock goes back, the last id is counted up instead: ids of one generator always ascend.
package struct IDGenerator: Sendable {
    private static let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    private var milliseconds: Int64 = -1
    private var random: (high: UInt16, low: UInt64) = (0, 0)

    package init() {}

    /// - Parameter now: Unix time in milliseconds.
    /// - Parameter random: fresh random bits; used when a new millisecond began.
    package mutating func next(at now: Int64, random fresh: (high: UInt16, low: UInt64)) -> DocumentID {
        if now > milliseconds {
            // The top bit stays free, so that there is room to count up.
            (milliseconds, random) = (now, (fresh.high & 0x7FFF, fresh.low))
        } else {
            let (low, carry) = random.low.addingReportingOverflow(1)
            random.low = low
            if carry { random.high &+= 1 }
        }
        var text: [UInt8] = []
        text.reserveCapacity(26)
        let time = UInt64(milliseconds)
        for shift in stride(from: 45, through: 0, by: -5) { text.append(Self.digits[Int(time >> shift & 31)]) }
        var rest = UInt128(random.high) << 64 | UInt128(random.low)
        var tail: [UInt8] = []
        for _ in 0..<16 {
            tail.append(Self.digits[Int(rest & 31)])
            rest >>= 5
        }
        text += tail.reversed()
        return DocumentID(generated: String(decoding: text, as: UTF8.self))
    }
}
