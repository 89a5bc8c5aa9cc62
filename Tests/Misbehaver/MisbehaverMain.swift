import Glibc
import Nouns
import Service

/// A project's process that does wrong when it is told to: by a file `start` in its data directory, which says how it
/// starts, or by a request to `/do/{what}`.
@main
struct MisbehaverMain {
    static func main() {
        exit(
            Child.run(.init("misbehaver")!) { child in
                let misbehaver = Misbehaver(child)
                child.onAssigned = { try misbehaver.assigned($0, &$1) }
                child.onTerminate = { misbehaver.terminated() }
            })
    }
}
