/// What is still to be delivered to one target, in order, with the moments of its attempts.
///
/// The first that cannot be delivered holds up the others: a target that is away gets them in their order when it is
/// back.
package struct Outbox: Hashable, Sendable {
    /// Notices that wait; beyond, the oldest that is not under way is dropped and counted.
    package static let countMax = 256
    package static let delayMin: Int64 = 1_000
    package static let delayMax: Int64 = 300_000
    /// A notice that could not be delivered for so long is dropped.
    package static let ageMax: Int64 = 86_400_000

    /// How an attempt ended.
    package enum Outcome: Hashable, Sendable {
        case delivered
        /// Worth another attempt.
        case failed
        /// No attempt will do: the target refuses it.
        case refused
    }

    private var waiting: [AlertNotice] = []
    private var delay = delayMin
    private var notBefore: Int64 = 0
    private var isUnderWay = false
    /// Notices that nobody got.
    package private(set) var dropped = 0

    package init() {}

    package var count: Int { waiting.count }

    package mutating func add(_ notice: AlertNotice) {
        if waiting.count == Self.countMax {
            waiting.remove(at: isUnderWay ? 1 : 0)
            dropped += 1
        }
        waiting.append(notice)
    }

    /// The one to deliver now; `ended` must follow.
    package mutating func next(at now: Int64) -> AlertNotice? {
        guard !isUnderWay, now >= notBefore else { return nil }
        while let first = waiting.first, now - first.at > Self.ageMax {
            waiting.removeFirst()
            dropped += 1
        }
        guard let first = waiting.first else { return nil }
        isUnderWay = true
        return first
    }

    package mutating func ended(_ outcome: Outcome, at now: Int64) {
        precondition(isUnderWay, "nothing is under way")
        isUnderWay = false
        switch outcome {
        case .delivered:
            waiting.removeFirst()
            (delay, notBefore) = (Self.delayMin, 0)
        case .refused:
            waiting.removeFirst()
            dropped += 1
            (delay, notBefore) = (Self.delayMin, 0)
        case .failed:
            notBefore = now + delay
            delay = min(delay * 2, Self.delayMax)
        }
    }

    /// When the next attempt is due; nil: nothing waits, or one is under way.
    package var nextDeadline: Int64? { isUnderWay || waiting.isEmpty ? nil : notBefore }
}
