import Nouns

/// What one loop, or all loops of a front, have carried and hold: a copy for whoever asks.
package struct Traffic: Sendable {
    package internal(set) var projects: [ProjectID: ProjectTraffic] = [:]
    /// Faults answered before it was known whose request it was, by code.
    package internal(set) var strangers: [String: UInt64] = [:]
    /// Connections accepted, by what they speak.
    package internal(set) var accepted: [Speech: UInt64] = [:]
    /// TLS handshakes that were done.
    package internal(set) var handshakes: [Handshake: UInt64] = [:]
    /// TLS handshakes that came to nothing.
    package internal(set) var handshakesFailed: UInt64 = 0
    package internal(set) var http2Connections: UInt64 = 0
    /// Requests that came over them.
    package internal(set) var http2Streams: UInt64 = 0
    /// Requests that clients took back, or had ended by breaking a rule.
    package internal(set) var http2Resets: UInt64 = 0
    /// Lines of the access log that could not be written.
    package var linesLost: UInt64 = 0
    /// Connections open now.
    package var connections = 0
    /// Requests that wait for a lease or have one.
    package var underWay = 0
    /// Bytes kept for slow readers.
    package var bytesKept = 0

    package enum Speech: String, CaseIterable, Sendable {
        case http, https, resp, resps
    }

    package init() {}

    package static func += (traffic: inout Traffic, other: Traffic) {
        for (project, counted) in other.projects { traffic.projects[project, default: ProjectTraffic()] += counted }
        traffic.strangers.merge(other.strangers, uniquingKeysWith: +)
        traffic.accepted.merge(other.accepted, uniquingKeysWith: +)
        traffic.handshakes.merge(other.handshakes, uniquingKeysWith: +)
        traffic.handshakesFailed += other.handshakesFailed
        traffic.http2Connections += other.http2Connections
        traffic.http2Streams += other.http2Streams
        traffic.http2Resets += other.http2Resets
        traffic.linesLost += other.linesLost
        traffic.connections += other.connections
        traffic.underWay += other.underWay
        traffic.bytesKept += other.bytesKept
    }
}
