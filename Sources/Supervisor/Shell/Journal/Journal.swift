import Glibc
import Linux
import Nouns
import Supervision

/// What a supervisor writes down for its next life: an append-only text file of the newest facts (`JournalEntry`).
///
/// A line is handed to the kernel before the action that depends on it, so it survives a kill of the supervisor at any
/// moment; operators' decisions are also forced to the disk before they are answered. The file is rewritten (to a new
/// file, then renamed) at each start and when most of it is outdated. It holds the listeners' tokens and has mode 0600.
///
/// A disk that is full or failing does not stop the supervisor: the failure is kept for the status page, and the whole
/// file is written anew as soon as that works again.
package final class Journal {
    /// Numbers are reserved in blocks of this size.
    package static let block: UInt64 = 1024
    /// Rewritten when the file is larger than this and four times what is current.
    package static let bytesMin = 1 << 20
    /// Between two tries to write a file that could not be written.
    package static let retry = Duration.seconds(1)

    /// `write(2)`; tests put a full disk in its place.
    package typealias Writer = (_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int

    package private(set) var state: JournalState
    /// What went wrong with the last write; nil when it went well.
    package private(set) var failure: SystemError?
    /// Lines that could not be understood at the start.
    package let damagedLines: Int
    /// Whether the machine was started anew since the last life.
    package let isNewBoot: Bool

    private let path: String
    private let write: Writer
    private var retryAt = Instant.zero
    private var file: Descriptor
    private var pending: [UInt8] = []
    /// Of the file, in bytes.
    package private(set) var size = 0
    private var sizeWhenRewritten = 0
    private var isSyncNeeded = false

    /// Opens or creates the journal. `bootID` names the running boot.
    package init(
        path: String, bootID: String, write: @escaping Writer = { Glibc.write($0, $1.baseAddress, $1.count) }
    ) throws(SystemError) {
        (self.path, self.write) = (path, write)
        let bytes = try Self.read(path)
        var damaged = 0
        var state = JournalState(reading: bytes, damaged: &damaged)
        isNewBoot = state.bootID != bootID
        if isNewBoot { state.reboot(into: bootID) }
        (self.state, self.damagedLines) = (state, damaged)
        file = Descriptor(-1)
        try rewrite()
    }

    /// Notes a fact. It reaches the file with the next `flush`.
    package func note(_ entry: JournalEntry) {
        if isDurable(entry) { isSyncNeeded = true }
        reserve(for: entry)
        append(entry)
    }

    /// Hands everything noted to the kernel; from then on it survives the end of this process.
    package func flush() {
        guard failure == nil ? !pending.isEmpty : EventLoop.clock() >= retryAt else { return }
        attempt()
    }

    private func attempt() {
        do throws(SystemError) {
            if failure != nil || size > max(Self.bytesMin, 4 * sizeWhenRewritten) {
                try rewrite()
            } else {
                try write(pending, to: file, path)
                size += pending.count
                pending.removeAll(keepingCapacity: pending.count < 65_536)
            }
            failure = nil
        } catch {
            // All of it is in `state`, from which the file is written anew.
            failure = error
            retryAt = EventLoop.clock() + Self.retry
            pending.removeAll()
        }
    }

    /// Flushes, and forces what operators decided since the last call to the disk.
    package func sync() {
        if !pending.isEmpty || failure != nil { attempt() }
        guard isSyncNeeded, failure == nil else { return }
        if fdatasync(file.number) != 0 {
            failure = SystemError("fdatasync", path: path)
        } else {
            isSyncNeeded = false
        }
    }

    /// The numbers to go on with, above all that were ever used.
    package var nextIncarnation: Incarnation { Incarnation(state.incarnationMax + 1) }
    package var nextGeneration: Generation { Generation(state.generationMax + 1) }

    private func append(_ entry: JournalEntry) {
        state.apply(entry)
        pending += entry.encoded()
    }

    /// Decisions of people, and deletions: to be kept even when the machine loses power.
    private func isDurable(_ entry: JournalEntry) -> Bool {
        switch entry {
        case .instance(let record):
            (state.records[record.instance]?.isDisabled ?? false) != record.isDisabled
                || (state.records[record.instance]?.isQuarantined ?? false) != record.isQuarantined
        case .project(_, let isWithdrawn): isWithdrawn
        // A process that runs under an id that was forgotten would share it with the next.
        case .user: true
        default: false
        }
    }

    /// A number above the reserved ones reserves the next block, on disk, first.
    private func reserve(for entry: JournalEntry) {
        let incarnation: UInt64
        let generation: UInt64
        switch entry {
        case .intended(let number, _), .started(let number, _): (incarnation, generation) = (number.number, 0)
        case .bound(let number, _): (incarnation, generation) = (0, number.number)
        default: return
        }
        guard incarnation > state.incarnationsReserved || generation > state.generationsReserved else { return }
        append(
            .reserved(
                incarnations: max(incarnation, state.incarnationMax) + Self.block,
                generations: max(generation, state.generationMax) + Self.block))
        isSyncNeeded = true
        sync()
    }

    private func rewrite() throws(SystemError) {
        let text = state.entries.reduce(into: [UInt8]()) { $0 += $1.encoded() }
        let fresh = path + ".new"
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC
        let file = Descriptor(try SystemError.check("open", path: fresh) { open(fresh, flags, 0o600) })
        try write(text, to: file, fresh)
        try SystemError.check("fdatasync", path: fresh) { fdatasync(file.number) }
        try SystemError.check("rename", path: path) { rename(fresh, path) }
        let directory = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let folder = Descriptor(
            try SystemError.check("open", path: directory) { open(directory, O_RDONLY | O_CLOEXEC) })
        try SystemError.check("fsync", path: directory) { fsync(folder.number) }
        (self.file, size, sizeWhenRewritten) = (file, text.count, text.count)
        pending.removeAll()
        isSyncNeeded = false
    }

    private func write(_ bytes: [UInt8], to file: Descriptor, _ path: String) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            written += try SystemError.check("write", path: path) {
                bytes.withUnsafeBytes { write(file.number, UnsafeRawBufferPointer(rebasing: $0[written...])) }
            }
        }
    }

    private static func read(_ path: String) throws(SystemError) -> [UInt8] {
        let number = open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else {
            if errno == ENOENT { return [] }
            throw SystemError("open", path: path)
        }
        let file = Descriptor(number)
        var bytes: [UInt8] = []
        let chunk = 1 << 16
        while true {
            let before = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: chunk))
            let count = try SystemError.check("read", path: path) {
                bytes.withUnsafeMutableBytes { Glibc.read(file.number, $0.baseAddress! + before, chunk) }
            }
            bytes.removeLast(chunk - count)
            if count == 0 { return bytes }
        }
    }
}
