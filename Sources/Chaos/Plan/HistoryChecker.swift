/// Judges a history: which promises about data were broken.
///
/// What a failed change did is unknown until an answer shows it; everything else follows from the numbers.
package enum HistoryChecker {
    package enum Violation: Hashable, Sendable, CustomStringConvertible {
        /// A read that began after a change was acknowledged found an older number, or nothing.
        case lostWrite(History.Key, acknowledged: Int, found: Int?)
        /// A read found an older number than a read that had ended before it began.
        case wentBack(History.Key, seen: Int, found: Int?)
        /// A read found a number that nobody had begun to write.
        case invented(History.Key, found: Int)
        /// An answer came from another project's process or data.
        case foreign(History.Key, project: String)
        /// Something happened more often than it was asked for.
        case duplicated(History.Key, number: Int, times: Int)

        package var invariant: Invariant {
            switch self {
            case .lostWrite: .noLostWrite
            case .wentBack: .noStaleRead
            case .invented: .noInvention
            case .foreign: .noForeignAnswer
            case .duplicated: .noDuplicate
            }
        }

        package var description: String {
            switch self {
            case .lostWrite(let key, let acknowledged, let found):
                "lost write: \(key) was acknowledged as \(acknowledged), then read as \(text(found))"
            case .wentBack(let key, let seen, let found):
                "stale read: \(key) was seen as \(seen), then read as \(text(found))"
            case .invented(let key, let found): "invented: \(key) was read as \(found), which nobody wrote"
            case .foreign(let key, let project): "foreign: \(key) was answered by \(project)"
            case .duplicated(let key, let number, let times):
                "duplicate effect: \(number) of \(key) happened \(times) times"
            }
        }

        private func text(_ number: Int?) -> String { number.map(String.init) ?? "nothing" }
    }

    package static func violations(in history: History) -> [Violation] {
        var byKey: [History.Key: [History.Entry]] = [:]
        for entry in history.entries { byKey[entry.key, default: []].append(entry) }
        return byKey.keys.sorted { "\($0)" < "\($1)" }.flatMap { key in
            let entries = byKey[key]!.sorted { ($0.ended, $0.began) < ($1.ended, $1.began) }
            return foreign(key, entries) + registers(key, entries) + counters(key, entries) + lists(key, entries)
        }
    }

    private static func foreign(_ key: History.Key, _ entries: [History.Entry]) -> [Violation] {
        entries.compactMap { entry in
            guard case .found(_, let project) = entry.outcome, project != key.project else { return nil }
            return .foreign(key, project: project)
        }
    }

    /// Writes and reads of one value. Entries in order of their end: the greatest number known before a moment is a
    /// running maximum.
    private static func registers(_ key: History.Key, _ entries: [History.Entry]) -> [Violation] {
        let reads = entries.filter { $0.operation == .read }.sorted { $0.began < $1.began }
        guard !reads.isEmpty else { return [] }
        var begun: [Int: Duration] = [:]
        for entry in entries {
            guard case .write(let number) = entry.operation else { continue }
            begun[number] = min(entry.began, begun[number] ?? entry.began)
        }
        var found: [Violation] = []
        var next = entries.startIndex
        var acknowledged: Int?
        var seen: Int?
        for read in reads {
            while next < entries.endIndex, entries[next].ended <= read.began {
                let entry = entries[next]
                switch (entry.operation, entry.outcome) {
                case (.write(let number), .acknowledged): acknowledged = max(acknowledged ?? number, number)
                case (.read, .found(let number, _)): seen = max(seen ?? number, number)
                default: break
                }
                next += 1
            }
            let number: Int?
            switch read.outcome {
            case .found(let value, _): number = value
            case .absent: number = nil
            default: continue
            }
            if let acknowledged, number ?? -1 < acknowledged {
                found.append(.lostWrite(key, acknowledged: acknowledged, found: number))
            }
            if let seen, number ?? -1 < seen, seen > acknowledged ?? -1 {
                found.append(.wentBack(key, seen: seen, found: number))
            }
            if let number, !(begun[number].map { $0 <= read.ended } ?? false) {
                found.append(.invented(key, found: number))
            }
        }
        return found
    }

    /// A counter that one client adds to, one request after the other: each answer is one more than the last, or more
    /// by what failed in between and may have happened.
    private static func counters(_ key: History.Key, _ entries: [History.Entry]) -> [Violation] {
        var found: [Violation] = []
        var last = 0
        var unknown = 0
        for entry in entries where entry.operation == .increment {
            guard case .found(let number, _) = entry.outcome else {
                unknown += 1
                continue
            }
            if number <= last { found.append(.lostWrite(key, acknowledged: last, found: number)) }
            if number > last + unknown + 1 {
                found.append(.duplicated(key, number: last + 1, times: number - last - unknown))
            }
            (last, unknown) = (number, 0)
        }
        return found
    }

    /// What was added is listed once; what failed, at most once.
    private static func lists(_ key: History.Key, _ entries: [History.Entry]) -> [Violation] {
        var found: [Violation] = []
        for list in entries {
            guard list.operation == .list, case .listed(let numbers) = list.outcome else { continue }
            var times: [Int: Int] = [:]
            for number in numbers { times[number, default: 0] += 1 }
            for entry in entries {
                guard case .append(let number) = entry.operation else { continue }
                let count = times.removeValue(forKey: number) ?? 0
                if count == 0, entry.outcome == .acknowledged, entry.ended <= list.began {
                    found.append(.lostWrite(key, acknowledged: number, found: nil))
                }
                if count > 1 { found.append(.duplicated(key, number: number, times: count)) }
            }
            found += times.keys.sorted().map { .invented(key, found: $0) }
        }
        return found
    }
}
