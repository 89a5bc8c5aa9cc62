import Glibc
import Nouns
import Service

/// The program, from its first line to its exit code.
///
/// - Parameter failpoint: a step and how often it is passed: `synced:3`; for tests.
package func runBundoc(failpoint: String?) -> Int32 {
    umask(0o077)
    // A file that may not grow is a full disk, not a reason to die.
    signal(SIGXFSZ, SIG_IGN)
    var service: DocumentService?
    let code = Child.run(.bundoc) { child in
        service = DocumentService(child, passed: try failpoint.map(killer) ?? { _ in })
    }
    withExtendedLifetime(service) {}
    return code
}

/// Kills this process when it passes a step for the nth time.
private func killer(_ failpoint: String) throws(StartFailure) -> (Step) -> Void {
    let parts = failpoint.split(separator: ":", maxSplits: 1)
    guard let step = parts.first.flatMap({ Step(rawValue: String($0)) }),
        var left = parts.count > 1 ? Int(parts[1]) : 1
    else {
        let steps = Step.allCases.map(\.rawValue).joined(separator: ", ")
        throw StartFailure("BUNDOC_FAILPOINT is not STEP or STEP:NUMBER; steps are \(steps)")
    }
    return { passed in
        guard passed == step else { return }
        left -= 1
        if left == 0 { kill(getpid(), SIGKILL) }
    }
}
