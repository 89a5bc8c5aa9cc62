import Glibc
import Nouns
import Service

/// A project's process that tries to reach what is not its own: `POST /climb/{what}`, the target in the body.
@main
struct ClimberMain {
    static func main() {
        exit(
            Child.run(.init("climber")!) { child in
                let climber = Climber(child)
                child.onAssigned = { try climber.assigned($0, &$1) }
                child.onTerminate = { climber.terminated() }
            })
    }
}
