import Glibc

/// Where the command line looks for its cluster. The first that there is:
///
/// 1. `BUNBASE_HOME`;
/// 2. the home whose `bin/bunbase` this program was called as;
/// 3. `.bunbase` in a directory above the program's own file: that of a repository it was built in;
/// 4. `~/.bunbase`;
/// 5. `/var/lib/bunbase`.
package enum ClusterLocation {
    /// Absolute. Nil when there is none of them; `BUNBASE_HOME` counts also when it does not exist yet.
    package static func home(
        environment: [String: String], calledAs: String, program: String, workingDirectory: String,
        exists: (String) -> Bool = { access($0, F_OK) == 0 }
    ) -> String? {
        if let home = environment["BUNBASE_HOME"], !home.isEmpty { return absolute(home, from: workingDirectory) }
        var candidates: [String] = []
        if calledAs.contains("/") {
            let called = absolute(calledAs, from: workingDirectory)
            let directory = parent(called)
            if directory.hasSuffix("/bin") { candidates.append(parent(directory)) }
        }
        var above = parent(program)
        while above != "/" {
            candidates.append(above == "/" ? "/.bunbase" : above + "/.bunbase")
            above = parent(above)
        }
        if let user = environment["HOME"], user.hasPrefix("/") { candidates.append(user + "/.bunbase") }
        candidates.append("/var/lib/bunbase")
        return candidates.first { exists($0 + "/data") }
    }

    package static func absolute(_ path: String, from directory: String) -> String {
        path.hasPrefix("/") ? path : directory + "/" + path
    }

    package static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
