extension CommandTable {
    static let counters: [Command] = [
        Command("INCR", 2, isWrite: true) { call throws(Refusal) in try add(1, call) },
        Command("DECR", 2, isWrite: true) { call throws(Refusal) in try add(-1, call) },
        Command("INCRBY", 3, isWrite: true) { call throws(Refusal) in try add(try call.integer(2), call) },
        Command("DECRBY", 3, isWrite: true) { call throws(Refusal) in
            let number = try call.integer(2)
            guard number != .min else { throw Refusal("ERR decrement would overflow") }
            return try add(-number, call)
        },
    ]

    /// A key that is not there counts as 0; one that expires goes on to.
    private static func add(_ number: Int64, _ call: Call) throws(Refusal) -> Outcome {
        try call.checkSize(key: call.key, value: [])
        guard let old = Decimal.parse(call.string(call.key) ?? [48]) else { throw .notAnInteger }
        let (sum, over) = old.addingReportingOverflow(number)
        guard !over else { throw Refusal("ERR increment or decrement would overflow") }
        let expiry = call.keyspace.expiry(of: call.key, at: call.now) ?? nil
        let value = StoredValue.string(Array(String(sum).utf8))
        return Outcome(.integer(sum), [.set(key: call.key, value, expiry: expiry)])
    }
}
