import Glibc
import JSON
import Linux
import Nouns
import Synchronization
import Terminal

/// A thread that follows the supervisor's events, over its restarts, and hands what it hears to the loop.
final class EventReader: Sendable {
    enum News: Sendable {
        /// The whole status: at the beginning of each stream, since what happened before it was not heard.
        case status(JSONValue)
        case event(JSONValue)
        /// The supervisor cannot be reached.
        case away
    }

    private static let pause: UInt32 = 1_000_000
    /// News that the loop has not taken; more means that it does not turn, and the stream is read no further.
    private static let newsMax = 10_000

    private let news = Mutex<[News]>([])
    private let control: String
    private let waker: Waker

    init(_ control: String, on loop: EventLoop, _ take: @escaping ([News]) -> Void) throws(SystemError) {
        self.control = control
        let box = Box()
        waker = try Waker(on: loop) {
            guard let reader = box.reader else { return }
            take(
                reader.news.withLock { news in
                    defer { news = [] }
                    return news
                })
        }
        box.reader = self
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<EventReader>.fromOpaque(argument!).takeRetainedValue().work()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        guard code == 0 else { throw SystemError("pthread_create", code: code) }
        pthread_detach(thread)
    }

    private final class Box { weak var reader: EventReader? }

    private func work() {
        while true {
            follow()
            tell(.away)
            usleep(Self.pause)
        }
    }

    /// Until the stream ends. What happened before the status was asked for is in it, and is passed over in the stream.
    // Inlined into an endless loop it keeps the optimiser of Swift 6.3 busy for ever (LoopInvariantCodeMotion).
    @inline(never) private func follow() {
        let moment = Timestamp(WallTime.milliseconds).text
        guard tellStatus(), let stream = try? ControlConnection(to: control, patience: nil) else { return }
        _ = try? stream.events("/events?after=0") { event in
            guard let value = try? JSONValue(parsing: event.data), let time = value["time"]?.string, time >= moment
            else { return true }
            return tell(.event(value))
        }
    }

    private func tellStatus() -> Bool {
        guard let connection = try? ControlConnection(to: control, patience: .seconds(10)),
            let answer = try? connection.exchange("GET", "/status"), answer.isSuccess,
            let status = try? JSONValue(parsing: answer.body)
        else { return false }
        return tell(.status(status))
    }

    @discardableResult
    private func tell(_ item: News) -> Bool {
        let isRoom = news.withLock { news in
            guard news.count < Self.newsMax else { return false }
            news.append(item)
            return true
        }
        waker.wake()
        return isRoom
    }
}
