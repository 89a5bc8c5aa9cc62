import Alerting
import Glibc
import Linux
import Synchronization

/// A thread that delivers to one target, one notice after the other, so that the loop never waits for it.
final class Courier: Sendable {
    private struct State {
        var job: (body: [UInt8], notice: AlertNotice)?
        var result: Delivery?
    }

    private let state = Mutex(State())
    private let target: any AlertTarget
    private let waker: Waker
    // SAFETY: a semaphore is for several threads; its memory is never given back.
    private nonisolated(unsafe) let isReady: UnsafeMutablePointer<sem_t>

    /// `whenDone` is called on the loop after each delivery.
    init(_ target: any AlertTarget, on loop: EventLoop, whenDone: @escaping (Delivery) -> Void) throws(SystemError) {
        self.target = target
        isReady = .allocate(capacity: 1)
        sem_init(isReady, 0, 0)
        let box = Box()
        waker = try Waker(on: loop) {
            guard let courier = box.courier, let result = courier.state.withLock({ $0.result.take() }) else { return }
            whenDone(result)
        }
        box.courier = self
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<Courier>.fromOpaque(argument!).takeRetainedValue().work()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        guard code == 0 else { throw SystemError("pthread_create", code: code) }
        pthread_detach(thread)
    }

    private final class Box { weak var courier: Courier? }

    /// - Precondition: nothing is under way.
    func take(_ notice: AlertNotice, as body: [UInt8]) {
        state.withLock { $0.job = (body, notice) }
        sem_post(isReady)
    }

    /// Ends with the process.
    private func work() {
        while true {
            if sem_wait(isReady) != 0 { continue }
            guard let job = state.withLock({ $0.job.take() }) else { continue }
            let result = target.deliver(job.body, job.notice)
            state.withLock { $0.result = result }
            waker.wake()
        }
    }
}
