import Glibc
import Linux
import Nouns

/// Turns what a process prints into log records, within its budget.
final class OutputCapture: EventHandler {
    /// Read in one go, so that a process that floods its output leaves the loop to others.
    private static let readMax = 65_536
    /// Read at the end, when a process is gone and nothing more is written: as much as a pipe holds at most.
    private static let pipeMax = 1 << 20

    let descriptor: Descriptor
    private let loop: EventLoop
    private let deliver: (_ lines: [[UInt8]], _ dropped: Int) -> Void
    private var registration: EventLoop.Registration?
    private var splitter = LineSplitter()
    private var budget: LineBudget

    /// `deliver` gets the lines that are within the budget, and how many before them were not.
    init(
        _ descriptor: Descriptor, on loop: EventLoop, deliver: @escaping (_ lines: [[UInt8]], _ dropped: Int) -> Void
    ) throws(SystemError) {
        (self.descriptor, self.loop, self.deliver) = (descriptor, loop, deliver)
        budget = LineBudget(at: EventLoop.clock())
        try SystemError.check("fcntl") { fcntl(descriptor.number, F_SETFL, O_NONBLOCK) }
        registration = try loop.watch(descriptor.number, for: .readable, self)
    }

    /// What a process writes to, and where that is read.
    static func pipe() throws(SystemError) -> (read: Descriptor, write: Descriptor) {
        var both: [Int32] = [-1, -1]
        try SystemError.check("pipe") { Glibc.pipe(&both) }
        let ends = (Descriptor(both[0]), Descriptor(both[1]))
        for number in both { try SystemError.check("fcntl") { fcntl(number, F_SETFD, FD_CLOEXEC) } }
        return ends
    }

    /// Reads on from what a process of an earlier life writes to, where nobody kept the reading end: the kernel gives
    /// another one for the pipe behind a descriptor of that process.
    static func reopen(_ process: ChildProcess) -> Descriptor? {
        let number = open("/proc/\(process.pid)/fd/1", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard number >= 0 else { return nil }
        let descriptor = Descriptor(number)
        var status = stat()
        guard fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return nil }
        return descriptor
    }

    func handle(_ readiness: Readiness) {
        if !read(upTo: Self.readMax) { unwatch() }
    }

    /// Reads what is left, and ends.
    func finish() {
        if registration != nil {
            _ = read(upTo: Self.pipeMax)
            unwatch()
        }
        if let last = splitter.finish() { pass([last]) }
        let dropped = budget.takeDropped()
        if dropped > 0 { deliver([], dropped) }
        descriptor.close()
    }

    private func unwatch() {
        if let registration { loop.unwatch(registration) }
        registration = nil
    }

    /// False when the pipe has ended.
    private func read(upTo limit: Int) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 16) { buffer in
            var total = 0
            while total < limit {
                let count = Glibc.read(descriptor.number, buffer.baseAddress, buffer.count)
                if count < 0 { return errno == EAGAIN || errno == EINTR }
                if count == 0 { return false }
                total += count
                pass(splitter.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count])))
            }
            return true
        }
    }

    private func pass(_ lines: [[UInt8]]) {
        guard !lines.isEmpty else { return }
        let now = EventLoop.clock()
        var passed: [[UInt8]] = []
        var dropped = 0
        for line in lines {
            switch budget.take(at: now) {
            case .pass: passed.append(line)
            case .passAfter(let count):
                dropped += count
                passed.append(line)
            case .drop: break
            }
        }
        if !passed.isEmpty || dropped > 0 { deliver(passed, dropped) }
    }
}
