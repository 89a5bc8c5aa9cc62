import Nouns

/// Instances that are kept down for as long as somebody copies their files.
extension Supervisor {
    /// No hold lasts longer, however often it is extended.
    package static let holdMax = Duration.seconds(300)

    mutating func holdOrder(_ id: InstanceID, _ hold: HoldID, _ time: Duration, _ command: CommandID) {
        guard !id.project.isShared else { return out.append(.answer(command, .alwaysOn(id))) }
        guard known[id]!.hold == nil else { return out.append(.answer(command, .held(id))) }
        known[id]!.hold = Instance.Hold(id: hold, time: min(time, Self.holdMax), command: command)
        touch(id)
        switch known[id]!.state {
        case .asleep, .disabled, .quarantined: holdBegins(id)
        case .starting, .serving, .draining, .stopping, .backoff: bringDown(id, "held")
        }
    }

    mutating func extendOrder(_ id: InstanceID, _ hold: HoldID, _ time: Duration, _ command: CommandID) {
        guard let held = known[id]!.hold, held.id == hold, let since = held.since else {
            return out.append(.answer(command, .holdLost(id)))
        }
        known[id]!.hold!.until = min(now + time, since + Self.holdMax)
        touch(id)
        out.append(.answer(command, nil))
    }

    /// The instance is down: from now on its files stay as they are.
    mutating func holdBegins(_ id: InstanceID) {
        guard let hold = known[id]!.hold, let command = hold.command else { return }
        (known[id]!.hold!.command, known[id]!.hold!.since) = (nil, now)
        known[id]!.hold!.until = now + hold.time
        touch(id)
        report(.held, id)
        out.append(.answer(command, nil))
    }

    mutating func letGoOrder(_ id: InstanceID, _ hold: HoldID, _ command: CommandID) {
        guard let held = known[id]!.hold, held.id == hold else { return out.append(.answer(command, .holdLost(id))) }
        out.append(.answer(command, held.command == nil ? nil : .holdLost(id)))
        endHold(id, .superseded(id))
        wakeIfWanted(id)
    }

    /// `fault` is for whoever asked for the hold, if the instance did not even come down.
    mutating func endHold(_ id: InstanceID, _ fault: Fault) {
        guard let hold = known[id]!.hold else { return }
        known[id]!.hold = nil
        touch(id)
        if let command = hold.command { return out.append(.answer(command, fault)) }
        report(.letGo, id)
    }

    /// The hold's time is over.
    mutating func endHoldIfOverdue(_ id: InstanceID) {
        guard let until = known[id]!.hold?.until, until <= now else { return }
        endHold(id, .holdLost(id))
        wakeIfWanted(id)
    }

    /// Those who came while it was held are not kept waiting longer.
    private mutating func wakeIfWanted(_ id: InstanceID) {
        if case .asleep = known[id]!.state, isWanted(id) { start(id, isObliged: false, "needed again") }
    }
}
