import HTTP
import JSON
import Linux
import Nouns
import Projects
import Service

/// One project on its way out: carries out what `Deletion` says, again and again until it is done.
final class ProjectDeletion {
    private unowned let service: PlatformService
    private let project: ProjectID
    private var deletion = Deletion()
    private var waiting: [Responder] = []
    private var retry: TimerHeap.ID?
    private var patience: TimerHeap.ID?
    private var isUnderWay = false
    private var isStopped = false

    /// Operators who may wait for one deletion; more are answered at once that it goes on.
    private static let waitingMax = 64

    init(_ project: ProjectID, of service: PlatformService) {
        (self.project, self.service) = (project, service)
    }

    /// Answers when the project is gone, or after `deletionWait` that it takes longer.
    func wait(_ responder: Responder) {
        guard !isStopped, waiting.count < Self.waitingMax else { return responder.send(Self.goesOn) }
        waiting.append(responder)
        guard patience == nil else { return }
        patience = service.loop.schedule(after: service.settings.deletionWait) { [self] in
            patience = nil
            answer { $0.send(Self.goesOn) }
        }
    }

    /// What failed may succeed now.
    func hurry() {
        guard let retry else { return }
        service.loop.cancel(retry)
        self.retry = nil
        act()
    }

    /// Nothing more is begun; the registry knows that the deletion is to go on.
    func stop() {
        isStopped = true
        if let retry { service.loop.cancel(retry) }
        if let patience { service.loop.cancel(patience) }
        (retry, patience) = (nil, nil)
        answer { $0.send(Self.goesOn) }
    }

    /// Takes the next step, if none is under way.
    func act() {
        guard !isStopped, !isUnderWay else { return }
        isUnderWay = true
        switch deletion.next {
        case .withdraw:
            guard let link = service.link else { return handle(.done, .withdrawn) }
            link.withdraw(project) { [self] in handle($0, .withdrawn) }
        case .moveData:
            attempt(.cleared) { try service.trash.take(service.paths.projects + "/\(project)", as: project.text) }
        case .forget: attempt(.forgotten) { try service.registry.forget(project) }
        case .finish: finish()
        }
    }

    private func attempt(_ step: PlatformService.Step, _ body: () throws -> Void) {
        do {
            try body()
            handle(.done, step)
        } catch {
            LogLine.write(.error, "deletion failed", [("project", project.text), ("reason", "\(error)")])
            handle(.failed, step)
        }
    }

    private func handle(_ outcome: Deletion.Outcome, _ step: PlatformService.Step) {
        guard !isStopped else { return }
        if outcome == .done, !service.goesOn(step) { return }
        isUnderWay = false
        let wait = deletion.handle(outcome)
        guard wait > .zero else { return act() }
        retry = service.loop.schedule(after: wait) { [self] in
            retry = nil
            act()
        }
    }

    private func finish() {
        isStopped = true
        if let patience { service.loop.cancel(patience) }
        patience = nil
        service.deletions[project] = nil
        service.trash.purge()
        service.onActivity?()
        // The reply means that no front opens the project any more.
        service.whenSeen { [self] _ in
            answer { [project] in $0.send(.json(200, ["message": "project deleted", "id": .string(project.text)])) }
        }
    }

    private func answer(_ send: (Responder) -> Void) {
        let responders = waiting
        waiting = []
        for responder in responders { send(responder) }
    }

    private static let goesOn = Fault(
        503, "project.deletion_goes_on",
        "The project is fenced off, but its processes or data could not be removed yet; the deletion goes on.",
        party: .cluster, retryAfter: .seconds(5))
}
