import Foundation
import Glibc
import Linux
import Nouns
import Testing

extension EventLoop {
    /// Turns until the condition holds; records an issue when it does not within half a minute.
    func turn(until condition: () -> Bool, _ place: SourceLocation = #_sourceLocation) throws {
        let limit = EventLoop.clock() + .seconds(30)
        while !condition() {
            guard EventLoop.clock() < limit else {
                Issue.record("nothing came within half a minute", sourceLocation: place)
                return
            }
            try turn(wait: .milliseconds(200))
        }
    }
}

/// A directory that goes with its test.
final class Scratch {
    let path: String

    init() {
        var template = Array("/tmp/linux-tests-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    subscript(_ name: String) -> String { "\(path)/\(name)" }
}

/// A handler made of a closure.
final class Watcher: EventHandler {
    let action: (Readiness) -> Void
    init(_ action: @escaping (Readiness) -> Void) { self.action = action }
    func handle(_ readiness: Readiness) { action(readiness) }
}

func isOpen(_ number: Int32) -> Bool { fcntl(number, F_GETFD) >= 0 }

/// What a descriptor is open on.
func target(of number: Int32) -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")
}
