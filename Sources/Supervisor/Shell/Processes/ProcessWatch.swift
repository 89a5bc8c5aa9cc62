import Linux

/// Tells once when a process that is not ours is dead, from the loop; at once when it is dead already.
final class ProcessWatch {
    private var isOver = false

    init(pid: Int32, startTicks: UInt64, on loop: EventLoop, _ whenDead: @escaping () -> Void) {
        let process: ChildProcess?
        do throws(SystemError) {
            process = try ChildProcess.adopt(ProcessID(pid, start: startTicks))
        } catch {
            // Without the right to watch it nothing is known: whoever asks has a deadline too.
            return
        }
        guard let process else {
            loop.afterBatch { [weak self] in self?.tell(whenDead) }
            return
        }
        try? process.watch(on: loop) { [weak self] _ in self?.tell(whenDead) }
    }

    func cancel() { isOver = true }

    private func tell(_ whenDead: () -> Void) {
        guard !isOver else { return }
        isOver = true
        whenDead()
    }
}
