import Contracts
import Glibc
import Linux
import Nouns

/// What processes are told on their control channels besides what to be.
extension Children {
    /// One that cannot be told is to end.
    func relieve(_ incarnation: Incarnation) {
        guard let child = running[incarnation] else { return }
        if let control = child.control {
            control.send(ControlChannel.FromSupervisor.relieved.message)
        } else {
            child.process.signal(SIGTERM)
        }
    }

    /// Tells the processes that hold connections of a project's clients that its key is another now. Returns the
    /// instances that cannot be told, because their channel broke with an earlier life.
    func rekey(_ project: ProjectID) -> [InstanceID] {
        var untold: [InstanceID] = []
        for child in running.values {
            guard let instance = child.instance, instance.project == project, let generation = child.generation,
                world.generations.held[generation]?.fact.hasHandOff == true
            else { continue }
            if let control = child.control {
                control.send(ControlChannel.FromSupervisor.rekeyed.message)
            } else {
                untold.append(instance)
            }
        }
        return untold
    }
}
