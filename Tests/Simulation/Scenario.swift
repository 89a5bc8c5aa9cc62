import Nouns
import Supervision

/// Replays a story, line by line, and writes it out again with what the supervisor did.
///
/// First the cluster: `ports FIRST-LAST`, `starts MAX`, `kind NAME key=value…`, `taken PORT` (a bind of it fails, from
/// then on), `show records`; then `begin`, or `revive living=1,2 listening=1 fronts=1`, which ends one life and begins
/// the next from the journal. Then what happens, each line by itself or behind `after SECONDS`; deadlines on the way
/// come by themselves, and so does the answer to a `bind`.
package struct Scenario {
    package struct Unreadable: Error, CustomStringConvertible {
        package var line: String
        package var description: String { "unreadable line: \(line)" }
    }

    var settings = Settings()
    var supervisor: Supervisor?
    var now = Instant.zero
    var takenPorts: Set<UInt16> = []
    var showsRecords = false
    var journal: [InstanceID: InstanceRecord] = [:]
    var projects: [ProjectID] = []
    var withdrawn: [ProjectID] = []
    var lastIncarnation = Incarnation(0)
    var lastGeneration = Generation(0)
    var commandLast: UInt64 = 0
    private var lines: [String] = []

    package static func replay(_ story: String) throws(Unreadable) -> String {
        var scenario = Scenario()
        var out: [String] = []
        var isResult = false
        for line in story.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.isEmpty { isResult = false }
            if isResult { continue }
            out.append(line)
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            if line == "----" {
                isResult = true
                continue
            }
            scenario.lines = []
            let wasRunning = scenario.supervisor != nil
            try scenario.tell(line)
            guard wasRunning || scenario.supervisor != nil else { continue }
            out.append("----")
            out += scenario.lines
            isResult = true
        }
        return out.joined(separator: "\n")
    }

    private mutating func tell(_ line: String) throws(Unreadable) {
        var words = line.split(separator: " ").map(String.init)
        if words.first == "after" {
            guard words.count >= 2, let until = seconds(words[1]) else { throw Unreadable(line: line) }
            pass(to: now + until)
            words.removeFirst(2)
        }
        guard !words.isEmpty else { return }
        if try configure(words, line) { return }
        guard supervisor != nil, let event = event(words) else { throw Unreadable(line: line) }
        handle(event)
    }

    private mutating func pass(to end: Instant) {
        while let deadline = supervisor?.nextDeadline, deadline <= end {
            now = max(now, deadline)
            handle(.deadline)
        }
        now = end
    }

    mutating func handle(_ event: Event) { perform(supervisor!.handle(event, at: now)) }

    mutating func perform(_ actions: [Action]) {
        var answers: [Event] = []
        for action in actions {
            switch action {
            case .record(let record):
                journal[record.instance] = record
                if let run = record.run { lastIncarnation = max(lastIncarnation, run.incarnation) }
                if !showsRecords { continue }
            case .forget(let id): journal[id] = nil
            case .recordProject(let project, let isWithdrawn):
                projects.removeAll { $0 == project }
                if isWithdrawn { withdrawn.append(project) } else { projects.append(project) }
            case .bind(_, let generation, let port):
                lastGeneration = max(lastGeneration, generation)
                answers.append(takenPorts.contains(port) ? .bindFailed(generation, port: port) : .bound(generation))
            case .spawn(let incarnation, _): lastIncarnation = max(lastIncarnation, incarnation)
            default: break
            }
            lines.append("\(now) \(action.line)")
        }
        for answer in answers { handle(answer) }
    }
}
