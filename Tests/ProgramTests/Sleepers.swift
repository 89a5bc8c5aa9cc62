import Foundation
import Trial

/// The `sleep` processes that a misbehaving program leaves behind.
enum Sleepers {
    private static var all: [ProcessFacts] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.map { ProcessFacts($0) }
            .filter { $0.isAlive && $0.commandLine?.hasPrefix("sleep 100") == true }
    }

    static func count(inSessionOf pid: Int32) -> Int {
        all.count { process in
            let fields = process.text("stat")?.split(separator: ")").last?.split(separator: " ") ?? []
            return fields.count > 3 && Int32(fields[3]) == pid
        }
    }

    /// Those whose working directory lies in a cluster's home.
    static func count(below home: String) -> Int {
        all.count { process in
            let directory = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process.pid)/cwd")
            return directory?.hasPrefix(home) == true
        }
    }
}
