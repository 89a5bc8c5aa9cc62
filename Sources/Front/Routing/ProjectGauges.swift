import Nouns

/// Where key tables get the gauges of their projects: one for each project, the same for all loops of a front.
package protocol ProjectGauges: AnyObject {
    /// The project's gauge, held until `release`.
    func hold(_ project: ProjectID) -> ProjectGauge
    func release(_ gauge: ProjectGauge)
}

/// The gauges of a front with one loop.
package final class SoleGauges: ProjectGauges {
    package init() {}
    package func hold(_ project: ProjectID) -> ProjectGauge { ProjectGauge(project) }
    package func release(_ gauge: ProjectGauge) {}
}
