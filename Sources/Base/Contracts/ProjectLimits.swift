/// What one project may use of the fronts: the cluster file's word for all, an operator's for one.
package struct ProjectLimits: Hashable, Sendable {
    /// The limits by the names that the cluster file, the platform and the command line share.
    package enum Key: String, CaseIterable, Hashable, Sendable {
        case requests, rate, burst, bandwidth, waiting, wait
    }

    /// Requests under way at once.
    package var requests = 1_024
    /// Requests a second; 0: no limit.
    package var rate = 0
    /// Requests that may come at once after a pause; 0: as many as the rate allows in a second.
    package var burst = 0
    /// Bytes a second, of the bodies of requests and answers together; 0: no limit.
    package var bandwidth = 0
    /// Requests that may wait for their turn; more are 429 at once.
    package var waiting = 128
    /// Milliseconds that a request waits for its turn at most; then it is 429.
    package var wait = 1_000

    package init() {}

    package subscript(key: Key) -> Int {
        get { self[keyPath: key.path] }
        set { self[keyPath: key.path] = newValue }
    }
}

extension ProjectLimits.Key {
    /// The numbers that may stand for it, in its unit.
    package var range: ClosedRange<Int> {
        switch self {
        case .requests: 1...1_000_000
        case .rate, .burst: 0...10_000_000
        case .bandwidth: 0...1 << 40
        case .waiting: 0...100_000
        case .wait: 0...3_600_000
        }
    }

    fileprivate var path: WritableKeyPath<ProjectLimits, Int> {
        switch self {
        case .requests: \.requests
        case .rate: \.rate
        case .burst: \.burst
        case .bandwidth: \.bandwidth
        case .waiting: \.waiting
        case .wait: \.wait
        }
    }
}

extension ProjectLimits {
    /// Those of a project's limits that differ from the cluster file's.
    ///
    /// As text, in files and packets: `rate=100,wait=500`, in the order of the keys, without spaces; empty for none.
    package struct Overrides: Hashable, Sendable, CustomStringConvertible {
        private var values: [Key: Int] = [:]

        package init() {}

        /// Nil when the text is not of the form.
        package init?(_ text: some StringProtocol) {
            for part in text.split(separator: ",", omittingEmptySubsequences: !text.contains(",")) {
                let pair = part.split(separator: "=", omittingEmptySubsequences: false)
                guard pair.count == 2, let key = Key(rawValue: String(pair[0])), values[key] == nil,
                    let number = Int(pair[1]), key.range.contains(number)
                else { return nil }
                values[key] = number
            }
        }

        package var isEmpty: Bool { values.isEmpty }

        /// The caller keeps to the key's range; nil: the cluster file's.
        package subscript(key: Key) -> Int? {
            get { values[key] }
            set { values[key] = newValue }
        }

        package var description: String {
            Key.allCases.compactMap { key in values[key].map { "\(key.rawValue)=\($0)" } }.joined(separator: ",")
        }
    }

    /// With a project's own limits in place of these.
    package func overridden(by overrides: Overrides) -> ProjectLimits {
        var limits = self
        for key in Key.allCases { if let own = overrides[key] { limits[key] = own } }
        return limits
    }

    /// All of them, in the form of overrides.
    package var text: String { Key.allCases.map { "\($0.rawValue)=\(self[$0])" }.joined(separator: ",") }
}
