extension CommandTable {
    static let expiry: [Command] = [
        Command("EXPIRE", -3, isWrite: true) { call throws(Refusal) in try expire(call, 1000, from: call.now) },
        Command("PEXPIRE", -3, isWrite: true) { call throws(Refusal) in try expire(call, 1, from: call.now) },
        Command("EXPIREAT", -3, isWrite: true) { call throws(Refusal) in try expire(call, 1000, from: 0) },
        Command("PEXPIREAT", -3, isWrite: true) { call throws(Refusal) in try expire(call, 1, from: 0) },
        // Rounded as Redis rounds: to the nearest second.
        Command("TTL", 2) { call throws(Refusal) in remaining(call) { ($0 - call.now + 500) / 1000 } },
        Command("PTTL", 2) { call throws(Refusal) in remaining(call) { $0 - call.now } },
        Command("EXPIRETIME", 2) { call throws(Refusal) in remaining(call) { $0 / 1000 } },
        Command("PEXPIRETIME", 2) { call throws(Refusal) in remaining(call) { $0 } },
        Command("PERSIST", 2, isWrite: true) { call throws(Refusal) in
            guard case .some(.some) = call.keyspace.expiry(of: call.key, at: call.now) else {
                return Outcome(.integer(0))
            }
            return Outcome(.integer(1), [.expire(key: call.key, at: nil)])
        },
    ]

    /// -2: no such key; -1: it does not expire.
    private static func remaining(_ call: Call, _ answer: (Int64) -> Int64) -> Outcome {
        switch call.keyspace.expiry(of: call.key, at: call.now) {
        case nil: Outcome(.integer(-2))
        case .some(nil): Outcome(.integer(-1))
        case .some(.some(let moment)): Outcome(.integer(answer(moment)))
        }
    }

    private static func expire(_ call: Call, _ unit: Int64, from start: Int64) throws(Refusal) -> Outcome {
        guard let moment = moment(try call.integer(2), unit, from: start) else {
            throw Refusal("ERR invalid expire time in '\(call.option(0).lowercased())' command")
        }
        let conditions = (3..<call.words.count).map(call.option)
        guard Set(conditions).isSubset(of: ["NX", "XX", "GT", "LT"]) else {
            throw Refusal("ERR Unsupported option \(String(decoding: call.words.last!, as: UTF8.self))")
        }
        if conditions.contains("NX"), conditions.count > 1 {
            throw Refusal("ERR NX and XX, GT or LT options at the same time are not compatible")
        }
        if conditions.contains("GT"), conditions.contains("LT") {
            throw Refusal("ERR GT and LT options at the same time are not compatible")
        }
        guard let old = call.keyspace.expiry(of: call.key, at: call.now),
            conditions.allSatisfy({ holds($0, old, moment) })
        else { return Outcome(.integer(0)) }
        if moment <= call.now { return Outcome(.integer(1), [.delete(key: call.key)]) }
        return Outcome(.integer(1), [.expire(key: call.key, at: moment)])
    }

    /// A key that does not expire counts as one that expires last of all.
    private static func holds(_ condition: String, _ old: Int64?, _ new: Int64) -> Bool {
        switch condition {
        case "NX": old == nil
        case "XX": old != nil
        case "GT": old.map { new > $0 } ?? false
        default: old.map { new < $0 } ?? true
        }
    }
}
