import Linux
import Nouns
import Routing

extension Exchange {
    /// Bytes of a body have passed: when the project's bandwidth is used up, the next ones wait.
    func charge(_ count: Int) {
        guard count > 0, let entry, let bandwidth = entry.rules.bandwidth, phase != .done else { return }
        let wait = entry.gauge.pass(count, bandwidth, at: front.loop.now)
        guard wait > .zero, pause == nil else { return }
        pause = front.loop.schedule(after: wait) { [self] in
            pause = nil
            upstream?.pumpSoon()
            if !upload.isComplete || tunnel != nil { client.readBodySoon() }
        }
    }
}
