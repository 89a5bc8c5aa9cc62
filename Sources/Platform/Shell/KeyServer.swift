import Contracts
import Linux
import Nouns
import Projects

/// Tells fronts which key opens which project, on the `keys` listener: the table when they connect, then each change;
/// and which operators' tokens are good, when they ask.
package final class KeyServer {
    /// Fronts connected at once; more are closed.
    package static let frontsMax = 64

    private let loop: EventLoop
    private let keys: () -> VersionedKeys
    private let verify: (SecretHash) -> TokenGrant?
    private var listener: PacketListener?
    private var subscribers: [KeySubscriber] = []
    private var waiters: [Waiter] = []

    /// Somebody who waits until all fronts have seen a version.
    private final class Waiter {
        let version: UInt64
        /// A front that is gone may come back and still have the old table; so as many as there were must have seen it.
        let fronts: Int
        let completion: (Bool) -> Void
        var timer: TimerHeap.ID?

        init(_ version: UInt64, fronts: Int, _ completion: @escaping (Bool) -> Void) {
            (self.version, self.fronts, self.completion) = (version, fronts, completion)
        }
    }

    /// `keys`: the table as it is now. `verify`: what an operator's token with this hash stands for. `services`: a
    /// group whose processes are heard besides those of the same user and of root.
    package init(
        _ descriptor: Descriptor, on loop: EventLoop, services: UInt32? = nil, keys: @escaping () -> VersionedKeys,
        verify: @escaping (SecretHash) -> TokenGrant?
    ) throws(SystemError) {
        (self.loop, self.keys, self.verify) = (loop, keys, verify)
        listener = try PacketListener(
            descriptor, on: loop, admits: { $0.isOurs(services) }
        ) { [unowned self] connection, _ in welcome(connection) }
    }

    package var frontCount: Int { subscribers.count }

    /// Sends the newest change to the fronts that have the table up to it.
    package func publish() {
        let table = keys()
        for subscriber in subscribers { subscriber.send(table.changes(since: subscriber.sent), table.version) }
    }

    /// Calls `completion` once: with true when all connected fronts have seen the version, with false after `limit`.
    package func whenSeen(_ version: UInt64, within limit: Duration, _ completion: @escaping (Bool) -> Void) {
        let waiter = Waiter(version, fronts: subscribers.count, completion)
        guard !isSeen(by: waiter) else { return completion(true) }
        waiters.append(waiter)
        waiter.timer = loop.schedule(after: limit) { [unowned self] in
            waiters.removeAll { $0 === waiter }
            completion(false)
        }
    }

    /// Ends all connections; who still waits is told that the fronts have not seen it.
    package func close() {
        listener?.close()
        for subscriber in subscribers { subscriber.close() }
        subscribers = []
        let waiting = waiters
        waiters = []
        for waiter in waiting {
            if let timer = waiter.timer { loop.cancel(timer) }
            waiter.completion(false)
        }
    }

    private func welcome(_ connection: PacketConnection) {
        guard subscribers.count < Self.frontsMax else { return connection.close() }
        let subscriber = KeySubscriber(connection)
        subscribers.append(subscriber)
        subscriber.onHello = { [unowned self, unowned subscriber] known in
            let table = keys()
            subscriber.begin(table.changes(since: known), table.version)
        }
        subscriber.onVerify = { [unowned self] in verify($0) }
        subscriber.onSeen = { [unowned self] in tellWaiters() }
        subscriber.onClosed = { [unowned self, unowned subscriber] in subscribers.removeAll { $0 === subscriber } }
    }

    private func isSeen(by waiter: Waiter) -> Bool {
        subscribers.count >= waiter.fronts && subscribers.allSatisfy { $0.seen >= waiter.version }
    }

    private func tellWaiters() {
        for waiter in waiters where isSeen(by: waiter) {
            waiters.removeAll { $0 === waiter }
            if let timer = waiter.timer { loop.cancel(timer) }
            waiter.completion(true)
        }
    }
}
