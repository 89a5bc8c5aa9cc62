import CLinux
import Glibc
import Linux
import Nouns

/// One thread that runs commits, one at a time, so that the loop does not wait for the disk. It is started with the
/// first of them and ends with the process.
///
/// The two sides meet in one mailbox: a job goes in and a semaphore is raised; the job's result is written, then an
/// eventfd. Each side touches a job only while it has it.
final class SyncThread: EventHandler {
    /// What the two threads share.
    private final class Mailbox {
        var job: CommitJob?
        var took = Duration.zero
        var isReady = sem_t()
        let done: Int32

        init(done: Int32) {
            self.done = done
            sem_init(&isReady, 0, 0)
        }
    }

    private let mailbox: Mailbox
    private let done: Descriptor
    private var whenDone: (() -> Void)?

    init(on loop: EventLoop) throws(SystemError) {
        done = Descriptor(try SystemError.check("eventfd") { eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK)) })
        mailbox = Mailbox(done: done.number)
        _ = try loop.watch(done.number, for: .readable, self)
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

    func handle(_ readiness: Readiness) {
        var count: UInt64 = 0
        guard read(done.number, &count, 8) == 8, let action = whenDone else { return }
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
            var one: UInt64 = 1
            _ = write(mailbox.done, &one, 8)
        }
    }
}
