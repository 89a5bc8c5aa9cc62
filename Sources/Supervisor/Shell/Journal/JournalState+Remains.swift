import Nouns
import Supervision

extension JournalState {
    /// What the supervisor's core goes on from, given what was found alive.
    ///
    /// `living` are the recorded processes that still run, `listening` the generations whose sockets are all here
    /// again, `fronts` whether one that was connected still lives.
    package func remains(
        living: Set<Incarnation>, listening: Set<Generation>, expectsFront: Bool
    ) -> Remains {
        var remains = Remains()
        remains.records = records.values.sorted { $0.instance < $1.instance }
        remains.projects = projects.sorted()
        remains.withdrawnProjects = withdrawnProjects.sorted()
        let running = remains.records.flatMap(\.incarnations)
        remains.living = Set(running.filter { living.contains($0) && isAssigned($0) })
        let bound = remains.records.compactMap { $0.listener?.generation }
        remains.listening = Set(bound.filter { listening.contains($0) })
        remains.nextIncarnation = Incarnation(incarnationMax + 1)
        remains.nextGeneration = Generation(generationMax + 1)
        remains.expectsFront = expectsFront
        return remains
    }

    /// Whether the process was told what it is: one that was not waits for words that will never come.
    package func isAssigned(_ incarnation: Incarnation) -> Bool { processes[incarnation]?.instance != nil }

    /// Generations that some instance still counts on.
    package var generationsInUse: Set<Generation> { Set(records.values.compactMap { $0.listener?.generation }) }
}
