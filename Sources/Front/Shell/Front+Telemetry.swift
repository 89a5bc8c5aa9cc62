import Contracts
import HTTP
import Linux
import Nouns
import Routing
import Telemetry

/// What is counted, and what is written into the access log.
extension Front {
    private func account(of entry: ProjectEntry) -> TrafficLedger.Account {
        if let account = entry.account { return account }
        let account = ledger.account(of: entry.id)
        entry.account = account
        return account
    }

    /// Nil while there is no access log: then nothing is copied out of the request.
    func subject(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ requestID: RequestID,
        _ forwarding: Forwarding
    ) -> AccessSubject? {
        guard settings.limits.accessLog != .off, accessFile != nil else { return nil }
        return AccessSubject(
            requestID: requestID.text, client: forwarding.client, method: bytes[head.methodName].text,
            path: bytes[head.path].text)
    }

    /// A request has ended.
    func count(_ outcome: Outcome, of entry: ProjectEntry, _ subject: AccessSubject?, _ kind: Kind) {
        account(of: entry).record(outcome)
        requestCount += 1
        if let subject { log(outcome, subject, entry.id, kind) }
    }

    /// A request was answered at the first attempt by an instance that was awake, and no log wants to hear of it.
    func countAnswer(_ status: Int, of entry: ProjectEntry, took duration: Int64, bytesIn: Int, bytesOut: Int) {
        account(of: entry).recordAnswer(status, took: duration, bytesIn: bytesIn, bytesOut: bytesOut)
        requestCount += 1
    }

    /// A request whose project is known was turned away before it began.
    func countRefused(_ fault: Fault, _ passed: Gate.Passed, _ subject: AccessSubject?) {
        let outcome = Outcome(source: .front(code: fault.code), status: fault.status, duration: 0)
        count(outcome, of: passed.entry, subject, passed.instance.kind)
    }

    /// A request was refused before it was known whose it was.
    func countStranger(_ fault: Fault, _ subject: AccessSubject?) {
        ledger.recordStranger(fault)
        requestCount += 1
        let outcome = Outcome(source: .front(code: fault.code), status: fault.status, duration: 0)
        if let subject { log(outcome, subject, nil, nil) }
    }

    private func log(_ outcome: Outcome, _ subject: AccessSubject, _ project: ProjectID?, _ kind: Kind?) {
        guard settings.limits.accessLog.takes(outcome, number: requestCount) else { return }
        accessFile?.add(
            AccessLine(
                time: Timestamp(WallTime.milliseconds), requestID: subject.requestID, client: subject.client,
                method: subject.method, path: subject.path, project: project, kind: kind, outcome: outcome))
    }

    /// A copy of all that is counted.
    package func traffic() -> Traffic {
        let keys = keys
        var traffic = ledger.traffic { keys.contains($0) }
        traffic.linesLost = UInt64(accessFile?.lost ?? 0)
        traffic.connections = connectionCount
        traffic.underWay = waitingCount
        traffic.bytesKept = keptForClients
        return traffic
    }
}
