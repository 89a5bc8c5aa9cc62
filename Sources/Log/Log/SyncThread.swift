import Glibc
import Linux
import Nouns

/// One thread that runs commits, one at a time, so that the loop does not wait for the disk. It is started with the
/// first of them and ends with the process.
///
/// The two sides meet in a mailbox: a job goes in and a semaphore is raised; the job runs, then the loop is woken. Each
/// side touches the mailbox only while it is its turn.
final class SyncThread {
    private final class Mailbox {
        var job: CommitJob?
        var took = Duration.zero
        var waker: Waker?
        var isReady = sem_t()

        init() { sem_init(&isReady, 0, 0) }
    }

    private let mailbox = Mailbox()
    private var whenDone: (() -> Void)?

    init(on loop: EventLoop) throws(SystemError) {
        mailbox.waker = try Waker(on: loop) { [weak self] in self?.jobIsDone() }
        var thread = pthread_t()
        let shared = Unmanaged.passRetained(mailbox)
        let code = pthread_create(
            &thread, nil,
            { argument in
                SyncThread.work(Unmanaged<Mailbox>.fromOpaque(argument!).takeRetainedValue())
                return nil
            }, shared.toOpaque())
        guard code == 0 else {
            shared.release()
            mailbox.waker?.cancel(on: loop)
            throw SystemError("pthread_create", code: code)
        }
        pthread_detach(thread)
    }

    /// How long the last job took.
    var lastTook: Duration { mailbox.took }

    /// - Precondition: no job is under way.
    func run(_ job: CommitJob, whenDone: @escaping () -> Void) {
        precondition(self.whenDone == nil, "two commits at once")
        self.whenDone = whenDone
        mailbox.job = job
        sem_post(&mailbox.isReady)
    }

    private func jobIsDone() {
        guard let action = whenDone else { return }
        whenDone = nil
        mailbox.job = nil
        action()
    }

    private static func work(_ mailbox: Mailbox) {
        while true {
            guard sem_wait(&mailbox.isReady) == 0 else { continue }
            let start = EventLoop.clock()
            mailbox.job?.run()
            mailbox.took = EventLoop.clock() - start
            mailbox.waker?.wake()
        }
    }
}
