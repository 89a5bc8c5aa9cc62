import Nouns

/// Traffic in Prometheus's text form (version 0.0.4); every name begins with `bunbase_front_`.
package enum TrafficPage {
    /// Projects that get lines of their own: those with the most requests. The rest is added up under `@others`, so
    /// that a page's length is bounded.
    package static let projectsMax = 500

    package static func text(_ traffic: Traffic, loops: Int) -> String {
        var page = Page()
        page.single("loops", .gauge, "Event loops.", loops)
        page.single("connections", .gauge, "Clients' connections open.", traffic.connections)
        page.single("requests_under_way", .gauge, "Requests that wait for an instance or use one.", traffic.underWay)
        page.single("kept_bytes", .gauge, "Bytes kept for clients that read slowly.", traffic.bytesKept)
        page.family("accepted_total", .counter, "Connections accepted, by what they speak.")
        for speech in Traffic.Speech.allCases {
            page.sample("accepted_total", traffic.accepted[speech] ?? 0, ["speech": speech.rawValue])
        }
        page.single("handshakes_failed_total", .counter, "TLS handshakes that failed.", traffic.handshakesFailed)
        page.single("access_lines_lost_total", .counter, "Lines of the access log not written.", traffic.linesLost)
        page.family("refused_strangers_total", .counter, "Requests refused before their project was known, by code.")
        for (code, count) in traffic.strangers.sorted(by: { $0.key < $1.key }) {
            page.sample("refused_strangers_total", count, ["code": code])
        }
        write(shown(traffic.projects), to: &page)
        return page.text
    }

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

    private static func write(_ projects: [(name: String, traffic: ProjectTraffic)], to page: inout Page) {
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
        for project in projects { page.histogram("request_seconds", project.traffic.latency, project.name) }
    }

    private struct Page {
        enum Form: String { case counter, gauge, histogram }

        private(set) var text = ""

        mutating func family(_ name: String, _ form: Form, _ help: String) {
            text += "# HELP bunbase_front_\(name) \(help)\n# TYPE bunbase_front_\(name) \(form.rawValue)\n"
        }

        /// Labels' values are ids, codes and bounds: nothing in them needs to be escaped.
        mutating func sample(_ name: String, _ value: some Numeric, _ labels: KeyValuePairs<String, String> = [:]) {
            let inner = labels.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",")
            text += "bunbase_front_\(name)\(inner.isEmpty ? "" : "{\(inner)}") \(value)\n"
        }

        mutating func single(_ name: String, _ form: Form, _ help: String, _ value: some FixedWidthInteger) {
            family(name, form, help)
            sample(name, value)
        }

        mutating func histogram(_ name: String, _ histogram: LatencyHistogram, _ project: String) {
            var total: UInt64 = 0
            for index in LatencyHistogram.bounds.indices {
                total += histogram.counts[index]
                let bound = Double(LatencyHistogram.bounds[index]) / 1e6
                sample("\(name)_bucket", total, ["project": project, "le": "\(bound)"])
            }
            total += histogram.counts[LatencyHistogram.bounds.count]
            sample("\(name)_bucket", total, ["project": project, "le": "+Inf"])
            sample("\(name)_sum", Double(histogram.sum) / 1e9, ["project": project])
            sample("\(name)_count", total, ["project": project])
        }
    }
}
