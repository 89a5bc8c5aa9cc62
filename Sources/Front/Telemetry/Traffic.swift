import Nouns

/// What one loop has carried and what it holds: copied out for whoever asks, and added up over the loops.
package struct Traffic: Sendable {
    /// By slot; a slot whose project is gone is used again.
    private var entries: [ProjectTraffic] = []
    private var slots: [ProjectID: Int] = [:]
    private var freeSlots: [Int] = []
    /// Faults answered before it was known whose request it was, by code.
    package private(set) var strangers: [String: UInt64] = [:]
    /// Connections accepted, by what they speak.
    package private(set) var accepted: [Speech: UInt64] = [:]
    /// TLS handshakes that came to nothing.
    package var handshakesFailed: UInt64 = 0
    /// Connections open now.
    package var connections = 0
    /// Requests that wait for a lease or have one.
    package var underWay = 0
    /// Bytes kept for slow readers.
    package var bytesKept = 0

    package enum Speech: String, CaseIterable, Sendable {
        case http, https, resp
    }

    package init() {}

    /// Where a project is counted: looked up once, good until `forget`.
    package mutating func slot(of project: ProjectID) -> Int {
        if let slot = slots[project] { return slot }
        let slot = freeSlots.popLast() ?? entries.count
        if slot == entries.count { entries.append(ProjectTraffic()) }
        slots[project] = slot
        return slot
    }

    /// - Parameter slot: of the request's project.
    package mutating func record(_ outcome: Outcome, slot: Int) { entries[slot].record(outcome) }

    package subscript(project: ProjectID) -> ProjectTraffic? { slots[project].map { entries[$0] } }

    /// What was counted, by project.
    package var projects: [ProjectID: ProjectTraffic] { slots.mapValues { entries[$0] } }

    /// A request was refused before its project was known.
    package mutating func recordStranger(_ fault: Fault) { strangers[fault.code, default: 0] += 1 }

    package mutating func recordAccept(_ speech: Speech) { accepted[speech, default: 0] += 1 }

    /// The project is gone: what was counted for it is of no more use.
    package mutating func forget(_ project: ProjectID) {
        guard let slot = slots.removeValue(forKey: project) else { return }
        entries[slot] = ProjectTraffic()
        freeSlots.append(slot)
    }

    package static func += (traffic: inout Traffic, other: Traffic) {
        for (project, slot) in other.slots { traffic.entries[traffic.slot(of: project)] += other.entries[slot] }
        traffic.strangers.merge(other.strangers, uniquingKeysWith: +)
        traffic.accepted.merge(other.accepted, uniquingKeysWith: +)
        traffic.handshakesFailed += other.handshakesFailed
        traffic.connections += other.connections
        traffic.underWay += other.underWay
        traffic.bytesKept += other.bytesKept
    }
}
