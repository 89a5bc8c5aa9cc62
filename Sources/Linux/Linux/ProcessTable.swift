import CLinux
import Glibc
import Nouns

/// What the kernel tells of processes; `proc(5)`.
package enum ProcessTable {
    /// One line of `/proc/PID/stat`.
    package struct Status: Hashable, Sendable {
        package let pid: Int32
        /// At most 15 bytes of the program's name.
        package let name: String
        /// `R`, `S`, `D`, `Z` (exited, not waited for), …
        package let state: Character
        package let parent: Int32
        package let group: Int32
        package let session: Int32
        package let cpu: Duration
        package let start: UInt64

        package var id: ProcessID { ProcessID(pid, start: start) }
        package var isZombie: Bool { state == "Z" || state == "X" }

        /// The name may hold anything, also parentheses and spaces: the last `)` ends it.
        package init?(_ line: String) {
            guard let open = line.firstIndex(of: "("), let close = line.lastIndex(of: ")"), open < close,
                let pid = Int32(line[..<open].dropLast())
            else { return nil }
            let words = line[line.index(after: close)...].split(whereSeparator: \.isWhitespace)
            // Fields are numbered from 1 in proc(5); the first word here is field 3.
            guard words.count > 19, let state = words[0].first, let parent = Int32(words[1]),
                let group = Int32(words[2]),
                let session = Int32(words[3]), let user = UInt64(words[11]), let system = UInt64(words[12]),
                let start = UInt64(words[19])
            else { return nil }
            (self.pid, self.state, self.parent) = (pid, state, parent)
            (self.group, self.session, self.start) = (group, session, start)
            name = String(line[line.index(after: open)..<close])
            cpu = .milliseconds((user + system) * 1000 / UInt64(max(1, sysconf(Int32(_SC_CLK_TCK)))))
        }
    }

    /// Nil when there is no such process.
    package static func status(of pid: Int32) -> Status? {
        SmallFile.text("/proc/\(pid)/stat").flatMap { Status($0) }
    }

    /// The process that a pidfd means; nil when it is gone, or the descriptor is none.
    package static func process(behind descriptor: Descriptor) -> Int32? {
        let lines = SmallFile.text("/proc/self/fdinfo/\(descriptor.number)")?.split(separator: "\n") ?? []
        guard let line = lines.first(where: { $0.hasPrefix("Pid:") }) else { return nil }
        return Int32(line.dropFirst(4).trimmingPrefix { $0.isWhitespace }).flatMap { $0 > 0 ? $0 : nil }
    }

    package static func startTime(of pid: Int32) -> UInt64? { status(of: pid)?.start }

    /// Whether it is still that process, and has not exited.
    package static func isAlive(_ id: ProcessID) -> Bool {
        guard let status = status(of: id.pid) else { return false }
        return status.start == id.start && !status.isZombie
    }

    /// The effective user; nil when there is no such process.
    package static func user(of pid: Int32) -> UInt32? {
        let line = SmallFile.text("/proc/\(pid)/status")?.split(separator: "\n").first { $0.hasPrefix("Uid:") }
        return line.flatMap { UInt32($0.split(whereSeparator: \.isWhitespace)[2]) }
    }

    /// The program it executes; nil without the right to know.
    package static func program(of pid: Int32) -> String? { link("/proc/\(pid)/exe") }

    /// Its environment as it was at its start; nil without the right to know.
    package static func environment(of pid: Int32) -> [String: String]? {
        guard let bytes = try? SmallFile.read("/proc/\(pid)/environ") else { return nil }
        var variables: [String: String] = [:]
        for line in bytes.split(separator: 0) {
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let value = String(decoding: line[line.index(after: equals)...], as: UTF8.self)
            variables[String(decoding: line[..<equals], as: UTF8.self)] = value
        }
        return variables
    }

    /// Bytes of memory it has in RAM, shared ones included.
    package static func residentMemory(of pid: Int32) -> Int? {
        guard let words = SmallFile.text("/proc/\(pid)/statm")?.split(separator: " "), words.count > 1 else {
            return nil
        }
        return Int(words[1]).map { $0 * sysconf(Int32(_SC_PAGESIZE)) }
    }

    /// All processes that this one can see.
    package static func all() -> [Status] {
        names(in: "/proc").compactMap { Int32($0) }.compactMap { status(of: $0) }
    }

    /// The children of a process's main thread and of its others; `/proc/PID/task/*/children`.
    package static func children(of pid: Int32) -> [Int32] {
        names(in: "/proc/\(pid)/task").flatMap { thread in
            (SmallFile.text("/proc/\(pid)/task/\(thread)/children") ?? "").split(separator: " ").compactMap {
                Int32($0)
            }
        }
    }

    /// The control groups it is in, by hierarchy: `memory`, `pids`, …; the unified one under the empty name.
    package static func cgroups(of pid: Int32) -> [String: String] {
        var paths: [String: String] = [:]
        for line in (SmallFile.text("/proc/\(pid)/cgroup") ?? "").split(separator: "\n") {
            let words = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard words.count == 3 else { continue }
            for controller in words[1].split(separator: ",", omittingEmptySubsequences: false) {
                paths[String(controller)] = String(words[2])
            }
        }
        return paths
    }

    /// The open descriptors of a process with what they are open on: a path, `socket:[12345]`, `pipe:[…]`. Nil without
    /// the right to know. For this process the one that reads the list is left out.
    package static func descriptors(of pid: Int32 = getpid()) -> [Int32: String]? {
        let directory = "/proc/\(pid)/fd"
        guard access(directory, R_OK) == 0 else { return nil }
        var targets: [Int32: String] = [:]
        for name in names(in: directory) {
            guard let number = Int32(name), let target = link("\(directory)/\(name)") else { continue }
            if !target.hasSuffix(directory) { targets[number] = target }
        }
        return targets
    }

    /// A copy of another process's descriptor: the same open file; `pidfd_getfd(2)`. Needs the right to trace it.
    package static func descriptor(_ number: Int32, of process: Descriptor) throws(SystemError) -> Descriptor {
        Descriptor(try SystemError.check("pidfd_getfd") { clinux_copy_descriptor(process.number, number) })
    }

    /// Copies of all listening sockets that a process holds: how a restarted supervisor takes back what its children
    /// still have. Ask `Socket.localAddress` and `Socket.localPath` which is which. Empty without the right to trace
    /// it.
    package static func listeners(of process: ChildProcess) -> [Descriptor] {
        guard let held = descriptors(of: process.pid) else { return [] }
        let sockets = held.filter { $0.value.hasPrefix("socket:") }.keys.sorted()
        return sockets.compactMap { try? descriptor($0, of: process.descriptor) }.filter { Socket.isListening($0) }
    }

    static func names(in directory: String) -> [String] {
        (try? DirectoryListing.names(in: directory)) ?? []
    }

    private static func link(_ path: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = bytes.withUnsafeMutableBytes { buffer in
            readlink(path, buffer.baseAddress!.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}
