import Contracts
import Nouns

/// Traffic in Prometheus's text form (version 0.0.4); every name begins with `bunbase_front_`.
package enum TrafficPage {
    /// Projects that get lines of their own: those with the most requests. The rest is added up under `@others`, so
    /// that a page's length is bounded.
    package static let projectsMax = 500

    package static func text(_ traffic: Traffic, loops: Int) -> String {
        var page = MetricsPage(prefix: "bunbase_front_")
        page.single("loops", .gauge, "Event loops.", loops)
        page.single("connections", .gauge, "Clients' connections open.", traffic.connections)
        page.single("requests_under_way", .gauge, "Requests that wait for an instance or use one.", traffic.underWay)
        page.single("kept_bytes", .gauge, "Bytes kept for clients that read slowly.", traffic.bytesKept)
        page.family("accepted_total", .counter, "Connections accepted, by what they speak.")
        for speech in Traffic.Speech.allCases {
            page.sample("accepted_total", traffic.accepted[speech] ?? 0, ["speech": speech.rawValue])
        }
        page.family("handshakes_total", .counter, "TLS handshakes done, by version and whether resumed.")
        for (handshake, count) in traffic.handshakes.sorted(by: { Self.name($0.key) < Self.name($1.key) }) {
            page.sample(
                "handshakes_total", count, ["version": handshake.version, "resumed": "\(handshake.isResumed)"])
        }
        page.single("handshakes_failed_total", .counter, "TLS handshakes that failed.", traffic.handshakesFailed)
        page.single("http2_connections_total", .counter, "Connections that spoke HTTP/2.", traffic.http2Connections)
        page.single("http2_streams_total", .counter, "Requests over HTTP/2.", traffic.http2Streams)
        page.single(
            "http2_resets_total", .counter, "Requests over HTTP/2 taken back, or ended for broken rules.",
            traffic.http2Resets)
        page.single("access_lines_lost_total", .counter, "Lines of the access log not written.", traffic.linesLost)
        page.family("refused_strangers_total", .counter, "Requests refused before their project was known, by code.")
        for (code, count) in traffic.strangers.sorted(by: { $0.key < $1.key }) {
            page.sample("refused_strangers_total", count, ["code": code])
        }
        write(shown(traffic.projects), to: &page)
        return page.text
    }

    private static func name(_ handshake: Handshake) -> String { "\(handshake.version) \(handshake.isResumed)" }

    private static func shown(_ projects: [ProjectID: ProjectTraffic]) -> [(name: String, traffic: ProjectTraffic)] {
        let byWeight = projects.sorted {
            let (a, b) = ($0.value.requests, $1.value.requests)
            return a == b ? $0.key < $1.key : a > b
        }
        var shown = byWeight.prefix(projectsMax).map { (name: $0.key.text, traffic: $0.value) }
        shown.sort { $0.name < $1.name }
        guard byWeight.count > projectsMax else { return shown }
        let others = byWeight.dropFirst(projectsMax).reduce(into: ProjectTraffic()) { $0 += $1.value }
        return shown + [(name: "@others", traffic: others)]
    }

    private static func write(_ projects: [(name: String, traffic: ProjectTraffic)], to page: inout MetricsPage) {
        page.family("requests_total", .counter, "Requests answered, by project and the hundreds of their status.")
        for (name, traffic) in projects {
            for index in traffic.answers.indices where traffic.answers[index] > 0 {
                page.sample("requests_total", traffic.answers[index], ["project": name, "status": "\(index + 1)xx"])
            }
        }
        page.family("faults_total", .counter, "Answers of the front's own, by project and code.")
        for (name, traffic) in projects {
            for (code, count) in traffic.faults.sorted(by: { $0.key < $1.key }) {
                page.sample("faults_total", count, ["project": name, "code": code])
            }
        }
        let counters: [(String, String, KeyPath<ProjectTraffic, UInt64>)] = [
            ("abandoned_total", "Requests whose client left before the answer was complete.", \.abandoned),
            ("wakes_total", "Requests that waited for their instance to wake.", \.wakes),
            ("retries_total", "Times that a request was sent to an instance again.", \.retries),
            ("received_bytes_total", "Bytes of bodies from clients.", \.bytesIn),
            ("sent_bytes_total", "Bytes of bodies to clients.", \.bytesOut),
        ]
        for (name, help, count) in counters {
            page.family(name, .counter, help)
            for project in projects {
                page.sample(name, project.traffic[keyPath: count], ["project": project.name])
            }
        }
        page.family(
            "request_seconds", .histogram, "From the end of a request's head to the end of its answer, by project.")
        let bounds = LatencyHistogram.bounds.indices.map { Double(LatencyHistogram.bounds[$0]) / 1e6 }
        for (name, traffic) in projects {
            let latency = traffic.latency
            page.histogram(
                "request_seconds", bounds: bounds, counts: latency.counts.indices.map { latency.counts[$0] },
                sum: Double(latency.sum) / 1e9, ["project": name])
        }
    }
}
