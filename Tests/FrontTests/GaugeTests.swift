import Contracts
import FrontShell
import Nouns
import Routing
import Testing

struct GaugeTests {
    /// Two requests at once.
    static let two = AdmissionRules(ProjectLimits().overridden(by: .init("requests=2")!))

    @Test func `a project's place is free again when its request ends`() {
        let gauge = ProjectGauge(ProjectID("a")!)
        let entries = (0..<3).map { _ in gauge.enter(Self.two, cost: 1, at: .zero) }
        #expect(entries == [.admitted, .admitted, .full])
        gauge.leave()
        #expect(gauge.requestCount == 1)
        #expect(gauge.enter(Self.two, cost: 1, at: .zero) == .admitted)
    }

    @Test func `loops share one gauge for a project, and no more than it allows come in`() {
        let gauges = SharedGauges()
        let project = ProjectID("a")!
        let (one, other) = (gauges.hold(project), gauges.hold(project))
        #expect(one === other)
        #expect(one !== gauges.hold(ProjectID("b")!))
        let entries = [one, other, one].map { $0.enter(Self.two, cost: 1, at: .zero) }
        #expect(entries == [.admitted, .admitted, .full])
    }

    @Test func `a gauge is forgotten with the last table that has the project`() {
        let gauges = SharedGauges()
        let gauge = gauges.hold(ProjectID("a")!)
        _ = gauges.hold(ProjectID("a")!)
        gauges.release(gauge)
        #expect(gauges.count == 1)
        gauges.release(gauge)
        #expect(gauges.count == 0)
    }

    @Test func `a project that changes its key goes on with its gauge`() throws {
        let gauges = SharedGauges()
        var table = KeyTable(gauges: gauges)
        let keys = ["1", "2"].map { "pk_" + String(repeating: $0, count: 32) }
        _ = try table.apply(.project(.init(project: ProjectID("a")!, slug: "a", key: keys[0]), table: 1))
        let before = try #require(table.entry(ProjectKey(keys[0])!)).gauge
        _ = try table.apply(.project(.init(project: ProjectID("a")!, slug: "a", key: keys[1]), table: 2))
        #expect(table.entry(ProjectKey(keys[1])!)?.gauge === before)
        _ = try table.apply(.removed(ProjectID("a")!, table: 3))
        #expect(gauges.count == 0)
    }
}
