import Linux
import Nouns
import Telemetry

/// The access log of one loop: lines are gathered for a moment and written together.
final class AccessFile {
    /// Bytes that are gathered.
    private static let gatheredMax = 65_536
    private static let delay = Duration.milliseconds(200)
    private static let fileMax = 64 << 20
    private static let filesKept = 4

    private let file: LogFile
    private let loop: EventLoop
    private var lines: [UInt8] = []
    private var count = 0
    private var timer: TimerHeap.ID?

    /// - Parameter path: of the file; set aside ones have a number behind it.
    init(path: String, on loop: EventLoop) {
        self.loop = loop
        file = LogFile(path: path, bytesMax: Self.fileMax, kept: Self.filesKept)
    }

    /// Lines that could not be written.
    var lost: Int { file.lost }

    func add(_ line: AccessLine) {
        line.append(to: &lines)
        count += 1
        if lines.count >= Self.gatheredMax {
            write()
        } else if timer == nil {
            timer = loop.schedule(after: Self.delay) { [weak self] in
                self?.timer = nil
                self?.write()
            }
        }
    }

    /// Writes what is gathered.
    func write() {
        if let timer { loop.cancel(timer) }
        timer = nil
        guard count > 0 else { return }
        file.write(lines, count: count)
        lines.removeAll(keepingCapacity: true)
        count = 0
    }
}
