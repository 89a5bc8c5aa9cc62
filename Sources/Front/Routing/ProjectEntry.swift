import Contracts
import HTTP
import Nouns
import Telemetry

/// What one loop knows of a project that its key table has.
package final class ProjectEntry {
    package let id: ProjectID
    package let slug: String
    package let key: ProjectKey
    /// Shared with the other loops.
    package let gauge: ProjectGauge
    /// What requests of the project are decided by.
    package private(set) var rules: AdmissionRules
    private let overrides: ProjectLimits.Overrides
    /// Connections whose last request was the project's and that have more to say.
    package let lane = FairQueue.Lane()
    /// For requests of this loop.
    package var retries = RetryBudget()
    /// Where this loop counts the project's requests; set with the first.
    package var account: TrafficLedger.Account?
    /// The field lines by which instances know the project.
    let fields: [UInt8]
    let idBytes: [UInt8]
    /// Leases of the project's instances, as far as requests have met them.
    private var uses: [(kind: Kind, use: LeaseBook.Use)] = []

    /// - Parameters:
    ///   - overrides: the project's own limits.
    ///   - limits: of projects that have none of their own.
    package init(
        id: ProjectID, slug: String, key: ProjectKey, gauge: ProjectGauge, overrides: ProjectLimits.Overrides = .init(),
        limits: ProjectLimits = ProjectLimits()
    ) {
        (self.id, self.slug, self.key, self.gauge) = (id, slug, key, gauge)
        self.overrides = overrides
        rules = AdmissionRules(limits.overridden(by: overrides))
        idBytes = Array(id.text.utf8)
        var fields: [UInt8] = []
        HeadWriter.field("x-bunbase-project", id.text, to: &fields)
        self.fields = fields
    }

    /// Other limits hold for projects that have none of their own.
    func limit(to limits: ProjectLimits) { rules = AdmissionRules(limits.overridden(by: overrides)) }

    /// One more use of an instance whose lease is held; nil when it is not, or not known here.
    package func use(_ kind: Kind) -> LeaseBook.Use? {
        for index in uses.indices where uses[index].kind == kind {
            let use = uses[index].use
            return use.begin() ? use : nil
        }
        return nil
    }

    /// Knows a lease from now on; the kinds are few.
    package func remember(_ use: LeaseBook.Use) {
        forget(use.instance.kind)
        uses.append((use.instance.kind, use))
    }

    package func forget(_ kind: Kind) { uses.removeAll { $0.kind == kind } }
}
