import Glibc
import JSON
import Linux
import Nouns
import Synchronization
import Terminal

/// A thread that follows the supervisor's events, over its restarts, and hands what it hears to the loop.
final class EventReader: Sendable {
    enum News: Sendable {
        /// The whole status: at the beginning of each stream, since something may not have been heard.
        case status(JSONValue)
        /// With its id, which only grows.
        case event(UInt64, JSONValue)
        /// The supervisor cannot be reached.
        case away
    }

    private static let pause: UInt32 = 1_000_000
    /// News that the loop has not taken; more means that it does not turn, and the stream is read no further.
    private static let newsMax = 10_000

    private let news = Mutex<[News]>([])
    private let control: String
    private let waker: Waker
    private let heard: UInt64
    /// In the first life what happened before is over.
    private let began = Timestamp(WallTime.milliseconds).text

    /// - Parameter heard: the last event that an earlier life took; 0: there was none.
    init(
        _ control: String, after heard: UInt64, on loop: EventLoop, _ take: @escaping ([News]) -> Void
    ) throws(SystemError) {
        (self.control, self.heard) = (control, heard)
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
        var heard = heard
        while true {
            follow(after: &heard)
            tell(.away)
            usleep(Self.pause)
        }
    }

    /// Until the stream ends. The events go on behind the last one that was heard, over restarts of either side.
    // Inlined into an endless loop it keeps the optimiser of Swift 6.3 busy for ever (LoopInvariantCodeMotion).
    @inline(never) private func follow(after heard: inout UInt64) {
        guard tellStatus(), let stream = try? ControlConnection(to: control, patience: nil) else { return }
        var last = heard
        defer { heard = last }
        _ = try? stream.events("/events?after=\(last)") { event in
            guard let id = UInt64(event.id), id > last, let value = try? JSONValue(parsing: event.data)
            else { return true }
            if last == 0, let time = value["time"]?.string, time < began { return true }
            guard tell(.event(id, value)) else { return false }
            last = id
            return true
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
