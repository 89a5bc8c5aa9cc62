import ChaosPlan
import Testing

/// A seed and a scenario decide everything that is done.
struct ScheduleTests {
    private func scenario(_ change: (inout Scenario) -> Void = { _ in }) -> Scenario {
        var scenario = Scenario()
        (scenario.projects, scenario.duration, scenario.quiet) = (10, .seconds(120), .seconds(10))
        change(&scenario)
        return scenario
    }

    @Test func `the same seed gives the same schedule, another one another`() {
        #expect(Schedule(scenario(), seed: 7) == Schedule(scenario(), seed: 7))
        #expect(Schedule(scenario(), seed: 7).disturbances != Schedule(scenario(), seed: 8).disturbances)
    }

    @Test(arguments: 1...20)
    func `every form comes when there is time, quiet is quiet, and all is over in time`(seed: UInt64) {
        let scenario = scenario()
        let disturbances = Schedule(scenario, seed: seed).disturbances
        #expect(Set(disturbances.map(\.form)) == Set(Disturbance.Form.allCases))
        #expect(disturbances.allSatisfy { $0.at >= scenario.quiet })
        for disturbance in disturbances {
            let radius = disturbance.form.radius
            #expect(disturbance.at + radius.holds + radius.heals <= scenario.duration)
        }
        #expect(disturbances.map(\.at) == disturbances.map(\.at).sorted())
    }

    @Test(arguments: 1...20)
    func `what is disturbed is left alone until it has healed`(seed: UInt64) {
        let disturbances = Schedule(scenario(), seed: seed).disturbances
        for (index, one) in disturbances.enumerated() where one.target != .cluster {
            let healed = one.at + one.form.radius.holds + one.form.radius.heals
            for other in disturbances[(index + 1)...] where other.target == one.target { #expect(other.at >= healed) }
        }
    }

    @Test(arguments: 1...20)
    func `no supervisor ends while something hangs, and a wake storm comes when nothing is disturbed`(seed: UInt64) {
        let disturbances = Schedule(scenario(), seed: seed).disturbances
        for (index, one) in disturbances.enumerated() {
            let healed = one.at + one.form.radius.holds + one.form.radius.heals
            let later = disturbances[(index + 1)...].filter { $0.at < healed }
            if [.stop, .hang, .mute].contains(one.form) {
                #expect(!later.contains { [.killSupervisor, .killSupervisorAtCall, .reusedPID].contains($0.form) })
            }
            if one.target != .cluster { #expect(!later.contains { $0.form == .wakeStorm }) }
            if one.form == .wakeStorm { #expect(later.allSatisfy { $0.form.kinds.isEmpty }) }
        }
    }

    @Test func `a form without weight never comes, nor one whose kind has no load`() {
        let schedule = Schedule(
            scenario {
                $0.weights[.killFront] = 0
                $0.stores = [.values]
            }, seed: 3)
        for disturbance in schedule.disturbances {
            #expect(disturbance.form != .killFront)
            if case .instance(_, let kind) = disturbance.target { #expect(kind == "bunder") }
        }
        #expect(!schedule.disturbances.isEmpty)
    }

    @Test func `nothing fits into no time`() {
        #expect(Schedule(scenario { $0.duration = .seconds(10) }, seed: 1).disturbances.isEmpty)
    }
}
