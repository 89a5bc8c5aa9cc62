import Contracts
import Glibc

/// The directories of one cluster, below `BUNBASE_HOME`.
package struct Home: Hashable, Sendable {
    /// Absolute.
    package let directory: String

    /// Takes an absolute path.
    package init(_ directory: String) {
        var path = Substring(directory)
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.directory = String(path)
    }

    /// What must survive: one directory for each project, the platform's and the supervisor's own.
    package var data: String { directory + "/data" }
    package var logs: String { directory + "/logs" }

    /// The sockets: `run` in the home, or, when that path is too long for a socket's address, a directory in `/tmp`
    /// named for the user and the home.
    package var run: RunPaths {
        let own = directory + "/run"
        guard own.utf8.count > RunPaths.directoryLengthMax else { return RunPaths(own) }
        return RunPaths("/tmp/bunbase-\(getuid())-\(fingerprint)")
    }

    /// FNV-1a of the path, 64 bits, in hex.
    private var fingerprint: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in directory.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }
}
