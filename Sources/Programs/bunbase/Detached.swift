import Foundation
import Launcher
import Linux
import Nouns

/// Starts the launcher in the background and waits until the cluster serves.
struct Detached {
    private let arguments: LaunchArguments
    private let patience: Duration

    init(_ arguments: LaunchArguments, patience: Duration) { (self.arguments, self.patience) = (arguments, patience) }

    /// Throws with what the launcher said last when it ends instead, or takes too long.
    func start() throws(Failure) {
        guard let (reader, writer) = try? Socket.pair(.stream) else {
            throw Failure(.refused, "No socket can be opened: too many files are open.")
        }
        var plan = SpawnPlan(
            Up.sibling("bunbase-init"), arguments.words, environment: ProcessInfo.processInfo.environment)
        plan.listening = [(name: LaunchLoop.readyPipe, descriptor: writer)]
        plan.directory = "/"
        plan.noNewPrivileges = false
        do throws(SpawnError) {
            _ = try ChildProcess.spawn(plan)
        } catch {
            throw Failure(.refused, "the launcher cannot be started: \(error)")
        }
        writer.close()
        try awaitReadiness(reader)
    }

    private func awaitReadiness(_ reader: Descriptor) throws(Failure) {
        let end = EventLoop.clock() + patience
        var said: [String] = []
        var bytes: [UInt8] = []
        while true {
            while let newline = bytes.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: bytes[..<newline], as: UTF8.self)
                bytes.removeSubrange(...newline)
                if line == Teller.PipeWord.ready { return }
                if line.hasPrefix(Teller.PipeWord.say) {
                    said.append(String(line.dropFirst(Teller.PipeWord.say.count)))
                }
            }
            let rest = (end - EventLoop.clock()).millisecondsRoundedUp
            var waiting = pollfd(fd: reader.number, events: Int16(POLLIN), revents: 0)
            guard rest > 0, poll(&waiting, 1, Int32(clamping: rest)) > 0 else {
                if errno == EINTR, rest > 0 { continue }
                throw tooLate(said)
            }
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = read(reader.number, &chunk, chunk.count)
            guard count > 0 else { throw ended(said) }
            bytes += chunk[..<count]
        }
    }

    private func ended(_ said: [String]) -> Failure {
        let log = arguments.log ?? ""
        let lines = (try? String(contentsOfFile: log, encoding: .utf8))?.split(separator: "\n").suffix(8) ?? []
        let reason = said.last ?? "the launcher ended without a word"
        // What the supervisor itself said went to the log only.
        let words = lines.filter { $0.contains("bunbase-supervisor:") || !$0.hasPrefix("20") }.joined(separator: "\n")
        return Failure(.refused, "The cluster did not start: \(reason)" + (words.isEmpty ? "" : "\n\(words)"))
    }

    private func tooLate(_ said: [String]) -> Failure {
        let last = said.last.map { " It said last: \($0)." } ?? ""
        return Failure(
            .refused,
            "The cluster is not ready after \(patience.components.seconds) s.\(last) It goes on trying: "
                + "see bunbase status and \(arguments.log ?? "its log"), or stop it with: bunbase down")
    }
}
