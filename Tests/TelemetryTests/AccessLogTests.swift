import Contracts
import JSON
import Nouns
import Telemetry
import Testing

@Suite struct AccessLogTests {
    private func outcome(_ status: Int) -> Outcome { Outcome(source: .instance, status: status, duration: 1_234_567) }

    @Test func takesEverySoManythAndEveryFailure() {
        let log = AccessLogging.sampled(every: 10)
        let taken = (0..<100).filter { log.takes(outcome($0 == 55 ? 502 : 200), number: UInt64($0)) }
        #expect(taken == [0, 10, 20, 30, 40, 50, 55, 60, 70, 80, 90])
    }

    @Test func takesFailuresOnlyWhenToldSo() {
        #expect(AccessLogging.failures.takes(outcome(503), number: 1))
        #expect(AccessLogging.failures.takes(outcome(0), number: 1))
        #expect(!AccessLogging.failures.takes(outcome(404), number: 1))
        #expect(!AccessLogging.off.takes(outcome(503), number: 1))
    }

    @Test(arguments: ["off", "failures", "all", "1/100"])
    func readsWhatItShows(text: String) { #expect(AccessLogging(text)?.text == text) }

    @Test(arguments: ["", "on", "1/", "1/0", "1/-5", "2/3", "1/1000001"])
    func refusesOtherWords(text: String) { #expect(AccessLogging(text) == nil) }

    @Test func writesOneObjectInOneLine() throws {
        var outcome = Outcome(source: .front(code: "project.busy"), status: 429, duration: 1_234_567, wake: 2_000_000)
        outcome.retries = 1
        let line = AccessLine(
            time: Timestamp(1_000), requestID: "a-1", client: "10.0.0.1", method: "GET", path: "/a\n\"b",
            project: ProjectID("shop"), kind: nil, outcome: outcome)
        var output: [UInt8] = []
        line.append(to: &output)
        #expect(
            String(decoding: output, as: UTF8.self)
                == #"{"time":"1970-01-01T00:00:01.000Z","request_id":"a-1","client":"10.0.0.1","method":"GET","#
                + #""path":"/a\n\"b","project":"shop","status":429,"code":"project.busy","ms":1.234,"wake_ms":2.0,"#
                + #""bytes_in":0,"bytes_out":0,"retries":1}"# + "\n")
    }

    @Test func keepsLongPathsShort() {
        let line = AccessLine(
            time: Timestamp(0), requestID: "", client: "", method: "GET",
            path: String(repeating: "x", count: AccessLine.pathMax + 1), project: nil, kind: nil, outcome: outcome(200))
        var output: [UInt8] = []
        line.append(to: &output)
        #expect(String(decoding: output, as: UTF8.self).contains(#"xx…""#))
        #expect(output.count < AccessLine.pathMax + 256)
    }
}
