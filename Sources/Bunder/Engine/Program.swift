import Glibc
import Nouns
import Service

/// Runs the program from its first line to its end.
///
/// - Returns: the exit code.
package func runBunder() -> Int32 {
    // A file that may not grow any further is an error to be told, not the end of the process.
    signal(SIGXFSZ, SIG_IGN)
    var engines: [Engine] = []
    let code = Child.run(.bunder) { engines.append(Engine($0)) }
    return withExtendedLifetime(engines) { code }
}
