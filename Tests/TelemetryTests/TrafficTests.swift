import Nouns
import Telemetry
import Testing

@Suite struct TrafficTests {
    private let shop = ProjectID("shop")!
    private let blog = ProjectID("blog")!

    private func outcome(_ status: Int, microseconds: Int64 = 700, source: Outcome.Source = .instance) -> Outcome {
        Outcome(
            source: source, status: status, duration: microseconds * 1_000, wake: nil, bytesIn: 10, bytesOut: 100)
    }

    @Test func countsAnswersByTheHundredsOfTheirStatus() {
        var traffic = Traffic()
        let slot = traffic.slot(of: shop)
        for status in [200, 204, 404, 503] { traffic.record(outcome(status), slot: slot) }
        let answers = traffic[shop]!.answers
        #expect((0..<5).map { answers[$0] } == [0, 2, 0, 1, 1])
        #expect(traffic[shop]!.requests == 4)
        #expect(traffic[shop]!.bytesOut == 400)
        #expect(traffic[blog] == nil)
    }

    @Test func countsThoseWhoLeftApart() {
        var traffic = Traffic()
        traffic.record(outcome(0, source: .nobody), slot: traffic.slot(of: shop))
        #expect(traffic[shop]!.abandoned == 1)
        #expect(traffic[shop]!.requests == 1)
    }

    @Test(arguments: [(500, 0), (501, 1), (1_000, 1), (9_999, 4), (10_000_000, 13), (10_000_001, 14)])
    func putsADurationIntoItsBucket(microseconds: Int, bucket: Int) {
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: Int64(microseconds) * 1_000)
        #expect((0..<15).first { histogram.counts[$0] == 1 } == bucket)
        #expect(histogram.sum == Int64(microseconds) * 1_000)
    }

    @Test func addsUpOverTheLoops() {
        var (one, other) = (Traffic(), Traffic())
        // The same project has different slots in different loops.
        _ = one.slot(of: blog)
        one.record(outcome(200), slot: one.slot(of: shop))
        other.record(outcome(200), slot: other.slot(of: shop))
        other.record(outcome(429, source: .front(code: "project.busy")), slot: other.slot(of: shop))
        other.recordStranger(Fault(401, "key.unknown", ""))
        one.connections = 3
        other.connections = 4
        one += other
        #expect(one[shop]!.requests == 3)
        #expect(one[shop]!.faults == ["project.busy": 1])
        #expect(one[shop]!.latency.count == 3)
        #expect(one.strangers == ["key.unknown": 1])
        #expect(one.connections == 7)
    }

    @Test func aForgottenProjectsSlotBeginsAnew() {
        var traffic = Traffic()
        traffic.record(outcome(200), slot: traffic.slot(of: shop))
        traffic.forget(shop)
        #expect(traffic[shop] == nil)
        _ = traffic.slot(of: blog)
        #expect(traffic[blog]!.requests == 0)
    }
}

@Suite struct TrafficPageTests {
    @Test func showsBucketsThatAddUp() {
        var traffic = Traffic()
        let slot = traffic.slot(of: ProjectID("shop")!)
        for milliseconds in [1, 3, 40] as [Int64] {
            traffic.record(
                Outcome(source: .instance, status: 200, duration: milliseconds * 1_000_000), slot: slot)
        }
        let lines = TrafficPage.text(traffic, loops: 2).split(separator: "\n").map(String.init)
        #expect(lines.contains("bunbase_front_loops 2"))
        #expect(lines.contains("bunbase_front_requests_total{project=\"shop\",status=\"2xx\"} 3"))
        #expect(lines.contains("bunbase_front_request_seconds_bucket{project=\"shop\",le=\"0.0025\"} 1"))
        #expect(lines.contains("bunbase_front_request_seconds_bucket{project=\"shop\",le=\"0.005\"} 2"))
        #expect(lines.contains("bunbase_front_request_seconds_bucket{project=\"shop\",le=\"+Inf\"} 3"))
        #expect(lines.contains("bunbase_front_request_seconds_count{project=\"shop\"} 3"))
        #expect(lines.contains("bunbase_front_request_seconds_sum{project=\"shop\"} 0.044"))
    }

    @Test func addsUpThoseBeyondTheLimit() {
        var traffic = Traffic()
        for number in 0..<(TrafficPage.projectsMax + 20) {
            let slot = traffic.slot(of: ProjectID("p\(number)")!)
            traffic.record(Outcome(source: .instance, status: 200, duration: 1), slot: slot)
        }
        let text = TrafficPage.text(traffic, loops: 1)
        let counts = text.split(separator: "\n").filter { $0.hasPrefix("bunbase_front_request_seconds_count") }
        #expect(counts.count == TrafficPage.projectsMax + 1)
        #expect(counts.last == "bunbase_front_request_seconds_count{project=\"@others\"} 20")
    }
}
