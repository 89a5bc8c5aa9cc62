import Contracts
import Linux
import Nouns
import Routing
import Service

/// Has people alerted of certificates that expire: when they are read, and again each hour.
final class ExpiryAlerts {
    private static let period = Duration.seconds(3600)

    private unowned let child: Child
    private var watch = ExpiryWatch()
    private var timer: TimerHeap.ID?

    init(_ child: Child) { self.child = child }

    func take(_ expiries: [String: Int64]) {
        for word in watch.take(expiries, at: WallTime.milliseconds / 1000) { child.say(word) }
        guard timer == nil, !expiries.isEmpty else { return }
        remind()
    }

    /// The words of an hour ago may have found nobody who listened.
    private func remind() {
        timer = child.loop.schedule(after: Self.period) { [self] in
            for word in watch.raised(at: WallTime.milliseconds / 1000) { child.say(word) }
            remind()
        }
    }
}
