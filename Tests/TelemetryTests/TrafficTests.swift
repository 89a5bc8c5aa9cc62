import Contracts
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
        var ledger = TrafficLedger()
        for status in [200, 204, 404, 503] { ledger.account(of: shop).record(outcome(status)) }
        let traffic = ledger.traffic { _ in true }
        let answers = traffic.projects[shop]!.answers
        #expect((0..<5).map { answers[$0] } == [0, 2, 0, 1, 1])
        #expect(traffic.projects[shop]!.requests == 4)
        #expect(traffic.projects[shop]!.bytesOut == 400)
        #expect(traffic.projects[blog] == nil)
    }

    @Test func countsThoseWhoLeftApart() {
        var counted = ProjectTraffic()
        counted.record(outcome(0, source: .nobody))
        #expect(counted.abandoned == 1)
        #expect(counted.requests == 1)
    }

    @Test(arguments: [(500, 0), (501, 1), (1_000, 1), (9_999, 4), (10_000_000, 13), (10_000_001, 14)])
    func putsADurationIntoItsBucket(microseconds: Int, bucket: Int) {
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: Int64(microseconds) * 1_000)
        #expect((0..<15).first { histogram.counts[$0] == 1 } == bucket)
        #expect(histogram.sum == Int64(microseconds) * 1_000)
    }

    @Test func addsUpOverTheLoops() {
        var (one, other) = (TrafficLedger(), TrafficLedger())
        one.account(of: shop).record(outcome(200))
        other.account(of: shop).record(outcome(200))
        other.account(of: shop).record(outcome(429, source: .front(code: "project.busy")))
        other.recordStranger(Fault(401, "key.unknown", ""))
        other.recordAccept(.resp)
        var sum = one.traffic { _ in true }
        sum.connections = 3
        var more = other.traffic { _ in true }
        more.connections = 4
        sum += more
        #expect(sum.projects[shop]!.requests == 3)
        #expect(sum.projects[shop]!.faults == ["project.busy": 1])
        #expect(sum.projects[shop]!.latency.count == 3)
        #expect(sum.strangers == ["key.unknown": 1])
        #expect(sum.accepted == [.resp: 1])
        #expect(sum.connections == 7)
    }

    @Test func forgetsProjectsThatExistNoMore() {
        var ledger = TrafficLedger()
        let account = ledger.account(of: shop)
        account.record(outcome(200))
        #expect(ledger.traffic { _ in false }.projects.isEmpty)
        // A request that was still under way ends without harm.
        account.record(outcome(200))
        #expect(ledger.account(of: shop).traffic.requests == 0)
    }
}

@Suite struct TrafficPageTests {
    @Test func showsBucketsThatAddUp() {
        var ledger = TrafficLedger()
        let account = ledger.account(of: ProjectID("shop")!)
        for milliseconds in [1, 3, 40] as [Int64] {
            account.record(Outcome(source: .instance, status: 200, duration: milliseconds * 1_000_000))
        }
        let lines = TrafficPage.text(ledger.traffic { _ in true }, loops: 2).split(separator: "\n").map(String.init)
        #expect(lines.contains("bunbase_front_loops 2"))
        #expect(lines.contains("bunbase_front_requests_total{project=\"shop\",status=\"2xx\"} 3"))
        #expect(lines.contains("bunbase_front_request_seconds_bucket{project=\"shop\",le=\"0.0025\"} 1"))
        #expect(lines.contains("bunbase_front_request_seconds_bucket{project=\"shop\",le=\"0.005\"} 2"))
        #expect(lines.contains("bunbase_front_request_seconds_bucket{project=\"shop\",le=\"+Inf\"} 3"))
        #expect(lines.contains("bunbase_front_request_seconds_count{project=\"shop\"} 3"))
        #expect(lines.contains("bunbase_front_request_seconds_sum{project=\"shop\"} 0.044"))
    }

    @Test func addsUpThoseBeyondTheLimit() {
        var ledger = TrafficLedger()
        for number in 0..<(TrafficPage.projectsMax + 20) {
            let account = ledger.account(of: ProjectID("p\(number)")!)
            account.record(Outcome(source: .instance, status: 200, duration: 1))
        }
        let text = TrafficPage.text(ledger.traffic { _ in true }, loops: 1)
        let counts = text.split(separator: "\n").filter { $0.hasPrefix("bunbase_front_request_seconds_count") }
        #expect(counts.count == TrafficPage.projectsMax + 1)
        #expect(counts.last == "bunbase_front_request_seconds_count{project=\"@others\"} 20")
    }
}

@Suite struct MetricsPageTests {
    @Test func `labels are escaped, and names have their prefix`() {
        var page = MetricsPage(prefix: "x_")
        page.single("up", .gauge, "It is.", 1)
        page.sample("a", 2, ["b": "\\ \" \n"])
        #expect(
            page.text == "# HELP x_up It is.\n# TYPE x_up gauge\nx_up 1\nx_a{b=\"\\\\ \\\" \\n\"} 2\n")
    }

    @Test func `handshakes and HTTP 2 have lines of their own`() {
        var ledger = TrafficLedger()
        for isResumed in [true, false, true] {
            ledger.recordHandshake(Handshake(version: "TLSv1.3", isResumed: isResumed))
        }
        ledger.recordHandshake(nil)
        ledger.recordHTTP2Connection()
        ledger.recordHTTP2Resets(3)
        let (one, other) = (ledger.traffic { _ in true }, ledger.traffic { _ in true })
        var sum = one
        sum += other
        let lines = TrafficPage.text(sum, loops: 1).split(separator: "\n").map(String.init)
        #expect(lines.contains("bunbase_front_handshakes_total{version=\"TLSv1.3\",resumed=\"true\"} 4"))
        #expect(lines.contains("bunbase_front_handshakes_total{version=\"TLSv1.3\",resumed=\"false\"} 2"))
        #expect(lines.contains("bunbase_front_http2_connections_total 2"))
        #expect(lines.contains("bunbase_front_http2_streams_total 0"))
        #expect(lines.contains("bunbase_front_http2_resets_total 6"))
    }
}
