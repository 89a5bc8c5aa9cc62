import CLinux
import Glibc
import Linux

/// The log files of a cluster: `supervisor.jsonl` and one `KIND.jsonl` for each kind; those set aside end in `.1`, ….
package final class LogFiles {
    /// Which lines are wanted; nil: all.
    package struct Filter: Sendable {
        package var project: String?
        package var kind: String?
        package init(project: String? = nil, kind: String? = nil) { (self.project, self.kind) = (project, kind) }

        func admits(_ line: LogLine) -> Bool {
            (project == nil || line.project == project) && (kind == nil || line.kind == kind)
        }
    }

    /// Bytes of each file's end that are looked through.
    package static let tailMax = 8 << 20
    private static let suffix = ".jsonl"

    private let directory: String
    private let filter: Filter
    private var watcher: Descriptor?
    /// How far each file was read: its inode, so that one that was set aside is begun anew, and the place.
    private var places: [String: (inode: UInt, offset: Int)] = [:]

    package init(_ directory: String, _ filter: Filter) { (self.directory, self.filter) = (directory, filter) }

    /// The last lines there are, oldest first. From here on `more` goes on.
    package func last(_ count: Int) -> [LogLine] {
        var lines: [LogLine] = []
        for name in names() {
            if !name.hasSuffix(Self.suffix) || places[name] == nil { lines += read(name, isFirst: true) }
        }
        lines.sort { $0.time < $1.time }
        return Array(lines.suffix(count))
    }

    /// Lines that came since, oldest first.
    package func more() -> [LogLine] {
        names().filter { $0.hasSuffix(Self.suffix) }.flatMap { read($0, isFirst: false) }
            .sorted { $0.time < $1.time }
    }

    /// From now on `wait` notices changes. Throws when the directory cannot be watched.
    package func watch() throws(SystemError) {
        let made = Descriptor(try SystemError.check("inotify_init1") { inotify_init1(Int32(IN_CLOEXEC)) })
        try SystemError.check("inotify_add_watch", path: directory) { [directory] in
            inotify_add_watch(made.number, directory, UInt32(IN_MODIFY | IN_CREATE | IN_MOVED_TO))
        }
        watcher = made
    }

    /// Returns when a file of the directory has changed since the last time. Only after `watch`.
    package func wait() throws(SystemError) {
        guard let watcher else { preconditionFailure("log files are watched before they are waited for") }
        var events = [UInt8](repeating: 0, count: 4096)
        try SystemError.check("read") { Glibc.read(watcher.number, &events, events.count) }
    }

    /// The current files, and the newest set aside of each.
    private func names() -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(Self.suffix) || name.hasSuffix(Self.suffix + ".1") { names.append(name) }
        }
        return names.sorted()
    }

    /// Whole lines from where the last reading ended; a line that is still being written is left for the next.
    private func read(_ name: String, isFirst: Bool) -> [LogLine] {
        let number = open("\(directory)/\(name)", O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return [] }
        let file = Descriptor(number)
        var status = stat()
        guard fstat(file.number, &status) == 0 else { return [] }
        let size = Int(status.st_size)
        var start = isFirst ? max(0, size - Self.tailMax) : 0
        if let place = places[name], place.inode == status.st_ino, place.offset <= size { start = place.offset }
        var bytes = [UInt8](repeating: 0, count: size - start)
        let count = bytes.withUnsafeMutableBytes { pread(file.number, $0.baseAddress, $0.count, start) }
        bytes.removeLast(bytes.count - max(0, count))
        let end = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        places[name] = (status.st_ino, start + end)
        return bytes[..<end].split(separator: UInt8(ascii: "\n")).compactMap { LogLine(Array($0)) }
            .filter(filter.admits)
    }
}
