import Foundation
import Simulation
import Testing

struct SimulationTests {
    /// SIMULATION_SEED replays one seed; SIMULATION_SEEDS sets how many are tried.
    static var seeds: ClosedRange<UInt64> {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["SIMULATION_SEED"].flatMap(UInt64.init) { return seed...seed }
        return 1...(environment["SIMULATION_SEEDS"].flatMap(UInt64.init) ?? 200)
    }

    @Test func `keeps its promises in every weather`() throws {
        var counts = Simulation.Counts()
        for seed in Self.seeds {
            var simulation = Simulation(seed: seed)
            try simulation.run(events: 300)
            counts.add(simulation.counts)
        }
        // Weather in which nothing happens would prove nothing.
        guard Self.seeds.count >= 100 else { return }
        #expect(counts.grants > 1000 && counts.crashes > 1000 && counts.quarantines > 100)
        #expect(counts.revokes > 50 && counts.deaths > 50 && counts.takeovers > 100 && counts.calms > 50)
    }

    @Test func `a seed gives the same transcript twice`() throws {
        for seed in [7, 8] as [UInt64] {
            var first = Simulation(seed: seed), second = Simulation(seed: seed)
            try first.run(events: 1000)
            try second.run(events: 1000)
            #expect(first.transcript == second.transcript)
        }
    }
}
