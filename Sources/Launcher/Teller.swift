import CLinux
import Glibc
import Linux

/// What the launcher has to say, in plain lines: to the terminal, or with the time to its log file; and, until the
/// cluster serves, to whoever started it and waits on a pipe.
package final class Teller {
    /// Bytes; a longer log is set aside once when a launch begins.
    package static let logMax = 1 << 20

    /// The words on the pipe: `say …` for each line, then `ready`. Its end without `ready` means failure.
    package enum PipeWord {
        package static let say = "say "
        package static let ready = "ready"
    }

    private let isDetached: Bool
    private var pipe: Descriptor?

    /// With a log file, standard output and error go there from now on, the supervisor's too.
    package init(log: String?, pipe: Descriptor?) throws(SystemError) {
        self.pipe = pipe
        isDetached = log != nil
        guard let log else { return }
        var status = stat()
        if stat(log, &status) == 0, status.st_size > Self.logMax { _ = rename(log, log + ".1") }
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC
        let file = Descriptor(try SystemError.check("open", path: log) { open(log, flags, 0o640) })
        for number in [STDOUT_FILENO, STDERR_FILENO] {
            try SystemError.check("dup2", path: log) { dup2(file.number, number) }
        }
    }

    package func say(_ text: String) {
        write(isDetached ? "\(Self.now) \(text)\n" : "bunbase: \(text)\n", to: STDERR_FILENO)
        if let pipe { write(PipeWord.say + text.replacing("\n", with: " ") + "\n", to: pipe.number) }
    }

    /// The cluster serves.
    package func announce(_ text: String) {
        if isDetached { say("ready") } else { write(text + "\n", to: STDOUT_FILENO) }
        if let pipe { write(PipeWord.ready + "\n", to: pipe.number) }
        pipe = nil
    }

    /// What cannot be written, because nobody reads any more, is lost.
    private func write(_ text: String, to number: Int32) {
        _ = Glibc.write(number, text, text.utf8.count)
    }

    /// `2026-11-23T13:14:15Z`.
    private static var now: String {
        var moment = time(nil)
        var parts = tm()
        gmtime_r(&moment, &parts)
        var bytes = [CChar](repeating: 0, count: 32)
        let count = strftime(&bytes, bytes.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension String {
    fileprivate func replacing(_ character: Character, with other: Character) -> String {
        String(map { $0 == character ? other : $0 })
    }
}
