import CLinux
import Glibc
import Linux

/// What is done with copies once they are there.
extension [Entry] {
    /// Puts everything on disk and notes each file's hash. `root`: the backup's directory.
    package mutating func seal(in root: String) throws(SystemError) {
        for index in indices {
            let path = "\(root)/\(self[index].path)"
            switch self[index].form {
            case .link: break
            case .directory: try FileBytes.syncDirectory(path)
            case .file:
                let flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC
                let file = Descriptor(try SystemError.check("open", path: path) { open(path, flags) })
                try SystemError.check("fsync", path: path) { fsync(file.number) }
                self[index].hash = try FileBytes.hash(file.number, path).hash
            }
        }
    }

    /// What is not as the entries say: one sentence for each, at most 20.
    package func faults(in root: String) -> [String] {
        var faults: [String] = []
        for entry in self where faults.count < 20 {
            if let fault = entry.fault(in: root) { faults.append("\(entry.path): \(fault)") }
        }
        return faults
    }

    /// Makes everything anew below `destination`, as it was, from the backup in `root`; `prefix` is the entries' path
    /// that becomes `destination`. On disk when it returns. A file that is not as the entry says is refused.
    package func place(from root: String, _ prefix: String, at destination: String) throws {
        func target(_ entry: Entry) -> String { destination + entry.path.dropFirst(prefix.count) }
        for entry in self {
            switch entry.form {
            case .directory:
                try SystemError.check("mkdir", path: target(entry)) { mkdir(target(entry), 0o700) }
            case .link:
                try SystemError.check("symlink", path: target(entry)) { symlink(entry.target, target(entry)) }
                if geteuid() == 0 {
                    try SystemError.check("chown", path: target(entry)) {
                        lchown(target(entry), entry.user, entry.group)
                    }
                }
            case .file: try entry.place(from: "\(root)/\(entry.path)", at: target(entry))
            }
        }
        // What is in a directory changes its time.
        for entry in reversed() where entry.form == .directory {
            let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
            let path = target(entry)
            let directory = Descriptor(try SystemError.check("open", path: path) { open(path, flags) })
            try entry.dress(directory.number)
            try SystemError.check("fsync", path: path) { fsync(directory.number) }
        }
    }
}

extension Entry {
    /// Why what lies there is not what was backed up; nil when it is.
    fileprivate func fault(in root: String) -> String? {
        let place = "\(root)/\(path)"
        var status = stat()
        guard lstat(place, &status) == 0 else { return "it is not there" }
        switch form {
        case .directory: return status.st_mode & S_IFMT == S_IFDIR ? nil : "it is no directory"
        case .link: return status.st_mode & S_IFMT == S_IFLNK ? nil : "it is no symbolic link"
        case .file:
            guard status.st_mode & S_IFMT == S_IFREG else { return "it is no file" }
            do {
                let flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC
                let file = Descriptor(try SystemError.check("open") { open(place, flags) })
                let found = try FileBytes.hash(file.number, place)
                if found.size != size { return "it has \(found.size) bytes instead of \(size)" }
                return found.hash == hash ? nil : "its bytes are not those that were backed up"
            } catch {
                return "it cannot be read (\(error))"
            }
        }
    }

    fileprivate func place(from source: String, at destination: String) throws {
        let reading = O_RDONLY | O_NOFOLLOW | O_CLOEXEC
        let from = Descriptor(try SystemError.check("open", path: source) { open(source, reading) })
        var status = stat()
        try SystemError.check("stat", path: source) { fstat(from.number, &status) }
        guard Int64(status.st_size) == size else {
            throw BackupFailure("\(path) of the backup is damaged: it has \(status.st_size) bytes instead of \(size).")
        }
        let writing = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let copy = Descriptor(
            try SystemError.check("open", path: destination) { open(destination, writing, 0o600) })
        if clinux_clone_file(from.number, copy.number) != 0 {
            try FileBytes.copy(from.number, copy.number, size: size, destination) {}
        }
        // A log writes where it made room before: a full disk must not meet it there.
        if isAllocated, size > 0 {
            let code = posix_fallocate(copy.number, 0, off_t(size))
            guard code == 0 else { throw SystemError("fallocate", code: code, path: destination) }
        }
        let found = try FileBytes.hash(copy.number, destination)
        guard found.hash == hash, found.size == size else {
            throw BackupFailure("\(path) of the backup is damaged: its bytes are not those that were backed up.")
        }
        try dress(copy.number)
        try SystemError.check("fsync", path: destination) { fsync(copy.number) }
    }

    /// Gives what is open its owner, where we may, its permissions and its time.
    fileprivate func dress(_ file: Int32) throws(SystemError) {
        if geteuid() == 0 { try SystemError.check("chown", path: path) { fchown(file, user, group) } }
        try SystemError.check("chmod", path: path) { fchmod(file, mode) }
        let moment = timespec(tv_sec: Int(modified / 1_000_000_000), tv_nsec: Int(modified % 1_000_000_000))
        try SystemError.check("utimens", path: path) { futimens(file, [moment, moment]) }
    }
}
