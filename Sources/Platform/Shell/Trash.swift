import Glibc
import Linux
import Nouns

/// Where deleted projects' data goes: moved here in one step, then removed bit by bit between other work.
///
/// Directories inside are not descended into but moved up, so that depth, which a tenant chooses, costs neither
/// descriptors nor stack. Symbolic links are removed, never followed. What cannot be removed stays, is reported once,
/// and is tried again at the next start.
package final class Trash {
    /// Files and directories removed or moved in one go.
    private static let sliceMax = 256

    /// Called when a purge has ended, with how many things could not be removed.
    package var onPurged: ((Int) -> Void)?
    package private(set) var isPurging = false

    private let directory: String
    private let loop: EventLoop
    private var left: Set<DirectoryStream.Name> = []

    /// The directory is made if need be.
    package init(_ directory: String, on loop: EventLoop) throws(SystemError) {
        (self.directory, self.loop) = (directory, loop)
        try Directory.make(directory)
    }

    /// Moves a directory here, durably; does nothing when it is not there.
    package func take(_ path: String, as name: String) throws(SystemError) {
        var number = 0
        while true {
            let place = "\(directory)/\(name)-\(number)"
            if rename(path, place) == 0 { break }
            switch errno {
            case ENOENT: return
            case ENOTEMPTY, EEXIST: number += 1
            default: throw SystemError("rename", path: path)
            }
        }
        try Directory.sync(directory)
        try Directory.sync(String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.endIndex)))
    }

    /// Removes everything here, a slice in each turn of the loop.
    package func purge() {
        guard !isPurging else { return }
        isPurging = true
        turn()
    }

    private func turn() {
        var budget = Self.sliceMax
        do throws(SystemError) {
            let top = try DirectoryStream(directory)
            while budget > 0 {
                guard let name = next(in: top) else { return finish() }
                if try !remove(name, from: top, &budget) { left.insert(name) }
            }
        } catch {
            return finish()
        }
        loop.schedule(after: .zero) { [self] in turn() }
    }

    private func finish() {
        isPurging = false
        onPurged?(left.count)
    }

    private func next(in top: DirectoryStream) -> DirectoryStream.Name? {
        top.rewind()
        while let name = top.next() {
            if !left.contains(name) { return name }
        }
        return nil
    }

    /// False when it cannot be removed. It may take further calls until it is gone.
    private func remove(
        _ name: DirectoryStream.Name, from top: DirectoryStream, _ budget: inout Int
    ) throws(SystemError) -> Bool {
        budget -= 1
        if unlinkat(top.number, name.bytes, 0) == 0 || errno == ENOENT { return true }
        // A directory that its owner has closed is opened again; it is ours by now.
        fchmodat(top.number, name.bytes, 0o700, 0)
        guard let inner = try? DirectoryStream(name, in: top) else { return false }
        while let child = inner.next() {
            guard budget > 0 else { return true }
            budget -= 1
            if unlinkat(inner.number, child.bytes, 0) == 0 { continue }
            guard errno == EISDIR || errno == EPERM else { return false }
            let place = "part-" + String(Random.word(), radix: 16)
            guard renameat(inner.number, child.bytes, top.number, place) == 0 else { return false }
        }
        return unlinkat(top.number, name.bytes, AT_REMOVEDIR) == 0
    }
}
