/// The latest events for readers of `/events`, each with an id that only grows, also across a restart.
package struct EventRing {
    package struct Entry {
        package let id: UInt64
        /// One event in the form of server-sent events, with the empty line behind it.
        package let text: [UInt8]
    }

    /// Events kept for readers that come back with `Last-Event-ID`.
    package static let countMax = 1_024

    private var entries: [Entry] = []
    private var oldest = 0
    private var lastID: UInt64

    /// Ids go on from there: the microseconds of the wall clock at the start lie above all earlier ones.
    package init(after id: UInt64) { lastID = id }

    /// Adds an event; `data` is one line.
    package mutating func append(_ data: [UInt8]) -> Entry {
        lastID += 1
        let entry = Entry(id: lastID, text: Array("id: \(lastID)\ndata: ".utf8) + data + Array("\n\n".utf8))
        if entries.count < Self.countMax {
            entries.append(entry)
        } else {
            entries[oldest] = entry
            oldest = (oldest + 1) % Self.countMax
        }
        return entry
    }

    /// What a reader that saw `id` last has missed, and whether some of that is no longer here.
    package func missed(since id: UInt64) -> (entries: [Entry], hasGap: Bool) {
        let ordered = entries[oldest...] + entries[..<oldest]
        let hasGap = ordered.first.map { $0.id > id + 1 } ?? (id < lastID)
        return (ordered.filter { $0.id > id }, hasGap)
    }
}
