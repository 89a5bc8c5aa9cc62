import Foundation

/// A directory for one test, removed with its owner.
final class Scratch {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.appending(path: "bunbase-\(UUID().uuidString.prefix(8))").path
        try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func bytes(_ name: String) -> [UInt8] { Array(FileManager.default.contents(atPath: "\(path)/\(name)") ?? Data()) }

    func write(_ bytes: some Sequence<UInt8>, to name: String) {
        try! Data(bytes).write(to: URL(filePath: "\(path)/\(name)"))
    }
}

extension Scratch {
    /// The path of a copy beside it.
    func copy(_ name: String) -> String {
        write(bytes(name), to: name + ".copy")
        return "\(path)/\(name).copy"
    }

    func size(_ name: String) -> Int {
        (try? FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")[.size] as? Int) ?? 0
    }
}
