import HTTP
import Telemetry
import Testing

@Suite struct TraceContextTests {
    private func isValid(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { TraceContext.isValid(UnsafeRawBufferPointer($0)) }
    }

    @Test(arguments: [
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes-later",
    ])
    func passesAClientsTraceOn(text: String) { #expect(isValid(text)) }

    @Test(arguments: [
        "", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ])
    func takesNothingElseForATrace(text: String) { #expect(!isValid(text)) }

    @Test func beginsATraceThatOthersAccept() {
        let output = OutputBuffer(capacity: 64)
        TraceContext.append(trace: (0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210), parent: 0xA, to: output)
        let text = String(decoding: output.bytes, as: UTF8.self)
        #expect(text == "00-0123456789abcdeffedcba9876543210-000000000000000a-00")
        #expect(isValid(text))
    }
}
