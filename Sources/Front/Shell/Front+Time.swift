import Contracts
import Linux
import Nouns
import Routing

/// Time limits by one coarse timer: set to the earliest limit there is, and to none while there is none.
extension Front {
    /// Limits are kept this late at most, so that many of them make few wake-ups.
    private static let coarseness = Duration.milliseconds(20)

    /// Makes sure that limits are looked at soon after the moment.
    func sweep(by moment: Instant) {
        guard moment < sweepMoment else { return }
        if let sweepTimer { loop.cancel(sweepTimer) }
        sweepMoment = max(moment, loop.now + Self.coarseness)
        sweepTimer = loop.schedule(at: sweepMoment) { [unowned self] in sweep() }
    }

    /// Whether so many bytes are enough for one `bodyTimeout`.
    func isQuickEnough(_ bytes: UInt64) -> Bool {
        let limits = settings.limits
        return bytes >= UInt64(max(1, Int64(limits.rateMin) * limits.bodyTimeout.nanoseconds / 1_000_000_000))
    }

    func sweepForLeases() {
        if let moment = book.nextDeadline { sweep(by: moment) }
    }

    private func sweep() {
        (sweepTimer, sweepMoment) = (nil, .distantFuture)
        let now = loop.now
        perform(book.expire(at: now))
        perform(tokens.expire(at: now))
        for client in clients { client.expire(at: now) }
        for client in Array(redisClients.values) { client.expire(at: now) }
        pools.expire(at: now, idle: settings.limits.upstreamIdle)
        var earliest: Instant?
        for client in clients {
            if let moment = client.dueMoment { earliest = min(earliest ?? .distantFuture, moment) }
        }
        let next = [
            book.nextDeadline, tokens.nextDeadline, earliest,
            redisClients.values.compactMap(\.deadline).min(),
            pools.nextDeadline(idle: settings.limits.upstreamIdle),
        ]
        if let moment = next.compactMap({ $0 }).min() { sweep(by: moment) }
    }
}
