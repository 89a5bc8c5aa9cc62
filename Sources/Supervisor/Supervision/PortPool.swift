import Nouns

/// The ports that instances may listen on; a port has at most one holder.
///
/// The port that has been free the longest goes first, so that a late packet to a dead process does not reach its
/// successor's port at once. A port that another program took is left alone for a while, then tried again.
package struct PortPool: Sendable {
    package private(set) var range: ClosedRange<UInt16>
    private var free: [UInt16]
    private var held: Set<UInt16>
    /// Taken by other programs, in the order in which they are tried again.
    private var taken: [(port: UInt16, until: Instant)] = []

    package init(_ range: ClosedRange<UInt16>, held: Set<UInt16> = []) {
        (self.range, self.held) = (range, held)
        free = range.filter { !held.contains($0) }
    }

    package var heldCount: Int { held.count }
    package var freeCount: Int { free.count }
    package var takenPorts: [UInt16] { taken.map(\.port) }
    /// When the next taken port may be tried again.
    package var nextRetry: Instant? { taken.first?.until }

    /// The next port, or nil when there is none to be had now.
    package mutating func take(at now: Instant) -> UInt16? {
        while let first = taken.first, first.until <= now {
            taken.removeFirst()
            free.append(first.port)
        }
        guard !free.isEmpty else { return nil }
        let port = free.removeFirst()
        precondition(held.insert(port).inserted, "port \(port) was both free and held")
        return port
    }

    package mutating func giveBack(_ port: UInt16) {
        precondition(held.remove(port) != nil, "port \(port) was given back but not held")
        if range.contains(port) { free.append(port) }
    }

    /// A held port turned out to be taken by another program.
    package mutating func leaveAlone(_ port: UInt16, until: Instant) {
        precondition(held.remove(port) != nil, "port \(port) was found taken but not held")
        guard range.contains(port) else { return }
        let index = taken.firstIndex { $0.until > until } ?? taken.endIndex
        taken.insert((port, until), at: index)
    }

    /// Another range from now on. Held ports outside it stay held until they are given back.
    package mutating func setRange(_ new: ClosedRange<UInt16>) {
        guard new != range else { return }
        let known = held.union(free).union(taken.map(\.port))
        free.removeAll { !new.contains($0) }
        taken.removeAll { !new.contains($0.port) }
        free += new.filter { !known.contains($0) }
        range = new
    }
}
