import Linux
import Nouns
import Telemetry

/// The threads of a front as its control loop sees them: together they are ready, quiet, alive and done.
package final class FrontLoops {
    package static let countMax = 16

    private enum Phase {
        /// Leaves to `serving`, or to `ended` when it is drained before.
        case starting
        /// Leaves to `ended`.
        case serving(isIdle: Bool)
        case ended
    }

    private struct Member {
        var thread: Thread
        var phase = Phase.starting
        /// Set once it began.
        var orders: Mailbox<FrontThread.Order>?
        var isRunning: Bool { if case .ended = phase { false } else { true } }
    }

    /// Told once when all serve.
    package var onServing: (() -> Void)?
    /// Told when the last client of all has gone, and when the first comes.
    package var onIdle: ((Bool) -> Void)?
    /// Told once when all have ended.
    package var onDrained: (() -> Void)?
    package var onFailed: ((String) -> Void)?
    /// Told by each loop that has read certificates: when they expire, seconds since 1970, by name.
    package var onCertificates: (([String: Int64]) -> Void)?

    /// Threads that have not ended.
    package var count: Int { members.count(where: \.isRunning) }

    private let reports: Mailbox<(Int, FrontThread.Report)>
    private var members: [Member] = []
    /// What all threads were told about ending.
    private var farewell: FrontThread.Order?
    private var questions: [UInt64: Question] = [:]
    private var lastQuestion: UInt64 = 0

    /// Something that all loops are asked, while some of them have not answered.
    private struct Question {
        let isTrafficWanted: Bool
        var missing: Set<Int>
        var sum = Traffic()
        let completion: (Traffic) -> Void
    }

    package init(on loop: EventLoop) throws(SystemError) {
        let sink = Sink()
        reports = try Mailbox(on: loop) { sink.take?($0, $1) }
        sink.take = { [unowned self] in take($1, from: $0) }
    }

    private final class Sink {
        var take: ((Int, FrontThread.Report) -> Void)?
    }

    /// Starts one thread for each piece of work.
    package func start(_ works: [FrontThread.Work]) throws(SystemError) {
        for (index, work) in works.enumerated() {
            let reports = reports
            let thread = try FrontThread.start("front-\(index)", work) { reports.post((index, $0)) }
            members.append(Member(thread: thread))
        }
    }

    /// Deals sockets out: each loop its share; with more loops than sockets, several accept from one.
    package static func deal(_ descriptors: [Descriptor], over count: Int) throws(SystemError) -> [[Int32]] {
        var shares = [[Int32]](repeating: [], count: count)
        for index in 0..<max(count, descriptors.count) where !descriptors.isEmpty {
            let copy = try descriptors[index % descriptors.count].duplicate()
            shares[index % count].append(copy.release())
        }
        return shares
    }

    /// Calls back when every loop has turned since: the proof that none hangs.
    package func prove(_ completion: @escaping () -> Void) { ask(withTraffic: false) { _ in completion() } }

    /// Adds up what all loops have counted.
    package func count(_ completion: @escaping (Traffic) -> Void) { ask(withTraffic: true, completion) }

    /// A thread that has ended needs to answer no more, and one that begins is asked then.
    private func ask(withTraffic isTrafficWanted: Bool, _ completion: @escaping (Traffic) -> Void) {
        lastQuestion += 1
        let missing = Set(members.indices.filter { members[$0].isRunning })
        for index in missing { members[index].orders?.post(.answer(lastQuestion, withTraffic: isTrafficWanted)) }
        settle(
            lastQuestion, Question(isTrafficWanted: isTrafficWanted, missing: missing, completion: completion))
    }

    private func settle(_ number: UInt64, _ question: Question) {
        questions[number] = question.missing.isEmpty ? nil : question
        if question.missing.isEmpty { question.completion(question.sum) }
    }

    private func answered(_ number: UInt64, by index: Int, _ traffic: Traffic?) {
        guard var question = questions[number], question.missing.remove(index) != nil else { return }
        if let traffic { question.sum += traffic }
        settle(number, question)
    }

    /// Lets all loops finish what is under way; see `Front.leave`.
    package func leave() { if farewell == nil { end(.leave) } }

    /// The same in a hurry.
    package func drain() { end(.drain) }

    private func end(_ order: FrontThread.Order) {
        farewell = order
        for member in members { member.orders?.post(order) }
        checkEnd()
    }

    // MARK: Reports

    private func take(_ report: FrontThread.Report, from index: Int) {
        switch report {
        case .began(let orders):
            members[index].orders = orders
            if let farewell { orders.post(farewell) }
            for (number, question) in questions where question.missing.contains(index) {
                orders.post(.answer(number, withTraffic: question.isTrafficWanted))
            }
        case .serving:
            members[index].phase = .serving(isIdle: true)
            guard members.allSatisfy({ if case .serving = $0.phase { true } else { false } }) else { return }
            onServing?()
            onServing = nil
        case .idle(let isIdle):
            members[index].phase = .serving(isIdle: isIdle)
            onIdle?(members.allSatisfy { if case .serving(false) = $0.phase { false } else { true } })
        case .answered(let number, let traffic): answered(number, by: index, traffic)
        case .certificates(let expiries): onCertificates?(expiries)
        case .drained:
            members[index].thread.join()
            members[index].phase = .ended
            for number in questions.keys.sorted() { answered(number, by: index, nil) }
            checkEnd()
        case .failed(let reason): onFailed?(reason)
        }
    }

    private func checkEnd() {
        guard farewell != nil, members.allSatisfy({ if case .ended = $0.phase { true } else { false } }) else { return }
        onDrained?()
        onDrained = nil
    }
}
