import CLinux
import Contracts
import Glibc

/// The descriptors that whoever started this process passed to it, by name: `sd_listen_fds_with_names(3)`.
///
/// One list, whoever holds it: what was taken out is closed as soon as its taker lets go of it.
package final class ListenFDs {
    /// What systemd calls a descriptor without a name.
    package static let unnamed = "unknown"
    /// `SD_LISTEN_FDS_START`.
    package static let start: Int32 = 3

    package private(set) var all: [(name: String, descriptor: Descriptor)]

    /// Takes them from the environment; empty when it names none or they are meant for another process. All become
    /// close-on-exec and non-blocking, which systemd leaves to us. Throws EINVAL for malformed variables, EBADF when a
    /// descriptor is not open. Call it once.
    package static func fromEnvironment() throws(SystemError) -> ListenFDs {
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
        return try ListenFDs(
            count: variable(ChildEnvironment.listenFDs), pid: variable(ChildEnvironment.listenPID),
            names: variable(ChildEnvironment.listenFDNames))
    }

    /// From the variables' values, for descriptors that begin at `start`.
    package init(
        count: String?, pid: String?, names: String?, from start: Int32 = start
    ) throws(SystemError) {
        all = []
        guard let count, let pid else { return }
        guard let pid = Int32(pid) else { throw SystemError(ChildEnvironment.listenPID, code: EINVAL) }
        guard pid == getpid() else { return }
        guard let count = Int32(count), (0...65_536).contains(count) else {
            throw SystemError(ChildEnvironment.listenFDs, code: EINVAL)
        }
        let words = names.map { $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init) }
        guard words == nil || words?.count == Int(count) || count == 0 else {
            throw SystemError(ChildEnvironment.listenFDNames, code: EINVAL)
        }
        for number in start..<start + count {
            try SystemError.check("fcntl", path: "descriptor \(number)") {
                fcntl(number, F_SETFD, FD_CLOEXEC)
            }
            let flags = try SystemError.check("fcntl") { fcntl(number, F_GETFL) }
            try SystemError.check("fcntl") { fcntl(number, F_SETFL, flags | O_NONBLOCK) }
        }
        for number in start..<start + count {
            let name = words?[Int(number - start)] ?? Self.unnamed
            all.append((name: name, descriptor: Descriptor(number)))
        }
    }

    /// Takes all of one name out, in order.
    package func take(_ name: String) -> [Descriptor] {
        let taken = all.filter { $0.name == name }.map(\.descriptor)
        all.removeAll { $0.name == name }
        return taken
    }

    /// Takes all that is left out.
    package func takeAll() -> [(name: String, descriptor: Descriptor)] {
        defer { all = [] }
        return all
    }

    /// Takes the first of a name out.
    package func takeOne(_ name: String) -> Descriptor? {
        guard let index = all.firstIndex(where: { $0.name == name }) else { return nil }
        return all.remove(at: index).descriptor
    }
}
