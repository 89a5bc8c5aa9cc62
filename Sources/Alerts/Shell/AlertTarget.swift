import Alerting

/// Where notices go. Waits as long as it takes, up to its timeout.
protocol AlertTarget: Sendable {
    var name: String { get }
    func deliver(_ body: [UInt8], _ notice: AlertNotice) -> Delivery
}

/// How an attempt ended, and why, without secrets.
struct Delivery: Sendable {
    var outcome: Outbox.Outcome
    var reason: String

    init(_ outcome: Outbox.Outcome, _ reason: String = "") { (self.outcome, self.reason) = (outcome, reason) }
}
