import Foundation

/// A directory of one test's own, removed with its last reference.
final class Scratch {
    let path: String

    init() {
        path = "/tmp/bunbase-bundoc-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Bytes of a file in it; nil when there is none.
    func bytes(of name: String) -> Int? {
        (try? FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")[.size]) as? Int
    }
}
