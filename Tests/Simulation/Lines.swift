import Nouns
import Supervision

/// Events and actions as stories tell them.
extension Event {
    package var line: String {
        switch self {
        case .frontJoined(let front): "joined \(front)"
        case .frontHolds(let front, let id, let generation): "holds \(front) \(id) generation=\(generation)"
        case .frontRegistered(let front): "registered \(front)"
        case .frontLeft(let front): "left \(front)"
        case .requested(let ticket, let id, let deadline): "request \(ticket) \(id) until=\(deadline)"
        case .withdrawn(let ticket): "withdraw \(ticket)"
        case .released(let front, let id, let generation): "release \(front) \(id) generation=\(generation)"
        case .spawnFailed(let incarnation, let failure): "spawn-failed \(incarnation) \(failure.reason)"
        case .ready(let incarnation): "ready \(incarnation)"
        case .stopping(let incarnation): "says-stopping \(incarnation)"
        case .pinged(let incarnation): "ping \(incarnation)"
        case .busy(let incarnation, let isBusy): "\(isBusy ? "busy" : "not-busy") \(incarnation)"
        case .quiet(let incarnation): "quiet \(incarnation)"
        case .stirred(let incarnation): "stirred \(incarnation)"
        case .exited(let incarnation, let exit): "exit \(incarnation) \(exit.phrase)"
        case .bound(let generation): "bound \(generation)"
        case .bindFailed(let generation, let port): "bind-failed \(generation) port=\(port)"
        case .commanded(let command, let order): "\(command) \(order.line)"
        case .configured: "configured"
        case .deadline: "deadline"
        }
    }
}

extension Command {
    package var line: String {
        switch self {
        case .start(let id): "start \(id)"
        case .stop(let id): "stop \(id)"
        case .restart(let id): "restart \(id)"
        case .drain(let id): "drain \(id)"
        case .hold(let id, let hold, let time): "hold \(id) \(hold) for=\(Instant.zero + time)"
        case .extend(let id, let hold, let time): "extend \(id) \(hold) for=\(Instant.zero + time)"
        case .letGo(let id, let hold): "let-go \(id) \(hold)"
        case .clear(let id): "clear \(id)"
        case .declare(let project): "declare \(project)"
        case .withdraw(let project): "withdraw \(project)"
        case .renewWarm: "renew-warm"
        case .shutdown: "shutdown"
        }
    }
}

extension Action {
    package var line: String {
        switch self {
        case .bind(let id, let generation, let port): "bind \(id) generation=\(generation) port=\(port)"
        case .close(let generation, let port): "close generation=\(generation) port=\(port)"
        case .spawn(let incarnation, let kind): "spawn \(incarnation) \(kind)"
        case .assign(let incarnation, let id, let generation):
            "assign \(incarnation) \(id)" + (generation.map { " generation=\($0)" } ?? "")
        case .relieve(let incarnation): "relieve \(incarnation)"
        case .terminate(let incarnation): "terminate \(incarnation)"
        case .kill(let incarnation, let reason): "kill \(incarnation): \(reason.rawValue)"
        case .watch(let incarnation, let isOn): "\(isOn ? "watch" : "unwatch") \(incarnation)"
        case .grant(let ticket, let id, let generation, let port):
            "grant \(ticket) \(id) generation=\(generation) port=\(port)"
        case .refuse(let ticket, let fault): "refuse \(ticket) \(fault.line)"
        case .revoke(let front, let id, let generation, let grace, let fault):
            "revoke \(front) \(id) generation=\(generation) grace=\(Instant.zero + grace)"
                + (fault.map { " \($0.code)" } ?? "")
        case .record(let record): "record \(record.line)"
        case .forget(let id): "forget \(id)"
        case .recordProject(let project, let isWithdrawn): "record \(project)" + (isWithdrawn ? " withdrawn" : "")
        case .report(let report): "report \(report.line)"
        case .answer(let command, let fault): "answer \(command) \(fault?.line ?? "done")"
        case .finish: "finish"
        }
    }
}

extension Fault {
    var line: String { code + (retryAfter.map { " retry-after=\(Instant.zero + $0)" } ?? "") }
}

extension Report {
    var line: String {
        var words = [phrase.rawValue]
        if let instance { words.append("\(instance)") }
        if let project { words.append("\(project)") }
        if let incarnation { words.append("incarnation=\(incarnation)") }
        if let nextAttempt { words.append("next=\(nextAttempt)") }
        if let reason { words.append("(\(reason))") }
        return words.joined(separator: " ")
    }
}

extension InstanceRecord {
    var line: String {
        var words = ["\(instance)"]
        if isDisabled { words.append("disabled") }
        if isQuarantined { words.append("quarantined") }
        if let run {
            words.append("incarnation=\(run.incarnation)")
            words.append(run.isStopping ? "stopping" : run.isReady ? "ready" : "starting")
        }
        if let listener { words.append("generation=\(listener.generation) port=\(listener.port)") }
        if attempts > 0 { words.append("attempts=\(attempts)") }
        if let nextAttempt { words.append("next=\(nextAttempt)") }
        return words.joined(separator: " ")
    }
}
