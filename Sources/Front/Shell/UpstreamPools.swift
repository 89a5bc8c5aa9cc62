import Contracts
import Glibc
import HTTP
import Linux
import Nouns
import Routing

/// The connections to all instances that wait for their next request, by generation.
struct UpstreamPools {
    private var idle: [Generation: IdlePool<UpstreamConnection>] = [:]

    /// A connection that carried requests before, if one is left that is still good.
    ///
    /// - Parameter isCareful: the request cannot be repeated, so a connection that has just ended must not get it.
    mutating func take(_ endpoint: Endpoint, isCareful: Bool) -> UpstreamConnection? {
        while let connection = idle[endpoint.generation]?.take() {
            if !isCareful || connection.stream.isQuiet { return connection }
            connection.close()
        }
        return nil
    }

    /// Keeps a connection for the next request, or closes it.
    mutating func put(_ connection: UpstreamConnection, at now: Instant, max: Int) {
        let isKept = idle[connection.endpoint.generation, default: IdlePool()].put(connection, at: now, max: max)
        if !isKept { connection.close() }
    }

    /// Closes a connection that may be waiting here.
    mutating func drop(_ connection: UpstreamConnection) {
        connection.close()
        idle[connection.endpoint.generation]?.remove { $0 === connection }
        if idle[connection.endpoint.generation]?.isEmpty == true { idle[connection.endpoint.generation] = nil }
    }

    mutating func forget(_ generation: Generation) {
        guard var pool = idle.removeValue(forKey: generation) else { return }
        for connection in pool.removeAll() { connection.close() }
    }

    mutating func expire(at now: Instant, idle limit: Duration) {
        for generation in Array(idle.keys) {
            for connection in idle[generation]!.removeExpired(at: now, idle: limit) { connection.close() }
            if idle[generation]!.isEmpty { idle[generation] = nil }
        }
    }

    func nextDeadline(idle limit: Duration) -> Instant? {
        idle.values.compactMap { $0.nextDeadline(idle: limit) }.min()
    }

    var count: Int { idle.values.reduce(0) { $0 + $1.count } }
}
