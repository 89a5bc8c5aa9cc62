import Nouns

/// The crashes of one instance that still count against its restart policy.
struct CrashHistory: Hashable, Sendable {
    enum Verdict: Hashable, Sendable {
        case retry(after: Duration)
        /// Too many in too short a time: a probe after this long.
        case quarantine(probeAfter: Duration)
    }

    /// Those within the policy's period, no more than tell a crash loop.
    var moments: [Instant] = []
    /// Crashes in a row, with no health between them that lasted.
    var attempts = 0
    /// Stays set while a probe runs, until it has lasted.
    var isQuarantined = false

    /// A process no longer serves, for whatever reason. If it did so for long, the curve begins anew.
    mutating func served(for time: Duration, under policy: RestartPolicy) {
        if time >= policy.resetAfter { (attempts, isQuarantined) = (0, false) }
    }

    /// `served` comes before, if the process did.
    mutating func crashed(at now: Instant, under policy: RestartPolicy, random: inout SplitMix64) -> Verdict {
        attempts += 1
        moments.removeAll { $0.duration(to: now) > policy.period }
        moments.append(now)
        let isLoop = moments.count > policy.intensity
        if isLoop { moments.removeFirst(moments.count - policy.intensity - 1) }
        guard !isLoop, !isQuarantined else {
            isQuarantined = true
            return .quarantine(probeAfter: policy.spread(policy.delayMax, random: &random))
        }
        return .retry(after: policy.delay(beforeAttempt: attempts, random: &random))
    }

    mutating func forget() { self = CrashHistory() }
}

extension RestartPolicy {
    /// The first attempt comes at once, the second after `delayMin`, each later one after `factor` times as long.
    func delay(beforeAttempt attempt: Int, random: inout SplitMix64) -> Duration {
        guard attempt > 1 else { return .zero }
        return spread(middle(beforeAttempt: attempt), random: &random)
    }

    /// How long the wait may be, chance included.
    package func waits(beforeAttempt attempt: Int) -> ClosedRange<Duration> {
        attempt > 1 ? spread(of: middle(beforeAttempt: attempt)) : .zero ... .zero
    }

    /// What chance may make of a wait.
    package func spread(of delay: Duration) -> ClosedRange<Duration> {
        let part = Int64(min(max(jitter, 0), 100))
        return .nanoseconds(delay.nanoseconds / 100 * (100 - part))
            ... .nanoseconds(
                delay.nanoseconds / 100 * (100 + part))
    }

    private func middle(beforeAttempt attempt: Int) -> Duration {
        var delay = min(delayMin, delayMax)
        for _ in 2..<max(2, min(attempt, 64)) where delay < delayMax { delay = min(delayMax, delay * max(1, factor)) }
        return delay
    }

    /// Up to `jitter` hundredths more or less, so that what fell together does not rise together.
    func spread(_ delay: Duration, random: inout SplitMix64) -> Duration {
        guard jitter > 0 else { return delay }
        let thousandths = Int64(min(jitter, 100)) * 10
        return .nanoseconds(
            delay.nanoseconds / 1000 * (1000 + Int64.random(in: -thousandths...thousandths, using: &random)))
    }
}
