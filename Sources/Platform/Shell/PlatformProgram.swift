import Contracts
import Glibc
import Linux
import Nouns
import Service

/// `bunbase-platform` from its start to its end.
package enum PlatformProgram {
    /// Returns the exit code.
    ///
    /// `failpoint`: `platform.` and a `PlatformService.Step`: the process kills itself behind that step.
    package static func run(failpoint: String? = nil) -> Int32 {
        Child.run(.platform) { child in
            var service: PlatformService?
            child.onAssigned = { [unowned child] assignment, descriptors in
                guard let operators = descriptors.takeOne(DescriptorName.platform) else {
                    throw StartFailure("no listener called \(DescriptorName.platform) was passed")
                }
                let started = try PlatformService(
                    PlatformPaths(data: assignment.data, control: child.runPaths?.control),
                    PlatformSettings(assignment.settings), on: child.loop)
                started.goesOn = { step in
                    if failpoint == "platform.\(step)" { kill(getpid(), SIGKILL) }
                    return true
                }
                started.onActivity = { [unowned child, unowned started] in child.setQuiet(started.isIdle) }
                try started.start(
                    operators: operators, fronts: descriptors.takeOne(DescriptorName.keys),
                    services: assignment.walls.services)
                service = started
                child.ready("\(started.projectCount) projects")
                child.setQuiet(started.isIdle)
            }
            child.onTerminate = { [unowned child] in
                guard let service else { return child.finish() }
                service.drain { child.finish() }
            }
        }
    }
}
