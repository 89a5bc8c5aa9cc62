import Synchronization

/// Letters from other threads to the thread of a loop, taken out there in their order.
package final class Mailbox<Letter: Sendable>: Sendable {
    private let letters: Letters
    private let waker: Waker

    private final class Letters: Sendable {
        let waiting = Mutex<[Letter]>([])
        func takeAll() -> [Letter] {
            waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
        }
    }

    /// - Parameter receive: called on the loop's thread, once for each letter.
    package init(on loop: EventLoop, _ receive: @escaping (Letter) -> Void) throws(SystemError) {
        let letters = Letters()
        self.letters = letters
        waker = try Waker(on: loop) { for letter in letters.takeAll() { receive(letter) } }
    }

    /// From any thread.
    package func post(_ letter: Letter) {
        letters.waiting.withLock { $0.append(letter) }
        waker.wake()
    }
}
