import Contracts
import Linux
import Nouns
import Routing

/// Who may be under way now, and who waits for it.
extension Front {
    /// Another loop may have made room for somebody who waits here: looked after so often, while anybody waits.
    private static let roomLook = Duration.milliseconds(10)

    /// Counts a request in, or keeps a place for it in the waiting room: then `queue` follows. `ended` counts it out.
    func admit(_ entry: ProjectEntry, cost: Int) throws(Fault) -> Admittance {
        guard hasMemory else { throw .memoryFull }
        // Nobody passes those who came first.
        let isOvertaking = room.hasLine(entry.id)
        let admittance = isOvertaking ? .full : entry.gauge.enter(entry.rules, cost: cost, at: loop.now)
        guard let fault = admittance.fault else { return .admitted }
        guard entry.gauge.wait(max: entry.rules.waiting) else { throw fault }
        return admittance
    }

    /// Whether more may be kept for those who are slow.
    var hasMemory: Bool { memory.bytes < settings.limits.memoryMax }

    /// For what cannot wait.
    func admitAtOnce(_ entry: ProjectEntry) throws(Fault) {
        if let fault = entry.gauge.enter(entry.rules, cost: 1, at: loop.now).fault { throw fault }
    }

    /// Lets a request wait for its turn.
    func queue(_ exchange: Exchange, because reason: Admittance) {
        let entry = exchange.entry!
        let isIn = room.enter(
            exchange.number, of: entry.id, cost: exchange.holder.route.cost, because: reason,
            deadline: loop.now + entry.rules.wait, at: loop.now)
        guard isIn else {
            entry.gauge.stopWaiting()
            return exchange.refuse(reason.fault ?? .projectBusy)
        }
        queued[exchange.number] = exchange
        lookAfterRoom()
    }

    /// The request does not wait any more.
    func unqueue(_ exchange: Exchange) {
        guard queued.removeValue(forKey: exchange.number) != nil else { return }
        room.leave(exchange.number, of: exchange.entry.id)
        exchange.entry.gauge.stopWaiting()
    }

    /// Somebody has left: the next may come in, once those who are at it are done.
    func admitWaitingSoon() {
        guard !isRoomDue else { return }
        isRoomDue = true
        later { [self] in admitWaiting() }
    }

    private func admitWaiting() {
        isRoomDue = false
        let now = loop.now
        for turn in room.expire(at: now) {
            guard let exchange = leaveRoom(turn.waiter) else { continue }
            exchange.refuse(exchange.reason.fault ?? .projectBusy)
        }
        let turns = room.admit(at: now) { project, cost in
            // Of a project that is gone nobody comes in; who waits is refused in time.
            guard let entry = keys.entry(project) else { return .full }
            return entry.gauge.enter(entry.rules, cost: cost, at: now)
        }
        for turn in turns { leaveRoom(turn.waiter)?.admitted() }
        lookAfterRoom()
    }

    private func leaveRoom(_ number: WaitingRoom.Waiter) -> Exchange? {
        guard let exchange = queued.removeValue(forKey: number) else { return nil }
        exchange.entry.gauge.stopWaiting()
        return exchange
    }

    private func lookAfterRoom() {
        guard !room.isEmpty, roomTimer == nil else { return }
        let next = min(room.nextDeadline(at: loop.now) ?? .distantFuture, loop.now + Self.roomLook)
        roomTimer = loop.schedule(at: next) { [unowned self] in
            roomTimer = nil
            admitWaiting()
        }
    }
}
