import Contracts
import Linux
import Nouns
import Service

/// `bunbase-alerts` from its start to its end.
package enum AlertsProgram {
    /// Returns the exit code.
    package static func run() -> Int32 {
        Child.run(.alerts) { child in
            var service: AlertService?
            child.onAssigned = { [unowned child] assignment, _ in
                let started = AlertService(
                    try AlertSettings(assignment.settings), data: assignment.data, on: child.loop)
                try started.start(control: child.runPaths?.control)
                service = started
                child.ready()
            }
            // Its threads end with the process.
            child.onTerminate = { [unowned child] in withExtendedLifetime(service) { child.finish() } }
        }
    }
}
