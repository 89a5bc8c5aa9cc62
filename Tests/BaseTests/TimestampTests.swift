import Nouns
import Testing

struct TimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (951_782_400_123, "2000-02-29T00:00:00.123Z"),
        (1_795_439_655_007, "2026-11-23T13:14:15.007Z"), (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (-1, "1970-01-01T00:00:00.000Z"),
    ])
    func `writes moments as RFC 3339 says`(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds).text == text)
    }
}
