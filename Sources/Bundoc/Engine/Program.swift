import Glibc
import Nouns
import Service

/// The program, from its first line to its exit code.
package func runBundoc(failpoint: String?) -> Int32 {
    umask(0o077)
    var service: DocumentService?
    let code = Child.run(.bundoc) { child in
        service = DocumentService(child, passed: failpoint.flatMap(killer) ?? { _ in })
    }
    withExtendedLifetime(service) {}
    return code
}

/// Kills this process when it passes a step for the nth time; nil when the failpoint is none of bundoc's.
private func killer(_ failpoint: String) -> ((Step) -> Void)? {
    let parts = failpoint.split(separator: ":")
    guard let name = parts.first, name.hasPrefix("bundoc."), let step = Step(rawValue: String(name.dropFirst(7))),
        var left = parts.count > 1 ? Int(parts[1]) : 1
    else { return nil }
    return { passed in
        guard passed == step else { return }
        left -= 1
        if left == 0 { kill(getpid(), SIGKILL) }
    }
}
