import HTTP2
import Nouns
import Testing

@Suite struct FloodGuardTests {
    @Test func `so many at once, then so many each second`() {
        var bucket = FloodGuard(.init(burst: 3, perSecond: 2), at: .zero)
        var taken = (0..<5).map { _ in bucket.take(at: .zero) }
        #expect(taken == [true, true, true, false, false])
        taken = [499, 500, 501].map { bucket.take(at: .zero + .milliseconds($0)) }
        #expect(taken == [false, true, false])
        taken = (0..<5).map { _ in bucket.take(at: .zero + .seconds(3600)) }
        #expect(taken == [true, true, true, false, false])
    }

    @Test func `a clock that stands still or jumps gives nothing away`() {
        var bucket = FloodGuard(.init(burst: 1, perSecond: 1), at: Instant(nanoseconds: 5_000_000_000))
        let taken = [Instant.zero, .zero, .distantFuture, .distantFuture].map { bucket.take(at: $0) }
        #expect(taken == [true, false, true, false])
    }
}
