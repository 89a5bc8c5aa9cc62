/// Judges a history: which promises about data were broken.
///
/// A key's clients are one writer and any number of readers. Writes are numbered upwards, so the state of a key is the
/// last number; what a failed write did is unknown until a read shows it.
package struct HistoryChecker {
    package enum Violation: Hashable, Sendable, CustomStringConvertible {
        /// A read that began after a write was acknowledged found an older number, or nothing.
        case lostWrite(History.Key, acknowledged: Int, found: Int?)
        /// A read found an older number than a read that had ended before it began.
        case wentBack(History.Key, seen: Int, found: Int?)
        /// A read found a number that nobody had begun to write.
        case invented(History.Key, found: Int)
        /// An answer came from another project's data.
        case foreign(History.Key, project: String)

        package var description: String {
            switch self {
            case .lostWrite(let key, let acknowledged, let found):
                "lost write: \(key) was acknowledged as \(acknowledged), then read as \(text(found))"
            case .wentBack(let key, let seen, let found):
                "stale read: \(key) was seen as \(seen), then read as \(text(found))"
            case .invented(let key, let found): "invented: \(key) was read as \(found), which nobody wrote"
            case .foreign(let key, let project): "foreign: \(key) was answered with data of \(project)"
            }
        }

        private func text(_ number: Int?) -> String { number.map(String.init) ?? "nothing" }
    }

    package static func violations(in history: History) -> [Violation] {
        var byKey: [History.Key: [History.Entry]] = [:]
        for entry in history.entries { byKey[entry.key, default: []].append(entry) }
        return byKey.keys.sorted { "\($0)" < "\($1)" }.flatMap { key in
            violations(of: key, byKey[key]!.sorted { ($0.ended, $0.began) < ($1.ended, $1.began) })
        }
    }

    private static func violations(of key: History.Key, _ entries: [History.Entry]) -> [Violation] {
        var found: [Violation] = []
        for entry in entries {
            guard entry.operation == .read else { continue }
            let number: Int?
            switch entry.outcome {
            case .found(let value, let project):
                if project != key.project { found.append(.foreign(key, project: project)) }
                number = value
            case .absent: number = nil
            case .failed, .acknowledged: continue
            }
            let acknowledged = entries.compactMap { other in
                other.outcome == .acknowledged && other.ended <= entry.began ? other.written : nil
            }.max()
            if let acknowledged, number ?? -1 < acknowledged {
                found.append(.lostWrite(key, acknowledged: acknowledged, found: number))
            }
            let seen = entries.compactMap { other in other.ended <= entry.began ? other.seen : nil }.max()
            if let seen, number ?? -1 < seen, seen > acknowledged ?? -1 {
                found.append(.wentBack(key, seen: seen, found: number))
            }
            let isWritten = entries.contains { $0.written == number && $0.began <= entry.ended }
            if let number, !isWritten { found.append(.invented(key, found: number)) }
        }
        return found
    }
}

extension History.Entry {
    fileprivate var written: Int? { if case .write(let number) = operation { number } else { nil } }
    fileprivate var seen: Int? { if case .found(let number, _) = outcome { number } else { nil } }
}
