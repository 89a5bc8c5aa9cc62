import Conformance
import Testing

/// The front's program, rule by rule, from outside.
@Suite(.serialized) final class ConformanceTests {
    @Test func `each rule has a name of its own`() {
        #expect(Set(Rule.all.map(\.name)).count == Rule.all.count)
    }

    @Test func `the front keeps every rule`() {
        let theatre = Theatre()
        for rule in Rule.all {
            do {
                try theatre.check(rule)
            } catch {
                Issue.record("\(rule.name) (\(rule.source)): \(error)")
            }
        }
    }
}
