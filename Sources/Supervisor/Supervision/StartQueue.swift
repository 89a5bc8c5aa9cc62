import Nouns

/// Who waits for leave to start a process: projects take turns, and within a project first come, first served.
package struct StartQueue: Sendable {
    private var waiting: [ProjectID: [InstanceID]] = [:]
    /// Projects with somebody waiting, in the order of their turns; gaps before `head` are already served.
    private var turns: [ProjectID] = []
    private var head = 0
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }

    package mutating func add(_ id: InstanceID) {
        precondition(waiting[id.project]?.contains(id) != true, "\(id) waits for its turn twice")
        if waiting[id.project] == nil { turns.append(id.project) }
        waiting[id.project, default: []].append(id)
        count += 1
    }

    package mutating func remove(_ id: InstanceID) {
        guard let index = waiting[id.project]?.firstIndex(of: id) else { return }
        waiting[id.project]!.remove(at: index)
        count -= 1
    }

    package mutating func next() -> InstanceID? {
        while head < turns.count {
            let project = turns[head]
            head += 1
            defer { dropServed() }
            // A project whose last instance left the queue keeps its empty place until its turn comes.
            guard var own = waiting.removeValue(forKey: project), !own.isEmpty else { continue }
            let id = own.removeFirst()
            if !own.isEmpty {
                waiting[project] = own
                turns.append(project)
            }
            count -= 1
            return id
        }
        return nil
    }

    private mutating func dropServed() {
        guard head > 32, head * 2 > turns.count else { return }
        turns.removeFirst(head)
        head = 0
    }
}
