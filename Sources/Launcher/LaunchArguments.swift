/// What `bunbase-init` is told on its command line. All paths are absolute, all addresses checked by the caller.
package struct LaunchArguments: Hashable, Sendable {
    package struct Malformed: Error, Hashable, Sendable {
        package let reason: String
        package init(reason: String) { self.reason = reason }
    }

    /// The cluster's runtime directory.
    package var run: String
    package var http: String
    /// Nil when nothing is encrypted.
    package var https: String?
    package var resp: String
    /// Likewise.
    package var resps: String?
    package var status: String
    /// The supervisor's program.
    package var supervisor: String
    /// The cluster file, the supervisor's argument.
    package var cluster: String
    /// A file with the text to print when the cluster serves.
    package var announcement: String
    /// Where output goes instead of the terminal; the cluster then runs detached.
    package var log: String?

    package init(
        run: String, http: String, https: String? = nil, resp: String, resps: String? = nil, status: String,
        supervisor: String, cluster: String, announcement: String, log: String?
    ) {
        (self.run, self.http, self.https, self.status) = (run, http, https, status)
        (self.resp, self.resps) = (resp, resps)
        (self.supervisor, self.cluster, self.announcement, self.log) = (supervisor, cluster, announcement, log)
    }

    /// The words behind the program's name.
    package var words: [String] {
        var words = [
            "--run", run, "--http", http, "--resp", resp, "--status", status, "--supervisor", supervisor,
            "--cluster", cluster, "--announcement", announcement,
        ]
        if let https { words += ["--https", https] }
        if let resps { words += ["--resps", resps] }
        if let log { words += ["--log", log] }
        return words
    }

    /// Reads `words`: pairs of an option and its value, each option once.
    package init(_ words: [String]) throws(Malformed) {
        var values: [String: String] = [:]
        var rest = words[...]
        while let option = rest.popFirst() {
            guard Self.options.contains(option) else { throw Malformed(reason: "unknown option \(option)") }
            guard let value = rest.popFirst() else { throw Malformed(reason: "\(option) needs a value") }
            guard values.updateValue(value, forKey: option) == nil else {
                throw Malformed(reason: "\(option) is given twice")
            }
        }
        func value(_ option: String) throws(Malformed) -> String {
            guard let value = values[option] else { throw Malformed(reason: "\(option) is missing") }
            return value
        }
        self.init(
            run: try value("--run"), http: try value("--http"), https: values["--https"], resp: try value("--resp"),
            resps: values["--resps"], status: try value("--status"), supervisor: try value("--supervisor"),
            cluster: try value("--cluster"), announcement: values["--announcement"] ?? "", log: values["--log"])
    }

    private static let options: Set<String> = [
        "--run", "--http", "--https", "--resp", "--resps", "--status", "--supervisor", "--cluster", "--announcement",
        "--log",
    ]
}
