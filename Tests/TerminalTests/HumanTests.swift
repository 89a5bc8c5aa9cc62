import Terminal
import Testing

struct HumanTests {
    @Test(
        arguments: [
            (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (860_160, "840 KiB"),
            (1_258_291, "1.2 MiB"), (5 << 30, "5.0 GiB"), (5000 << 40, "5000 TiB"),
        ] as [(Int64, String)])
    func `says sizes in units`(bytes: Int64, text: String) {
        #expect(Human.bytes(bytes) == text)
    }

    @Test(
        arguments: [
            (-5, "0 ms"), (0, "0 ms"), (999, "999 ms"), (1000, "1 s"), (119_999, "119 s"), (120_000, "2 min"),
            (7_199_000, "119 min"), (7_200_000, "2 h"), (172_800_000, "2 d"),
        ] as [(Int64, String)])
    func `says spans in units`(milliseconds: Int64, text: String) {
        #expect(Human.span(milliseconds: milliseconds) == text)
    }

    @Test func `says processor time`() {
        #expect(Human.cpu(seconds: 0.04) == "0.0 s")
        #expect(Human.cpu(seconds: 1.25) == "1.3 s")
        #expect(Human.cpu(seconds: 75) == "75 s")
    }

    @Test(
        arguments: [
            ("1970-01-01T00:00:00.000Z", 0), ("1970-01-01T00:00:01.5Z", 1005),
            ("2000-02-29T12:00:00Z", 951_825_600_000),
            ("2026-11-23T13:14:15.123Z", 1_795_439_655_123),
        ] as [(String, Int64)])
    func `reads times`(text: String, milliseconds: Int64) {
        #expect(Human.milliseconds(text) == milliseconds)
    }

    @Test(arguments: [
        "", "now", "2026-11-23", "2026-13-01T00:00:00Z", "2026-11-23T13:14:15+01:00", "xxxx-11-23T13:14:15Z",
    ])
    func `reads nothing else`(text: String) {
        #expect(Human.milliseconds(text) == nil)
    }
}
